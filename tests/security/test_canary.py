"""What somebody who means harm typed everywhere is shown as text: no script, no formula, no header, no template."""

import csv
import email
import email.policy
import io
import json
import re
import shutil
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from icalendar import Calendar
from playwright.async_api import Page, Route, async_playwright

from services.embedded import House
from tests.conftest import Mailbox
from tests.security import canary
from tests.security.access import routes_of
from tests.security.asking import roles_of, with_something
from tests.security.collecting import Shown, collect, forms_of
from tests.security.settled import CONTACT, Settled, asked, gathering

CHROMIUM = shutil.which("chromium")
ARGUMENTS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
HARM = """() => [
  window.ran ? "a script ran" : "",
  document.querySelector('img[src="x"], svg[onload]') ? "an element was added" : "",
  [...document.querySelectorAll("*")].some((one) => [...one.attributes].some((a) => a.name.startsWith("on")))
    ? "a handler was added" : "",
  document.querySelector('a[href^="javascript:" i], form[action*="mal.example"]') ? "a link acts" : "",
].filter(Boolean)"""
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@pytest.fixture(scope="module")
async def shown(house: House, client: httpx.AsyncClient, settled: Settled, mailbox: Mailbox) -> Shown:
    return await collect(house, client, settled)


@pytest.fixture
async def bare(house: House) -> AsyncIterator[Page]:
    """A page of Chromium where our policy protects nobody: what is harmless is so by what it says alone."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS.split())
        context = await browser.new_context(bypass_csp=True)
        page = await context.new_page()

        async def nowhere(route: Route) -> None:
            await route.abort()

        await page.route("**/*", nowhere)
        yield page
        await browser.close()


async def harm_of(page: Page, html: str) -> list[str]:
    await page.set_content(html, wait_until="domcontentloaded")
    await page.evaluate("() => document.querySelectorAll('input, textarea, a').forEach((one) => one.focus())")
    found: list[str] = await page.evaluate(HARM)
    return found


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
async def test_no_script_runs_in_any_page_or_mail(bare: Page, shown: Shown) -> None:
    for raw in (f"<p>{canary.MARKUP}", f"<input value=\"{canary.ATTRIBUTE}'>", '<a href="javascript:0">'):
        assert await harm_of(bare, raw), f"the control: {raw}"
        await bare.goto("about:blank")
    harmed = [f"{where}: {harm}" for where, html in shown.pages.items() for harm in await harm_of(bare, html)]
    bodies = {f"mail {one['subject'][:40]}": one["html"] for one in shown.mails if one["html"]}
    harmed += [f"{where}: {harm}" for where, html in bodies.items() for harm in await harm_of(bare, html)]
    assert harmed == []
    assert len(shown.pages) > 80
    assert len(bodies) > 5
    told = [html for html in (*shown.pages.values(), *bodies.values()) if "HYPERLINK" in html]
    assert len(told) > 40, "the canary is shown, as text"


async def test_nothing_breaks_and_no_header_is_added_to_an_answer(shown: Shown) -> None:
    assert shown.broken == []


async def test_no_template_of_theirs_is_run(shown: Shown) -> None:
    texts = [*shown.pages.values(), *shown.csv.values(), *shown.calendars.values()]
    texts += [f"{one['subject']} {one['text']} {one['html']}" for one in shown.mails]
    held = [text for text in texts if "HYPERLINK" in text]
    assert [text for text in held if re.search(r"49\$?49|49\$\{|\{\{7\*7\}\}\$49", text)] == []
    assert sum("{{7*7}}" in text for text in held) > 40


async def test_no_cell_of_an_export_is_a_formula(shown: Shown) -> None:
    assert shown.csv
    for where, text in shown.csv.items():
        rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))
        assert any("HYPERLINK" in cell for row in rows for cell in row), where
        assert [cell for row in rows for cell in row if cell.startswith(FORMULA)] == [], where


async def test_no_line_is_added_to_a_calendar(shown: Shown) -> None:
    assert len(shown.calendars) >= 4
    for where, text in shown.calendars.items():
        read = Calendar.from_ical(text)
        assert all("HYPERLINK" in str(event["summary"]) for event in read.walk("VEVENT")), where
        unfolded = text.replace("\r\n ", "").replace("\n ", "")
        names = {re.split("[:;]", line)[0] for line in unfolded.splitlines() if line}
        assert [name for name in names if not re.fullmatch("[A-Z][A-Z-]+", name)] == [], where


async def test_no_header_is_added_to_a_mail(client: httpx.AsyncClient, shown: Shown) -> None:
    assert any("HYPERLINK" in mail["subject"] for mail in shown.mails)
    for mail in shown.mails:
        source = (await client.get(f"/courrier/{mail['id']}/source")).content
        read = email.message_from_bytes(source, policy=email.policy.default)
        names = {name.lower() for name in read}
        assert not names & {"bcc", "x-mal", "cc"}
        assert "\n" not in str(read["subject"])
        assert len(mail["to"]) == 1
        assert (
            b"mal.example" not in source.split(b"\r\n\r\n", 1)[0].replace(b"=", b"") or "HYPERLINK" in mail["subject"]
        )


async def test_what_search_engines_read_is_still_json(shown: Shown) -> None:
    found = [
        block
        for page in shown.pages.values()
        for block in re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    ]
    assert len(found) >= 2
    assert all(json.loads(block)["name"] for block in found)


def bodies(settled: Settled) -> dict[str, dict[str, Any]]:
    """A body that each route of the API takes."""
    person = {"name": "Aline Roux", "email": "aline@puits.example", "organisation": "Puits"}
    item = {"watch_class": "news", "title": "Un titre", "url": "https://appels.example/x", "summary": "Un résumé"}
    figure = {"partner": "Un partenaire", "departments": ["33"]}
    letter = {"kind": "targeted", "subject": "Un sujet", "text": "Un mot", "topic": "newsletter", "department": "33"}
    return {
        "POST /api/registry/v1/listing-requests": asked("corps") | {"contact_email": CONTACT},
        "POST /api/registry/v1/listing-requests/{request_id}/publication": {"college": "associations"},
        "POST /api/registry/v1/listing-requests/{request_id}/refusal": {"reason": "Une raison"},
        "POST /api/registry/v1/listing-requests/{request_id}/information": {"message": "Une question"},
        "POST /api/registry/v1/groups/{slug}/memberships": {"name": "Aline Roux", "email": "aline@puits.example"},
        "POST /api/registry/v1/watch-items": item,
        "POST /api/registry/v1/erasures": {"email": "personne-ici@puits.example"},
        "POST /api/events/v1/gatherings": gathering("corps"),
        "PUT /api/events/v1/gatherings/{gathering_id}": gathering("corps"),
        "POST /api/events/v1/gatherings/{gathering_id}/relocation": {"place": "Ailleurs", "reason": "Une raison"},
        "POST /api/events/v1/gatherings/{gathering_id}/cancellation": {"reason": "Une raison"},
        "POST /api/events/v1/gatherings/{gathering_id}/declared-counts": {"precision": "exact", "n": "3"},
        "POST /api/events/v1/gatherings/{gathering_id}/registrations": person,
        "POST /api/mailing/v1/subscriptions": {"email": "aline@puits.example", "department": "33"},
        "POST /api/mailing/v1/campaigns": letter,
        "POST /api/mailing/v1/campaigns/{campaign_id}/approval": {"send_at": "2030-01-01T10:00"},
        "POST /api/observatory/v1/dashboards": figure,
    }


async def test_no_text_field_of_any_body_breaks_the_api(
    house: House, client: httpx.AsyncClient, settled: Settled
) -> None:
    known, staff, faults = bodies(settled), roles_of(house, settled)["staff"], []
    for name, service in house.services.items():
        described = service.app.openapi()["paths"]
        for method, path in routes_of(name, service.app):
            if "requestBody" not in described.get(path, {}).get(method.lower(), {}) or "/bus/" in path:
                continue
            body = known.get(f"{method} {path}")
            if body is None:
                faults.append(f"{method} {path}: no body is known for it")
                continue
            address = with_something(name, path, settled)
            for field in (one for one, value in body.items() if isinstance(value, str)):
                for harm in (canary.MARKUP, canary.HEADER, canary.TEMPLATE + "\x00", canary.text() * 40):
                    answer = await client.request(method, address, json=body | {field: harm}, headers=staff)
                    if answer.status_code >= 500:
                        faults.append(f"{method} {path} {field}: {answer.status_code}")
                    if not answer.headers["content-type"].startswith("application/"):
                        faults.append(f"{method} {path} {field}: {answer.headers['content-type']}")
    assert faults == []


def test_the_reader_of_forms_finds_what_a_person_types() -> None:
    (form,) = forms_of('<form method="post" action="/x"><input name="a"><textarea name="b"></textarea></form>')
    assert (form.action, set(form.typed)) == ("/x", {"a", "b"})
