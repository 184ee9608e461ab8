"""The caught mail: real SMTP in, pages and JSON out, and nothing in a letter that can act."""

import asyncio
import smtplib
import time
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest

from shared.embedded.mailbox import Mailbox, SmtpCatcher
from shared.embedded.mailbox_pages import mailbox_app

HTML = (
    "<html><head><title>x</title></head><body><p>Bonjour Aïcha</p><script>alert(1)</script>"
    '<img src="https://traceur.example/p.gif"><a href="https://maillage.example/lettres/x">Confirmer</a></body></html>'
)
TEXT = "Bonjour Aïcha,\n\nConfirmez : https://maillage.example/annuaire/demande/abc-_1.\nMerci & <b>à bientôt</b>"


@pytest.fixture
async def catcher(tmp_path: Path) -> AsyncIterator[SmtpCatcher]:
    async with SmtpCatcher(Mailbox(tmp_path / "mailbox")) as up:
        yield up


@pytest.fixture
async def browser(catcher: SmtpCatcher) -> AsyncIterator[httpx.AsyncClient]:
    async with client(catcher, "127.0.0.1") as up:
        yield up


def client(catcher: SmtpCatcher, address: str, host: str = "127.0.0.1:8000") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=mailbox_app(catcher.mailbox), client=(address, 40000))
    return httpx.AsyncClient(transport=transport, base_url=f"http://{host}")


def letter(to: str = "aicha.benali@solidarite.example", subject: str = "Votre inscription à « l’été »") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Réseau <lettre@reseau.example>"
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = "Sun, 22 Nov 2026 10:00:00 +0100"
    message["List-Unsubscribe"] = "<https://maillage.example/lettres/d/abc>"
    message.set_content(TEXT)
    message.add_alternative(HTML, subtype="html")
    message.add_attachment(b"BEGIN:VCALENDAR\r\n", maintype="text", subtype="calendar", filename="rendez-vous été.ics")
    return message


async def send(catcher: SmtpCatcher, *messages: EmailMessage) -> None:
    def post() -> None:
        with smtplib.SMTP("127.0.0.1", catcher.port, local_hostname="localhost") as smtp:
            for message in messages:
                smtp.send_message(message, from_addr="lettre@reseau.example")

    await asyncio.to_thread(post)


async def test_a_multipart_message_is_kept_and_shown(catcher: SmtpCatcher, browser: httpx.AsyncClient) -> None:
    await send(catcher, letter())
    page = await browser.get("/courrier")
    assert page.status_code == 200
    assert "Votre inscription à « l’été »" in page.text
    [caught] = catcher.mailbox.find()
    page = await browser.get(f"/courrier/{caught.id}")
    assert page.status_code == 200
    assert '<a href="https://maillage.example/annuaire/demande/abc-_1" rel="noreferrer">' in page.text
    assert "Merci &amp; &lt;b&gt;à bientôt&lt;/b&gt;" in page.text
    assert "rendez-vous été.ics" in page.text
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]


async def test_the_html_of_a_letter_can_do_nothing(catcher: SmtpCatcher, browser: httpx.AsyncClient) -> None:
    await send(catcher, letter())
    answer = await browser.get(f"/courrier/{catcher.mailbox.find()[0].id}/html")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none';")
    assert "script-src" not in policy
    assert "allow-scripts" not in policy
    assert "Bonjour Aïcha" in answer.text
    assert '<head><base target="_blank">' in answer.text


async def test_an_attachment_is_downloaded_never_opened(catcher: SmtpCatcher, browser: httpx.AsyncClient) -> None:
    await send(catcher, letter())
    id_ = catcher.mailbox.find()[0].id
    answer = await browser.get(f"/courrier/{id_}/pieces/0")
    assert answer.content == b"BEGIN:VCALENDAR\r\n"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert (await browser.get(f"/courrier/{id_}/pieces/1")).status_code == 404
    source = await browser.get(f"/courrier/{id_}/source")
    assert b"List-Unsubscribe" in source.content


async def test_tests_read_messages_as_json_by_recipient(catcher: SmtpCatcher, browser: httpx.AsyncClient) -> None:
    await send(catcher, letter(), letter("paul.durand@mairie.example", "Autre"), letter(subject="Seconde"))
    answer = (await browser.get("/courrier/api/messages", params={"to": "Aicha.Benali@solidarite.example"})).json()
    assert [item["subject"] for item in answer["items"]] == ["Seconde", "Votre inscription à « l’été »"]
    item = answer["items"][1]
    assert item["from"] == "Réseau <lettre@reseau.example>"
    assert item["to"] == ["aicha.benali@solidarite.example"]
    assert item["headers"]["List-Unsubscribe"] == "<https://maillage.example/lettres/d/abc>"
    assert item["text"].startswith("Bonjour Aïcha,")
    assert "<script>" in item["html"]
    assert item["attachments"] == ["rendez-vous été.ics"]


