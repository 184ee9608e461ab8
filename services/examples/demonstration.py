"""The fictional season: files with days relative to today, through the same commands as the forms."""

import datetime as dt
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from services.events import commands as events
from services.events.forms import CreateGathering, RegisterPerson
from services.events.links import Links as EventLinks
from services.mailing.commands import record_subscriber
from services.mailing.commands import remove_demonstration as remove_from_mailing
from services.mailing.forms import RecordSubscriber
from services.mailing.links import Links as MailingLinks
from services.registry import commands as registry
from services.registry.forms import RecordListing, RecordWatchItem
from services.registry.links import Links as RegistryLinks
from shared.clock import PARIS, today
from shared.db import Database, Tx
from shared.settings import Settings
from shared.web.session import Signer

SEASON = Path(__file__).parents[2] / "examples" / "demonstration"
Told = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Houses:
    """The three services that hold the fictional season, as a loader reaches them."""

    settings: dict[str, Settings]
    databases: dict[str, Database]

    def signer(self, service: str) -> Signer:
        return Signer(self.settings[service].secret)


def read(name: str) -> list[dict[str, Any]]:
    """One file of the season; an empty word is an absent one."""
    rows = json.loads((SEASON / f"{name}.json").read_text())
    return [{key: value for key, value in row.items() if value != ""} for row in rows]


def days_ago(n: int) -> dt.date:
    """The day that was n days ago."""
    return today() - dt.timedelta(days=n)


CLOSED_DAYS = {(1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)}
"""Month and day of the public holidays whose date does not move."""


def moment(in_days: int, clock: str) -> str:
    """A time of Paris on a working day: weekends and holidays move to the next one."""
    day = today() + dt.timedelta(days=in_days)
    while day.weekday() > 4 or (day.month, day.day) in CLOSED_DAYS:
        day += dt.timedelta(days=1)
    return dt.datetime.combine(day, dt.time.fromisoformat(clock), PARIS).isoformat()


def slot(item: dict[str, Any]) -> dict[str, Any]:
    """A session or a line of the programme, with its times."""
    rest = {key: value for key, value in item.items() if key not in ("in_days", "starts", "ends")}
    return rest | {
        "starts_at": moment(item["in_days"], item["starts"]),
        "ends_at": moment(item["in_days"], item["ends"]),
    }


async def load(houses: Houses, told: Told) -> None:
    """Load the whole season; whoever calls makes sure that it is done once."""
    await _each(houses, "registry", read("organisations"), _listing(houses), told)
    await _each(houses, "registry", read("watch_items"), _watch_item, told)
    known: dict[str, UUID] = {}
    await _each(houses, "events", read("gatherings"), _gathering(known), told)
    await _each(houses, "events", read("registrations"), _registration(houses, known), told)
    await _each(houses, "mailing", read("subscribers"), _subscriber(houses), told)


def size() -> int:
    """How many things the season holds, for a progress bar."""
    names = ("organisations", "watch_items", "gatherings", "registrations", "subscribers")
    return sum(len(read(name)) for name in names)


async def remove(databases: dict[str, Database]) -> None:
    """Take the fictional season away from every service; the observatory hears of it."""
    for service, command in (
        ("registry", registry.remove_demonstration),
        ("events", events.remove_demonstration),
        ("mailing", remove_from_mailing),
    ):
        async with databases[service].transaction() as tx:
            await command(tx)


One = Callable[[dict[str, Any], Tx], Awaitable[None]]


async def _each(houses: Houses, service: str, rows: list[dict[str, Any]], load_one: One, told: Told) -> None:
    for row in rows:
        async with houses.databases[service].transaction() as tx:
            await load_one(row, tx)
        told()


def _listing(houses: Houses) -> One:
    links = RegistryLinks(houses.settings["registry"], houses.signer("registry"))

    async def load_one(row: dict[str, Any], tx: Tx) -> None:
        days = {
            name.replace("_days_ago", "_on"): days_ago(row.pop(name)).isoformat()
            for name in ("requested_days_ago", "published_days_ago", "confirmed_days_ago")
            if name in row
        }
        await registry.record_listing(RecordListing.model_validate(row | days), tx, links)

    return load_one


async def _watch_item(row: dict[str, Any], tx: Tx) -> None:
    deadline = row.get("deadline")
    form = RecordWatchItem.model_validate(
        {
            "watch_class": row["class"],
            "title": row["title"],
            "url": row["link"],
            "summary": row.get("summary"),
            "deadline": (today() + dt.timedelta(days=deadline["in_days"])).isoformat() if deadline else None,
            "departments": [row["department"]] if row.get("department") else [],
            "themes": row.get("themes", []),
            "countries": row.get("countries", []),
        }
    )
    await registry.record_watch_item(form, tx, days_ago(row["published_days_ago"]))


def _gathering(known: dict[str, UUID]) -> One:
    async def load_one(row: dict[str, Any], tx: Tx) -> None:
        asked = {name: row[name] for name in CreateGathering.model_fields if name in row}
        asked |= {name: [slot(one) for one in row.get(name, [])] for name in ("sessions", "programme")}
        count = {"n": row.get("declared_count"), "precision": row.get("declared_precision")}
        gathering = await events.record_demonstration_gathering(
            CreateGathering.model_validate(asked),
            tx,
            row["status"],
            count | {"what": row.get("declared_what")} if count["n"] else None,
        )
        known[row["ref"]] = gathering.id

    return load_one


def _registration(houses: Houses, known: dict[str, UUID]) -> One:
    links = EventLinks(houses.settings["events"], houses.signer("events"))

    async def load_one(row: dict[str, Any], tx: Tx) -> None:
        asked = {name: row[name] for name in RegisterPerson.model_fields if name in row}
        day = days_ago(row["registered_days_ago"])
        await events.register_person(known[row["gathering"]], RegisterPerson.model_validate(asked), tx, links, day)

    return load_one


def _subscriber(houses: Houses) -> One:
    links = MailingLinks(houses.settings["mailing"], houses.signer("mailing"))

    async def load_one(row: dict[str, Any], tx: Tx) -> None:
        day = days_ago(row.pop("subscribed_days_ago"))
        form = RecordSubscriber.model_validate(row | {"demonstration": True})
        await record_subscriber(form, tx, links, dt.datetime.combine(day, dt.time(12), PARIS))

    return load_one
