"""Clocks twenty minutes apart, the nights on which Paris changes its hour, the leap day."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar
from pydantic import TypeAdapter, ValidationError

from shared.clock import PARIS, as_utc, in_paris
from shared.errors import LinkExpired
from shared.web.fields import Moment
from shared.web.session import Signer
from tests.conftest import eventually
from tests.e2e.apart import Apart, ServiceProcess
from tests.faults.clocks import another
from tests.faults.ledger import Ledger, open_gathering
from tests.faults.report import Account
from tests.faults.states import settled

AHEAD, BEHIND = 600, -600
MOMENT = TypeAdapter[datetime](Moment)


@asynccontextmanager
async def at(process: ServiceProcess, town: Apart) -> AsyncIterator[httpx.AsyncClient]:
    """The team, at one process's own address."""
    async with httpx.AsyncClient(base_url=process.url, headers=town.staff.headers, timeout=20) as made:
        yield made


@pytest.fixture(scope="module")
async def early(town: Apart, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ServiceProcess]:
    """A process of events ten minutes ahead."""
    process = await another(town, "events", AHEAD, tmp_path_factory.mktemp("ahead"))
    yield process
    await process.stop()


@pytest.fixture(scope="module")
async def late(town: Apart, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ServiceProcess]:
    """A process of events ten minutes behind."""
    process = await another(town, "events", BEHIND, tmp_path_factory.mktemp("behind"))
    yield process
    await process.stop()


async def test_fault_16_a_newer_version_with_an_older_time_is_the_newer_one(
    town: Apart, early: ServiceProcess, late: ServiceProcess, account: Account
) -> None:
    ledger = await Ledger.opened(town, "Réunion de deux horloges", capacity=50)
    people = [f"Personne {number:02}" for number in range(6)]
    for name in people:
        await ledger.register(name, base=early.url)
    await ledger.level()  # a confirmation that is overtaken before it leaves is not sent
    rows = await ledger.rows()
    async with at(late, town) as team:
        for row in rows[:3]:
            answer = await team.post(f"/api/events/v1/registrations/{row['id']}/cancellation")
            assert answer.status_code == 200, answer.text
        place = {"place": "Salle des Acacias, Pau"}
        moved = await team.post(f"/api/events/v1/gatherings/{ledger.gathering}/relocation", json=place)
        assert moved.status_code == 200, moved.text
    await settled(town)
    facts = await town.rows(
        "events",
        """SELECT (body::jsonb ->> 'version')::int AS version, recorded_at FROM journal
           WHERE body::jsonb ->> 'registration_id' = $1 AND stream = 'FACTS' ORDER BY 1""",
        str(rows[0]["id"]),
    )
    assert facts[0]["recorded_at"] > facts[1]["recorded_at"] + timedelta(minutes=15), "the clocks are apart"
    known = await town.rows(
        "mailing", "SELECT version, place FROM known_gathering WHERE gathering_id = $1", ledger.gathering
    )
    assert known[0]["place"] == "Salle des Acacias, Pau"
    states = await town.rows(
        "observatory",
        """SELECT body ->> 'status' AS status FROM state WHERE aggregate = 'registration' AND aggregate_id = ANY($1)""",
        [row["id"] for row in rows[:3]],
    )
    assert {row["status"] for row in states} == {"cancelled"}
    by_clock = [max(facts, key=lambda fact: fact["recorded_at"])["version"]]
    assert by_clock == [1], "the control: whoever went by the clock would keep the registration"
    mails = ledger.mail()
    cancelled = {row["email"] for row in rows[:3]}
    assert {mails[row["email"]] for row in rows if row["email"] in cancelled} == {2}, "confirmed once, cancelled once"
    assert {mails[row["email"]] for row in rows if row["email"] not in cancelled} == {2}, "confirmed once, moved once"
    account.did("Two processes of events with clocks twenty minutes apart: people register at one, leave at the other.")
    account.figure("registrations, cancellations, relocations that the wrong clock overtook", 0)
    account.figure("mails that came twice", 0)
    account.control("ordered by the clock, the cancelled registration's first version is the newest: the test sees it.")


async def test_fault_16_a_link_signed_ahead_is_read_behind(
    town: Apart, early: ServiceProcess, late: ServiceProcess, account: Account
) -> None:
    gathering = await open_gathering(town, "Réunion du lien en avance")
    email = f"lien@{gathering.hex[-12:]}.example"
    async with at(early, town) as there:
        path = f"/api/events/v1/gatherings/{gathering}/registrations"
        key = {"Idempotency-Key": str(uuid4())}
        answer = await there.post(path, json={"name": "Awa Lacoste", "email": email}, headers=key)
        assert answer.status_code == 201
    mail = await town.mailbox.first(email)
    found = re.search(r"/agenda/inscription/[^\s?]+", mail["text"])
    assert found
    async with at(late, town) as here:
        page = await here.get(found[0])
        assert page.status_code == 200
    account.figure("links signed ten minutes ahead and refused ten minutes behind", 0)


