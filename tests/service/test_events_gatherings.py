"""Gatherings by the API: written, published, moved, cancelled, counted; and what registrants' calendars are told."""

import csv
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from icalendar import Calendar

from services.embedded import House
from services.events.commands import (
    create_gathering,
    publish_gathering,
    record_gathering,
    record_programme,
    register_person,
    remove_demonstration,
)
from services.events.forms import CreateGathering, RecordGathering, RecordProgramme, RegisterPerson
from services.events.links import Links
from tests.service.test_events_places import journal, published, register, training

SEASON = Path(__file__).parents[2] / "examples" / "saison-2020"


async def test_a_draft_is_seen_by_the_team_alone_until_it_is_published(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, number: int
) -> None:
    draft = (await staff.post("/api/events/v1/gatherings", json=training(number))).json()
    assert draft["status"] == "draft" and set(draft) == {"id", "slug", "status"}
    address = f"/api/events/v1/gatherings/{draft['id']}"
    assert (await client.get(address)).status_code == 404
    assert (await staff.get(address)).json()["place"] == "Salle des Tilleuls, Poitiers"
    for _ in range(2):
        answer = await staff.post(f"{address}/publication")
        assert (answer.status_code, answer.json()["status"]) == (200, "published")
    shown = (await client.get(address)).json()
    assert (shown["department"], shown["places_left"]) == ("86", 2)
    assert "online_url" not in shown


async def test_publishing_says_one_fact_without_a_speaker_or_a_room(
    staff: httpx.AsyncClient, house: House, number: int
) -> None:
    start, end = "2031-12-04T14:30", "2031-12-04T17:00"
    programme = [{"starts_at": start, "ends_at": end, "activity": "Accueil", "speaker": "Une oratrice connue"}]
    sessions = [{"starts_at": start, "ends_at": end}]
    more = {"mode": "hybrid", "online_url": "https://visio.maillage.example/secret", "description": "Texte libre"}
    gathering = await published(staff, training(number, programme=programme, sessions=sessions, **more))
    (fact,) = await journal(house, gathering, "gathering_published")
    assert fact["occurred_on"] == "2031-12-04" and fact["status"] == "published"
    assert fact["sessions"][0]["starts_at"] == "2031-12-04T13:30:00Z"
    assert not {"oratrice", "secret", "libre"} & set(str(fact).replace("/", " ").split())


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": ""}, "title"),
        ({"kind": "concert"}, "kind"),
        ({"mode": "dehors"}, "mode"),
        ({"sessions": []}, "sessions"),
        ({"sessions": [{"starts_at": "2031-01-02T10:00", "ends_at": "2031-01-02T09:00"}]}, "sessions-0-ends_at"),
        ({"sessions": [{"starts_at": "demain", "ends_at": "2031-01-02T09:00"}]}, "sessions-0-starts_at"),
        ({"sessions": [{"starts_at": "2031-01-02T10:00", "ends_at": "2031-01-02T11:00"}] * 51}, "sessions"),
        ({"capacity": 0}, "capacity"),
        ({"capacity": 100_001}, "capacity"),
        ({"capacity": "beaucoup"}, "capacity"),
        ({"themes": ["danse"]}, "themes-0"),
        ({"countries": ["XX"]}, "countries-0"),
        ({"group": "groupe-inconnu"}, "group"),
        ({"online_url": "javascript:alert(1)"}, "online_url"),
        ({"programme": [{"starts_at": "2031-01-02T10:00", "activity": ""}]}, "programme-0-activity"),
    ],
)
async def test_a_wrong_gathering_is_refused_beside_its_field(
    staff: httpx.AsyncClient, number: int, changes: dict[str, Any], field: str
) -> None:
    answer = await staff.post("/api/events/v1/gatherings", json=training(number, **changes))
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == [field]


async def test_a_gathering_whose_place_is_not_known_yet_is_published(staff: httpx.AsyncClient, number: int) -> None:
    draft = (await staff.post("/api/events/v1/gatherings", json=training(number, place=None))).json()
    answer = await staff.post(f"/api/events/v1/gatherings/{draft['id']}/publication")
    assert answer.status_code == 200
    assert (await staff.get(f"/api/events/v1/gatherings/{draft['id']}")).json()["place"] is None


