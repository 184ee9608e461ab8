"""Everything the house shows to anybody: pages, what forms answer to harm, mails, exports, calendars."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx

from services.embedded import House
from tests.security import canary
from tests.security.access import Access, access_of, routes_of
from tests.security.asking import call, roles_of, with_something
from tests.security.settled import Settled


@dataclass
class Shown:
    """What was shown, each with where it came from."""

    pages: dict[str, str] = field(default_factory=dict)
    csv: dict[str, str] = field(default_factory=dict)
    calendars: dict[str, str] = field(default_factory=dict)
    mails: list[dict[str, Any]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)


@dataclass
class Asked:
    """A form of a page: where it goes and what a person may type."""

    action: str
    typed: dict[str, str] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)


class Forms(HTMLParser):
    """The forms that post, with the first choice taken wherever there is one."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Asked] = []
        self._in: Asked | None = None
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        name, kind = told.get("name", ""), told.get("type", "text")
        if tag == "form":
            self._in = Asked(told.get("action", "")) if told.get("method") == "post" else None
            self.found += [self._in] if self._in else []
        elif self._in is None or (not name and tag != "option"):
            return
        elif tag == "textarea" or (tag == "input" and kind in ("text", "email", "search", "url", "tel")):
            self._in.typed[name] = told.get("value", "")
        elif tag == "input":
            self._in.held.setdefault(name, told.get("value", ""))
        elif tag == "select":
            self._select = name
        elif tag == "option" and told.get("value"):
            self._in.held.setdefault(self._select, told["value"])

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._in = None


def forms_of(page: str) -> list[Asked]:
    """The forms of a page that a person could send."""
    reader = Forms()
    reader.feed(page)
    return reader.found


async def collect(house: House, client: httpx.AsyncClient, settled: Settled) -> Shown:
    """Every GET as whoever may, then every form of every page with a canary in each field, then the mail."""
    shown, roles = Shown(), roles_of(house, settled)
    asked: dict[tuple[str, str], tuple[Asked, dict[str, str]]] = {}
    for name, service in house.services.items():
        for method, path in routes_of(name, service.app):
            if method != "GET" or ("{token}" in path and path[: path.find("{token}") + 7] not in settled.links):
                continue
            access = access_of(name, method, path)
            headers = roles["administrator" if access in (Access.TEAM, Access.ADMINISTRATOR) else "anonymous"]
            address = with_something(name, path, settled)
            answer = await call(client, "GET", address, headers)
            _keep(shown, path, answer)
            if answer.headers.get("content-type", "").startswith("text/html"):
                for form in forms_of(answer.text):
                    asked.setdefault((form.action or address, ",".join(form.typed)), (form, headers))
    for (action, _names), (form, headers) in asked.items():
        for harm in (canary.text(), canary.line(), canary.HEADER) if form.typed else ():
            typed = form.held | dict.fromkeys(form.typed, harm)
            answer = await client.post(action, data=typed, headers=headers)
            _keep(shown, f"POST {action}", answer)
    shown.mails = (await client.get("/courrier/api/messages", params={"limit": 500})).json()["items"]
    for mail in shown.mails[:8]:
        _keep(shown, f"/courrier/{mail['id']}", await client.get(f"/courrier/{mail['id']}"))
    return shown


def _keep(shown: Shown, where: str, answer: httpx.Response) -> None:
    kind = answer.headers.get("content-type", "")
    if answer.status_code >= 500:
        shown.broken.append(f"{where}: {answer.status_code}")
    if re.search("bcc|x-mal", " ".join(answer.headers), re.IGNORECASE):
        shown.broken.append(f"{where}: a header was added")
    if kind.startswith("text/html"):
        shown.pages[f"{where} {len(shown.pages)}"] = answer.text
    elif kind.startswith("text/csv"):
        shown.csv[where] = answer.text
    elif kind.startswith("text/calendar"):
        shown.calendars[where] = answer.text