async def test_the_list_has_pages_of_fifty_and_a_search(catcher: SmtpCatcher, browser: httpx.AsyncClient) -> None:
    await send(catcher, *(letter(f"personne{n}@asso.example", f"Lettre {n:02}") for n in range(52)))
    first, second = await browser.get("/courrier"), await browser.get("/courrier?page=2")
    assert "Lettre 51" in first.text
    assert "Lettre 01" not in first.text
    assert "Lettre 01" in second.text
    found = await browser.get("/courrier", params={"q": "personne7@"})
    assert "Lettre 07" in found.text
    assert "Lettre 08" not in found.text


async def test_only_this_machine_reads_the_mail(catcher: SmtpCatcher) -> None:
    for address, host, headers in (
        ("192.0.2.7", "127.0.0.1:8000", {}),
        ("127.0.0.1", "rebound.example", {}),
        ("127.0.0.1", "127.0.0.1:8000", {"X-Forwarded-For": "192.0.2.7"}),
    ):
        async with client(catcher, address, host) as stranger:
            for path in ("/courrier", "/courrier/api/messages", "/courrier/x/html"):
                assert (await stranger.get(path, headers=headers)).status_code == 403
    for address, host in (("::1", "[::1]:8000"), ("127.0.0.1", "localhost:8000"), ("::ffff:127.0.0.1", "127.0.0.1")):
        async with client(catcher, address, host) as local:
            assert (await local.get("/courrier")).status_code == 200


async def test_unknown_messages_and_addresses_are_a_404(browser: httpx.AsyncClient) -> None:
    for path in ("x", "x/html", "x/pieces/0", "x/pieces/y", "..%2Fsecrets", "a/b/c/d"):
        answer = await browser.get(f"/courrier/{path}")
        assert answer.status_code == 404, path
        assert "text/html" in answer.headers["Content-Type"]


async def test_eight_bit_and_ten_megabytes_are_accepted(catcher: SmtpCatcher, browser: httpx.AsyncClient) -> None:
    raw = "From: a@reseau.example\r\nSubject: h\xe9l\xe9\r\n\r\nD\xe9j\xe0 vu\r\n".encode("latin-1")
    big = ("Subject: gros\r\n\r\n" + ("é" * 400 + "\r\n") * 13_000).encode()
    assert len(big) > 10_000_000

    def post() -> None:
        with smtplib.SMTP("127.0.0.1", catcher.port, local_hostname="localhost") as smtp:
            assert "8bitmime" in smtp.ehlo()[1].decode().lower()
            smtp.sendmail("a@reseau.example", ["b@asso.example"], raw, mail_options=["BODY=8BITMIME"])
            smtp.sendmail("a@reseau.example", ["b@asso.example", "c@asso.example"], big)

    start = time.monotonic()
    await asyncio.to_thread(post)
    assert time.monotonic() - start < 5
    for caught in catcher.mailbox.find():
        start = time.monotonic()
        assert (await browser.get(f"/courrier/{caught.id}")).status_code == 200
        assert time.monotonic() - start < 5
    assert catcher.mailbox.find("c@asso")[0].recipients == ("b@asso.example", "c@asso.example")


async def test_broken_headers_and_unknown_charsets_are_still_shown(
    catcher: SmtpCatcher, browser: httpx.AsyncClient
) -> None:
    raw = (
        b"From: =?utf-8?q?<<<?= <\r\nTo: @@,,<>\r\nSubject: =?klingon?b?####?=\r\nDate: hier\r\n"
        b"Content-Type: text/plain; charset=klingon\r\nMessage-ID: <\r\n\r\nBonjour\r\n"
    )

    def post() -> None:
        with smtplib.SMTP("127.0.0.1", catcher.port, local_hostname="localhost") as smtp:
            smtp.sendmail("a@reseau.example", ["b@asso.example"], raw)

    await asyncio.to_thread(post)
    page = await browser.get(f"/courrier/{catcher.mailbox.find()[0].id}")
    assert page.status_code == 200
    assert "Bonjour" in page.text
    assert (await browser.get("/courrier/api/messages")).json()["total"] == 1


async def test_the_last_ones_only_are_kept_and_found_again_after_a_restart(tmp_path: Path) -> None:
    folder = tmp_path / "mailbox"
    async with SmtpCatcher(Mailbox(folder, kept=3)) as catcher:
        await send(catcher, *(letter(subject=f"Lettre {n}") for n in range(5)))
        assert len(list(folder.glob("*.eml"))) == 3
    (folder / ".cut.part").write_text("half")
    async with SmtpCatcher(Mailbox(folder, kept=3)) as catcher:
        assert [caught.subject for caught in catcher.mailbox.find()] == ["Lettre 4", "Lettre 3", "Lettre 2"]
        assert not (folder / ".cut.part").exists()


async def test_english_is_complete_on_the_pages(catcher: SmtpCatcher, browser: httpx.AsyncClient) -> None:
    empty = await browser.get("/courrier?lang=en")
    assert "Demonstration mail" in empty.text
    await send(catcher, letter())
    page = await browser.get(f"/courrier/{catcher.mailbox.find()[0].id}?lang=en")
    for word in ("Delivered to", "The letter", "The text", "Attachments", "All headers"):
        assert word in page.text