async def test_the_team_alone_writes_moves_cancels_and_reads_names(client: httpx.AsyncClient, number: int) -> None:
    there = "/api/events/v1/gatherings/01900000-0000-7000-8000-000000000000"
    for answer in (
        await client.post("/api/events/v1/gatherings", json=training(number)),
        await client.post(f"{there}/publication"),
        await client.post(f"{there}/relocation", json={}),
        await client.post(f"{there}/cancellation", json={}),
        await client.post(f"{there}/declared-counts", json={"n": 1, "precision": "exact"}),
        await client.get(f"{there}/registrations"),
        await client.post("/api/events/v1/registrations/01900000-0000-7000-8000-000000000000/cancellation"),
    ):
        assert answer.status_code == 401


async def test_two_gatherings_of_one_title_have_two_addresses(staff: httpx.AsyncClient, number: int) -> None:
    slugs = {(await published(staff, training(number)))["slug"] for _ in range(4)}
    assert len(slugs) == 4


def events(calendar: str) -> list[Any]:
    return Calendar.from_ical(calendar).walk("VEVENT")


async def test_going_online_tells_everyone_with_the_same_uid_and_a_higher_sequence(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, house: House, number: int
) -> None:
    gathering = await published(staff, training(number, capacity=1))
    await register(client, gathering, "Aline Roux")
    await register(client, gathering, "Bruno Petit")
    room = "https://visio.maillage.example/eau"
    answer = await staff.post(
        f"/api/events/v1/gatherings/{gathering['id']}/relocation",
        json={"mode": "online", "online_url": room, "reason": "La salle n’est plus libre."},
    )
    assert answer.status_code == 200
    first, waiting = await journal(house, gathering, "registrant_named")
    told = {one["name"]: one for one in await journal(house, gathering, "registrant_told_of_change")}
    assert told["Aline Roux"]["change"] == "relocated" and told["Aline Roux"]["online_url"] == room
    assert "online_url" not in told["Bruno Petit"] and "calendar" not in told["Bruno Petit"] | waiting
    (before,), (after,) = events(first["calendar"]), events(told["Aline Roux"]["calendar"])
    assert before["uid"] == after["uid"] and after["sequence"] == before["sequence"] + 1
    assert (before["location"], after["location"]) == ("Salle des Tilleuls, Poitiers", room)
    assert "METHOD:REQUEST" in first["calendar"] and "BEGIN:VTIMEZONE" in first["calendar"]
    assert before["attendee"].to_ical() == b"mailto:aline.roux@mairie.example"
    (fact,) = await journal(house, gathering, "gathering_relocated")
    assert fact["mode"] == "online" and fact["version"] == 3
    shown = (await client.get(f"/agenda/{gathering['slug']}.ics")).text
    assert room not in shown and f"UID:{after['uid']}" in shown


async def test_new_dates_keep_the_uid_and_cancel_the_sessions_that_are_no_more(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, house: House, number: int
) -> None:
    days = [{"starts_at": f"2031-03-{day}T14:00", "ends_at": f"2031-03-{day}T17:00"} for day in (10, 17, 24)]
    gathering = await published(staff, training(number, sessions=days))
    await register(client, gathering, "Aline Roux")
    moved = [{"starts_at": "2031-04-07T09:00", "ends_at": "2031-04-07T12:00"}]
    await staff.post(f"/api/events/v1/gatherings/{gathering['id']}/relocation", json={"sessions": moved})
    (named,) = await journal(house, gathering, "registrant_named")
    (told,) = await journal(house, gathering, "registrant_told_of_change")
    assert told["change"] == "postponed"
    before, after = events(named["calendar"]), events(told["calendar"])
    assert [one["uid"] for one in before] == [one["uid"] for one in after]
    assert [str(one["status"]) for one in after] == ["CONFIRMED", "CANCELLED", "CANCELLED"]
    assert after[0].start.astimezone(UTC) == datetime(2031, 4, 7, 7, tzinfo=UTC)