def test_fault_16_a_word_from_tomorrow_or_too_old_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    signer = Signer("a secret of this test")
    word = signer.issue("purpose", {"id": "1"})
    for shift, accepted in ((0, True), (-1500, True), (-3600, False), (80_000, True), (90_000, False)):
        monkeypatch.setattr("shared.web.session.now", lambda shift=shift: datetime.now(UTC) + timedelta(seconds=shift))
        if accepted:
            assert signer.read("purpose", word, 86_400) == {"id": "1"}
        else:
            with pytest.raises(LinkExpired):
                signer.read("purpose", word, 86_400)


@pytest.mark.parametrize("day", ["2027-03-28", "2028-03-26"])
def test_fault_16_an_hour_that_does_not_exist_is_refused_in_a_sentence(day: str) -> None:
    with pytest.raises(ValidationError, match="n’existe pas"):
        MOMENT.validate_python(f"{day}T02:30")
    assert MOMENT.validate_python(f"{day}T01:59") + timedelta(minutes=1) == MOMENT.validate_python(f"{day}T03:00")
    assert MOMENT.validate_python(f"{day}T02:30+02:00") == datetime.fromisoformat(f"{day}T00:30+00:00")


@pytest.mark.parametrize("day", ["2026-10-25", "2027-10-31"])
def test_fault_16_an_hour_that_comes_twice_is_the_first(day: str) -> None:
    first = MOMENT.validate_python(f"{day}T02:30")
    assert first == datetime.fromisoformat(f"{day}T00:30+00:00")
    assert MOMENT.validate_python(f"{day}T02:30+01:00") == first + timedelta(hours=1)
    assert in_paris(first).hour == in_paris(first + timedelta(hours=1)).hour == 2


@given(st.datetimes(datetime(2026, 1, 1), datetime(2031, 1, 1)))
def test_fault_16_what_is_typed_is_what_is_read_back(typed: datetime) -> None:
    try:
        moment = MOMENT.validate_python(typed)
    except ValidationError:
        assert in_paris(as_utc(typed)).replace(tzinfo=None) != typed
    else:
        assert in_paris(moment).replace(tzinfo=None) == typed


NIGHTS: list[tuple[str, str, str, float]] = [
    ("La nuit la plus longue", "2027-10-30T22:00", "2027-10-31T04:00", 7),
    ("La nuit la plus courte", "2027-03-27T22:00", "2027-03-28T04:00", 5),
    ("L’heure qui vient deux fois", "2027-10-31T02:30+02:00", "2027-10-31T02:30+01:00", 1),
    ("Le jour en plus", "2028-02-29T09:00", "2028-02-29T12:00", 3),
]


@pytest.mark.parametrize(("title", "start", "end", "hours"), NIGHTS)
async def test_fault_16_calendars_keep_the_hours_of_a_night_that_changes(
    town: Apart, account: Account, title: str, start: str, end: str, hours: float
) -> None:
    gathering = await open_gathering(town, title, sessions=[{"starts_at": start, "ends_at": end}])
    shown = (await town.client.get(f"/api/events/v1/gatherings/{gathering}")).json()
    session = shown["sessions"][0]
    began, ended = (datetime.fromisoformat(session[name]) for name in ("starts_at", "ends_at"))
    assert ended - began == timedelta(hours=hours)
    email = f"nuit@{gathering.hex[-12:]}.example"
    body = {"name": "Awa Lacoste", "email": email}
    assert (
        await town.client.post(f"/api/events/v1/gatherings/{gathering}/registrations", json=body)
    ).status_code == 201
    public = await town.client.get(f"/agenda/{shown['slug']}.ics")

    async def invited() -> str | None:
        rows = await town.rows("events", "SELECT body FROM journal WHERE body LIKE $1", f"%{email}%")
        return next(
            (one for row in rows if (one := TypeAdapter(dict[str, Any]).validate_json(row["body"]).get("calendar"))),
            None,
        )

    for text in (public.text, await eventually(invited)):
        event = next(iter(Calendar.from_ical(text).walk("VEVENT")))
        assert (_utc(event["dtstart"].dt), _utc(event["dtend"].dt)) == (began, ended)
    page = await town.client.get(f"/agenda/{shown['slug']}")
    assert page.status_code == 200
    account.figure(f"« {title} », in hours, in the API and in both calendars", hours)


def _utc(moment: datetime) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=PARIS)).astimezone(UTC)


async def test_fault_16_days_and_hours_that_do_not_exist_are_refused_beside_their_field(
    town: Apart, account: Account
) -> None:
    asked: dict[str, Any] = {"title": "Jour de trop", "kind": "meeting", "mode": "in_person", "place": "Salle, Pau"}
    for start, end in (("2027-02-29T09:00", "2027-02-29T12:00"), ("2027-03-28T02:30", "2027-03-28T05:00")):
        body = asked | {"sessions": [{"starts_at": start, "ends_at": end}]}
        answer = await town.staff.post("/api/events/v1/gatherings", json=body)
        assert answer.status_code == 422
        assert "sessions-0-starts_at" in {one["field"] for one in answer.json()["errors"]}
    account.limit("a reminder before a gathering is not in the product yet; an hour that comes twice is the first one.")
