"""What we sign, an independent verifier reads back (dkimpy): both kinds of key, and whatever a body or header holds."""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from services.__main__ import command_line
from services.mailing.app import build
from services.mailing.mails.dkim import Seal
from services.mailing.mails.keys import BadKey, DkimSettings, new_key, on_one_line, read_key
from services.mailing.mails.message import Draft, Posting, message_of
from services.mailing.mails.pieces import Mail, text, title
from shared.clock import new_id
from shared.settings import Settings

SETTINGS = Settings(
    public_url="https://reseau.example", network_name="Réseau, « Sud »", mail_from="Réseau <lettre@réseau.example>"
)
HEADERS = {"List-Unsubscribe": "<https://reseau.example/x>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
SEALS = {
    kind: Seal.of(SETTINGS, DkimSettings(dkim_key=on_one_line(new_key(kind)), dkim_selector="s2026"))
    for kind in ("rsa", "ed25519")
}
LINES = st.lists(st.sampled_from(["", " ", "\t", ".", "..", "a  b", "a\t ", "=", "é à", "x" * 900]), max_size=12)


@pytest.fixture(params=SEALS)
def seal(request: pytest.FixtureRequest) -> Iterator[Seal]:
    found = SEALS[request.param]
    assert found
    yield found


def is_verified(message: bytes, seal: Seal) -> bool:
    def published(name: bytes, timeout: int = 5) -> bytes:
        assert name.decode().rstrip(".") == seal.record_name
        return seal.record.encode()

    return bool(dkim.verify(message, dnsfunc=published))


def posted(seal: Seal, mail: Mail) -> bytes:
    return message_of(mail, Posting(new_id(), "camille@puits.example", new_id()), SETTINGS, seal)


def test_a_mail_is_verified_and_a_changed_one_is_not(seal: Seal) -> None:
    message = posted(
        seal, Mail("Été : « 3 places » " * 8, (title("Bonjour"), text("Où ?")), "Parce que.", headers=HEADERS)
    )
    assert is_verified(message, seal)
    assert not is_verified(message.replace(b"Bonjour", b"Bonsoir"), seal)
    for name in (b"From", b"Subject", b"To", b"List-Unsubscribe", b"List-Unsubscribe-Post"):
        assert not is_verified(re.sub(rb"\n%b: " % name, rb"\n%b: x" % name, message, count=1), seal), name
    for name in (b"From", b"Subject", b"To"):
        assert not is_verified(name + b": autre@piege.example\r\n" + message, seal), "one more header of that name"


@settings(max_examples=40, deadline=None)
@given(lines=LINES, subject=st.text(st.characters(codec="ascii", exclude_categories=("Cc",))))
@pytest.mark.parametrize("kind", SEALS)
def test_any_body_is_verified(kind: str, lines: list[str], subject: str) -> None:
    seal = SEALS[kind]
    assert seal
    body = "".join(f"{line}\r\n" for line in lines)
    head = f"From: lettre@reseau.example\r\nSubject: a{subject}\r\n  plié\r\n\t  encore \r\nTO:x@y.example\r\n\r\n"
    assert is_verified(seal.signed((head + body).encode()), seal)


@pytest.mark.parametrize("body", ["", "\r\n", "\r\n\r\n", " \r\n \r\n", "a \r\n\r\n", ".\r\n..\r\n"])
def test_a_body_that_says_little_is_verified(seal: Seal, body: str) -> None:
    assert is_verified(seal.signed(f"From: lettre@reseau.example\r\n\r\n{body}".encode()), seal)


@given(own=st.text("abc=._-&?é/%", min_size=0, max_size=300).filter(str.isascii))
@settings(max_examples=30, deadline=None)
def test_a_letter_written_once_for_many_is_verified_with_each_readers_own_addresses(own: str) -> None:
    seal = SEALS["ed25519"]
    assert seal
    address = f"https://reseau.example/{own}"
    headers = {"List-Unsubscribe": "<MARK-1>"}
    draft = Draft.of(
        Mail(
            "Lettre",
            (text("Mot."),),
            "Parce que.",
            links=(("Partir", "MARK-1"), ("Choisir", "MARK-2")),
            headers=headers,
        ),
        SETTINGS,
        ("MARK-1", "MARK-2"),
    )
    own_two = {"MARK-1": address, "MARK-2": f"{address}2"}
    message = draft.posted(Posting(new_id(), "camille@puits.example", new_id()), SETTINGS, own_two, seal)
    assert is_verified(message, seal)
    plain, html = parts(message)
    assert {f"Partir\u00a0: {address}", f"Choisir\u00a0: {address}2"} <= set(plain.splitlines())
    assert f'href="{address.replace("&", "&amp;")}"' in html
    assert b"MARK" not in message and all(len(line) <= 998 for line in message.split(b"\r\n"))


def parts(message: bytes) -> tuple[str, str]:
    """What a mailbox shows of it, as text and as HTML."""
    found = message_from_bytes(message, policy=SMTP)
    assert isinstance(found, EmailMessage)
    plain, html = found.get_body(("plain",)), found.get_body(("html",))
    assert isinstance(plain, EmailMessage) and isinstance(html, EmailMessage)
    return plain.get_content(), html.get_content()


def test_the_key_reads_as_pem_and_on_one_line() -> None:
    key = new_key("rsa")
    line = on_one_line(key)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    for told in (line, pem, pem.replace("\n", "\\n"), f"  {line}\n"):
        assert on_one_line(read_key(told)) == line


@pytest.mark.parametrize(
    ("told", "word"),
    [
        ("/etc/maillage/dkim.pem", "ne se lit pas"),
        ("-----BEGIN NOTHING-----\nabc\n-----END NOTHING-----", "ne se lit pas"),
        ("été", "ne se lit pas"),
        (on_one_line(ec.generate_private_key(ec.SECP256R1())), "ni une clé RSA"),  # type: ignore[arg-type]
    ],
)
def test_a_key_that_cannot_sign_is_one_sentence_at_the_start(
    told: str, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILLAGE_DKIM_KEY", told)
    with pytest.raises(BadKey, match=word):
        build(SETTINGS)


def test_a_selector_the_dns_cannot_hold_is_refused() -> None:
    with pytest.raises(BadKey, match="SELECTOR"):
        Seal.of(SETTINGS, DkimSettings(dkim_key=on_one_line(new_key("ed25519")), dkim_selector="a b;"))


@pytest.mark.parametrize("kind", SEALS)
def test_the_command_makes_a_key_and_prints_the_record_it_is_verified_with(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILLAGE_MAIL_FROM", SETTINGS.mail_from)
    monkeypatch.delenv("MAILLAGE_DKIM_KEY", raising=False)
    made = CliRunner().invoke(command_line("mail"), ["mail", "dkim", "--kind", kind])
    assert made.exit_code == 0, made.output
    told = dict(line.split("=", 1) for line in made.stdout.splitlines() if line.startswith("MAILLAGE_"))
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    seal = Seal.of(SETTINGS, DkimSettings())
    assert seal
    record = "".join(re.findall(r'"([^"]*)"', made.stdout))
    assert record == seal.record and f"{seal.record_name}. IN TXT" in made.stdout
    again = CliRunner().invoke(command_line("mail"), ["mail", "dkim"])
    assert record == "".join(re.findall(r'"([^"]*)"', again.stdout)) and "MAILLAGE_DKIM_KEY=" not in again.stdout
    other = CliRunner().invoke(command_line("mail"), ["mail", "dkim", "--kind", kind, "--new"])
    assert "MAILLAGE_DKIM_KEY=" in other.stdout and seal.record not in "".join(re.findall(r'"([^"]*)"', other.stdout))