async def test_postponing_to_no_date_yet_closes_registrations_and_a_date_opens_them_again(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, house: House, number: int
) -> None:
    gathering = await published(staff, training(number))
    await register(client, gathering, "Aline Roux")
    address = f"/api/events/v1/gatherings/{gathering['id']}/relocation"
    assert (await staff.post(address, json={"sessions": []})).json()["status"] == "postponed"
    assert (await register(client, gathering, "Bruno Petit")).status_code == 409
    (told,) = await journal(house, gathering, "registrant_told_of_change")
    assert "METHOD:CANCEL" in told["calendar"]
    dates = [{"starts_at": "2031-04-07T09:00", "ends_at": "2031-04-07T12:00"}]
    assert (await staff.post(address, json={"sessions": dates})).json()["status"] == "published"
    assert (await register(client, gathering, "Bruno Petit")).json() == {"status": "confirmed"}


async def test_cancelling_cancels_in_calendars_and_twice_is_once(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, house: House, number: int
) -> None:
    gathering = await published(staff, training(number))
    await register(client, gathering, "Aline Roux")
    for _ in range(2):
        address = f"/api/events/v1/gatherings/{gathering['id']}/cancellation"
        assert (await staff.post(address, json={"reason": "Tempête"})).json()["status"] == "cancelled"
    (told,) = await journal(house, gathering, "registrant_told_of_change")
    (event,) = events(told["calendar"])
    assert (told["change"], told["reason"], event["sequence"]) == ("cancelled", "Tempête", 1)
    assert "METHOD:CANCEL" in told["calendar"] and event["status"] == "CANCELLED"


async def test_more_places_go_to_those_who_wait_and_fewer_than_people_are_refused(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, house: House, number: int
) -> None:
    gathering = await published(staff, training(number, capacity=2))
    for name in ("Aline Roux", "Bruno Petit", "Denis Blanc"):
        await register(client, gathering, name)
    address = f"/api/events/v1/gatherings/{gathering['id']}/relocation"
    refused = await staff.post(address, json={"capacity": 1})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (409, "capacity")
    await staff.post(address, json={"capacity": 10})
    assert [one["name"] for one in await journal(house, gathering, "registrant_promoted")] == ["Denis Blanc"]
    assert await journal(house, gathering, "registrant_told_of_change") == []


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2031-03-30T01:30", "2031-03-30T00:30:00Z"),
        ("2031-03-30T03:30", "2031-03-30T01:30:00Z"),
        ("2031-10-26T01:30", "2031-10-25T23:30:00Z"),
        ("2031-10-26T03:30", "2031-10-26T02:30:00Z"),
        ("2032-02-29T14:00", "2032-02-29T13:00:00Z"),
    ],
)
async def test_a_time_without_zone_is_paris_on_the_nights_of_the_hour_change(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, number: int, local: str, utc: str
) -> None:
    sessions = [{"starts_at": local, "ends_at": "2032-03-01T00:00"}]
    gathering = await published(staff, training(number, sessions=sessions))
    shown = (await client.get(f"/api/events/v1/gatherings/{gathering['id']}")).json()
    assert datetime.fromisoformat(shown["sessions"][0]["starts_at"]) == datetime.fromisoformat(utc)
    (event,) = events((await client.get(f"/agenda/{gathering['slug']}.ics")).text)
    assert event.start.astimezone(UTC) == datetime.fromisoformat(utc)


async def test_the_list_is_filtered_counted_and_turned_by_cursor(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, number: int
) -> None:
    made = {
        (await published(staff, training(number, themes=["numerique"], title=f"Numérique {n}")))["id"] for n in "abc"
    }
    seen: list[str] = []
    query = {"theme": "numerique", "limit": "2"}
    while True:
        page = (await client.get("/api/events/v1/gatherings", params=query)).json()
        assert page["total"] == 3 and len(page["items"]) <= 2
        seen += [one["id"] for one in page["items"]]
        if "next" not in page:
            break
        query["cursor"] = page["next"]
    assert set(seen) == made and len(seen) == 3


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "period=jamais", "theme=danse", "cursor=abc", "kind=concert"]
)
async def test_a_wrong_filter_is_refused(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"/api/events/v1/gatherings?{query}")
    assert answer.status_code == 422 and answer.json()["errors"]


