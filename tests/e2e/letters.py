"""What a person does with a mail: read it, follow its link, press the one button of the page behind."""

import re
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

import httpx
from icalendar import Calendar

from shared.embedded.mailbox import Mailbox

ADDRESS = re.compile(r"https?://[^\s<>\"»)]+")


class Form:
    """A form of a page: where it goes and what it hides."""

    def __init__(self, action: str, method: str) -> None:
        self.action = action
        self.method = method
        self.hidden: dict[str, str] = {}
        self.has_button = False


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        words = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.found.append(Form(words.get("action", ""), words.get("method", "get").lower()))
        elif self.found and tag == "input" and words.get("type") == "hidden":
            self.found[-1].hidden[words["name"]] = words.get("value", "")
        elif self.found and tag == "button":
            self.found[-1].has_button = True


def link_in(mail: dict[str, Any], under: str) -> str:
    """The first address of a mail's text whose path begins with `under`."""
    for address in ADDRESS.findall(mail["text"] or ""):
        if httpx.URL(address).path.startswith(under):
            return str(address)
    raise AssertionError(f"no link under {under} in {mail['subject']!r}:\n{mail['text']}")


def posts(page: httpx.Response) -> list[Form]:
    """The forms of a page that act when they are sent."""
    parser = _Forms()
    parser.feed(page.text)
    return [form for form in parser.found if form.method == "post"]


async def press_the_button(client: httpx.AsyncClient, address: str) -> httpx.Response:
    """Open a link, which must not act, and press its one button; the page that follows."""
    page = await client.get(address, follow_redirects=True)
    assert page.status_code == 200, f"{address}: {page.status_code}"
    forms = [form for form in posts(page) if form.has_button]
    assert len(forms) == 1, f"{address}: {len(forms)} buttons, one was expected"
    action = str(page.url.join(forms[0].action)) if forms[0].action else str(page.url)
    answer = await client.post(action, data=forms[0].hidden, follow_redirects=True)
    assert answer.status_code == 200, f"POST {action}: {answer.status_code}"
    return answer


def calendar_of(mailbox: Mailbox, mail: dict[str, Any]) -> Calendar:
    """The calendar attached to a mail."""
    whole = mailbox.read(mail["id"])
    assert isinstance(whole, EmailMessage)
    part = next(part for part in whole.walk() if part.get_content_type() == "text/calendar")
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    calendar = Calendar.from_ical(payload.decode())
    assert isinstance(calendar, Calendar)
    return calendar