async def test_the_season_of_2020_is_read_once_and_says_what_is_not_known(
    client: httpx.AsyncClient, house: House
) -> None:
    with (SEASON / "gatherings.csv").open(newline="") as file:
        rows = [RecordGathering.model_validate(row) for row in csv.DictReader(file)]
    db = house.services["events"].db
    for expected in ("recorded", "unchanged"):
        for form in rows:
            async with db.transaction() as tx:
                assert await record_gathering(form, tx) == expected
    query = {"period": "past", "year": "2020", "limit": "100"}
    items = (await client.get("/api/events/v1/gatherings", params=query)).json()["items"]
    by_title = {one["title"]: one for one in items}
    assert len(items) == sum(form.first_day.year == 2020 for form in rows)
    summit = by_title["Sommet Afrique-France"]
    assert (summit["date_precision"], summit["role"], summit["mode"], summit["status"]) == (
        "month",
        None,
        None,
        "postponed",
    )
    togo = next(one for one in items if "Togo" in one["title"])
    assert togo["declared_counts"] == [{"n": 20, "precision": "about", "what": None}]
    assert (await client.get(f"/agenda/{summit['slug']}")).status_code == 200


async def test_the_programme_of_limoges_is_kept_with_its_hours_of_paris(
    client: httpx.AsyncClient, house: House
) -> None:
    with (SEASON / "programmes.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    first = rows[0]
    asked = {"gathering_title": first["gathering_title"], "date": first["date"], "source": first["source"]}
    form = RecordProgramme.model_validate(asked | {"items": rows})
    db = house.services["events"].db
    for expected in ("recorded", "unchanged"):
        async with db.transaction() as tx:
            assert await record_programme(form, tx) == expected
    page = await client.get("/api/events/v1/gatherings", params={"period": "past", "year": "2016"})
    programme = page.json()["items"][0]["programme"]
    assert (len(programme), programme[0]["starts_at"]) == (11, "2016-11-04T13:00:00+00:00")


async def test_a_head_count_is_kept_with_its_precision_and_makes_no_people(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, house: House, number: int
) -> None:
    past = [{"starts_at": "2024-03-12T14:00", "ends_at": "2024-03-12T17:00"}]
    gathering = await published(staff, training(number, sessions=past))
    address = f"/api/events/v1/gatherings/{gathering['id']}/declared-counts"
    count = {"n": 30, "precision": "about", "what": "present"}
    assert (await staff.post(address, json=count)).json()["status"] == "held"
    (fact,) = await journal(house, gathering, "gathering_recorded")
    assert fact["declared_counts"] == [count]
    assert await journal(house, gathering, "registration_confirmed") == []


async def test_the_fictional_season_sends_no_mail_and_goes_away(
    client: httpx.AsyncClient, house: House, number: int
) -> None:
    service = house.services["events"]
    links = Links(service.settings, service.signer)
    async with service.db.transaction() as tx:
        draft = await create_gathering(CreateGathering(**training(number)), tx, "examples", demonstration=True)
        await publish_gathering(draft.id, tx)
        form = RegisterPerson(name="Émilie Almeida", email="emilie.almeida@boite.example")
        await register_person(draft.id, form, tx, links, demonstration_day=date(2026, 1, 5))
    (fact,) = await journal(house, {"id": draft.id}, "registration_confirmed")
    assert fact["demonstration"] and fact["occurred_on"] == "2026-01-05"
    assert await journal(house, {"id": draft.id}, "registrant_named") == []
    async with service.db.transaction() as tx:
        await remove_demonstration(tx)
    assert (await client.get(f"/api/events/v1/gatherings/{draft.id}")).status_code == 404
