"""The observatory keeps facts whatever their order, counts them, and opens every figure on them."""

import itertools
import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.embedded import House
from services.observatory.handlers import HANDLERS
from services.observatory.queries.checks import figure_faults, shown
from shared.clock import new_id
from shared.contracts import Envelope, Fact, events, mailing, registry
from shared.contracts.examples import EXAMPLES
from shared.db import Database

API = "/api/observatory/v1"
LATER = datetime(2031, 1, 1, tzinfo=UTC)
_moments = itertools.count()

Told = tuple[Fact, Envelope]


def told(fact: Fact, recorded_at: datetime | None = None) -> Told:
    moment = recorded_at or LATER + timedelta(seconds=next(_moments))
    return fact, Envelope(new_id(), fact.contract(), moment, new_id(), None)


async def hear(db: Database, facts: Sequence[Told]) -> None:
    for fact, envelope in facts:
        async with db.transaction(envelope) as tx:
            await HANDLERS[type(fact)](fact, tx)


async def states(db: Database, *identities: UUID) -> list[tuple[Any, ...]]:
    async with db.reading() as tx:
        rows = await tx.fetch(
            "SELECT * FROM state WHERE aggregate_id = ANY($1) ORDER BY aggregate_id", list(identities)
        )
        kept = await tx.fetch("SELECT * FROM fact WHERE aggregate_id = ANY($1) ORDER BY event_id", list(identities))
    return [tuple(row) for row in (*rows, *kept)]


@pytest.fixture
def db(house: House) -> Database:
    return house.services["observatory"].db


@pytest.fixture
def year() -> int:
    """A year no other test uses."""
    return next(_years)


_years = itertools.count(1910)


def organisation(year: int, **changes: Any) -> registry.OrganisationPublished:
    example = EXAMPLES[registry.OrganisationPublished].model_dump()
    day = date(year, 5, 4)
    return registry.OrganisationPublished(
        **example | {"organisation_id": uuid4(), "occurred_on": day, "published_on": day} | changes
    )


def gathering(year: int, **changes: Any) -> events.GatheringRecorded:
    example = EXAMPLES[events.GatheringRecorded].model_dump()
    return events.GatheringRecorded(
        **example | {"gathering_id": uuid4(), "occurred_on": date(year, 6, 18), "role": "organiser"} | changes
    )


def registration(of: UUID, year: int, **changes: Any) -> events.RegistrationConfirmed:
    example = EXAMPLES[events.RegistrationConfirmed].model_dump()
    told_of = {"registration_id": uuid4(), "gathering_id": of, "occurred_on": date(year, 6, 1)}
    return events.RegistrationConfirmed(**example | told_of | changes)


async def figure(client: httpx.AsyncClient, name: str, year: int, **more: str) -> dict[str, Any]:
    answer = await client.get(f"{API}/indicators/{name}", params={"year": str(year)} | more)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_the_newest_version_is_kept_whatever_the_order_and_however_often(db: Database, year: int) -> None:
    first = organisation(year, name="Kultur Zubia")
    same = first.model_dump()
    later = registry.OrganisationUpdated(**same | {"version": 2, "name": "Kultur Zubia Elkartea"})
    gone = registry.OrganisationArchived(**same | {"version": 3, "status": "archived"})
    facts = [told(first), told(later), told(gone)]
    seen = []
    for order in itertools.permutations(facts):
        await hear(db, [*order, *order])
        seen.append(await states(db, first.organisation_id))
        async with db.transaction() as tx:
            await tx.execute("DELETE FROM fact WHERE aggregate_id = $1", first.organisation_id)
            await tx.execute("DELETE FROM state WHERE aggregate_id = $1", first.organisation_id)
    assert all(one == seen[0] for one in seen)
    assert len(seen[0]) == 4


async def test_a_fictional_season_uncounts_before_or_after_its_removal_is_heard(
    db: Database, client: httpx.AsyncClient, year: int
) -> None:
    facts = [told(gathering(year, demonstration=True)) for _ in range(3)] + [told(gathering(year))]
    removal = told(events.EventsDemonstrationRemoved(occurred_on=date(2030, 1, 1)))
    await hear(db, [facts[0], facts[3]])
    assert (await figure(client, "gatherings", year))["value"] == 2
    assert (await figure(client, "gatherings", year))["demonstration"] == 1
    await hear(db, [removal, facts[1], facts[2]])
    assert (await figure(client, "gatherings", year))["value"] == 1
    await hear(db, [told(gathering(year, demonstration=True))])
    assert (await figure(client, "gatherings", year))["value"] == 2


async def test_every_example_of_a_contract_that_figures_are_made_of_is_kept(db: Database) -> None:
    random.seed(1)
    contracts = [contract for contract in HANDLERS if contract is not registry.ErasureRequested]
    facts = [told(EXAMPLES[contract]) for contract in contracts]  # type: ignore[arg-type, index]
    random.shuffle(facts)
    await hear(db, facts)
    async with db.reading() as tx:
        kept = await tx.fetchval(
            "SELECT count(*) FROM fact WHERE event_id = ANY($1)", [envelope.event_id for _, envelope in facts]
        )
        assert await figure_faults(tx) == []
    assert kept == len(contracts)


async def test_organisations_count_the_published_and_say_why_others_are_not(
    db: Database, client: httpx.AsyncClient, year: int
) -> None:
    named = {"sdgs": [4, 6], "countries": ["MA"], "college": "associations", "department": "33"}
    listed = organisation(year, name="Atelier des Rives", **named)
    silent = organisation(year, sdgs=[], countries=[], college=None, department=None)
    stale = organisation(year, status="to_refresh", **named)
    gone = organisation(year, status="archived", **named)
    await hear(db, [told(fact) for fact in (listed, silent, stale, gone)])
    found = await figure(client, "organisations", year)
    assert (found["value"], found["n"]) == (3, 3)
    assert found["definition"] and found["as_of"] and found["unit"] == "acteurs"
    assert found["apart"][0]["key"] == "archived"
    by_sdg = (await figure(client, "organisations", year, by="sdg"))["by"]
    assert [(line["key"], line["value"]) for line in by_sdg] == [("4", 2), ("6", 2), (None, 1)]
    assert by_sdg[2]["label"] == "non renseigné"
    by_department = (await figure(client, "organisations", year, by="department"))["by"]
    assert by_department[0] == {"key": "33", "label": "Gironde (33)", "value": 2}
    by_month = (await figure(client, "organisations", year, by="month"))["by"]
    assert by_month == [{"key": f"{year}-05", "label": f"mai {year}", "value": 3}]
    by_college = (await figure(client, "organisations", year, by="college"))["by"]
    assert {line["key"]: line["value"] for line in by_college} == {"associations": 2, None: 1}
    facts = (await client.get(f"{API}/indicators/organisations/facts", params={"year": year})).json()
    assert "Atelier des Rives" in [fact["label"] for fact in facts["items"]]
    others = {"year": year, "counted": "false"}
    (left_out,) = (await client.get(f"{API}/indicators/organisations/facts", params=others)).json()["items"]
    assert left_out["counted"] is False and "archivée" in left_out["why"] and left_out["url"] is None


async def test_a_list_of_facts_goes_on_by_its_cursor_and_misses_none(
    db: Database, client: httpx.AsyncClient, year: int
) -> None:
    await hear(db, [told(organisation(year)) for _ in range(7)])
    seen: list[str] = []
    params = {"year": str(year), "limit": "3"}
    while True:
        page = (await client.get(f"{API}/indicators/organisations/facts", params=params)).json()
        seen += [fact["id"] for fact in page["items"]]
        if "next" not in page:
            break
        params["cursor"] = page["next"]
    assert len(seen) == len(set(seen)) == page["total"] == 7


async def test_gatherings_keep_cancelled_postponed_and_others_apart(
    db: Database, client: httpx.AsyncClient, year: int
) -> None:
    kinds: list[dict[str, Any]] = [
        {},
        {"status": "cancelled"},
        {"status": "postponed"},
        {"role": "speaker"},
        {"role": None},
    ]
    await hear(db, [told(gathering(year, **kind)) for kind in kinds])
    found = await figure(client, "gatherings", year)
    assert found["value"] == 1
    assert [part["key"] for part in found["apart"]] == ["cancelled", "postponed", "speaker", "role_unknown"]


async def test_participants_add_declared_counts_and_never_those_registered(
    db: Database, client: httpx.AsyncClient, year: int
) -> None:
    def counts(*said: tuple[int, str, str | None]) -> dict[str, Any]:
        return {"declared_counts": [{"n": n, "precision": p, "what": what} for n, p, what in said]}

    facts = [
        gathering(year, **counts((22, "exact", None))),
        gathering(year, **counts((30, "about", None), (28, "exact", "present"))),
        gathering(year, **counts((20, "about", None))),
        gathering(year, **counts((17, "at_least", "registered"))),
        gathering(year, declared_counts=[]),
    ]
    await hear(db, [told(fact) for fact in facts])
    found = await figure(client, "participants", year)
    assert (found["value"], found["n"]) == (70, 3)
    assert {part["key"]: part["value"] for part in found["made_of"]} == {"exact": 50, "about": 20}
    assert {part["key"]: part["n"] for part in found["apart"]} == {"no_count": 1, "registered": 1}


async def test_registrations_count_the_confirmed_and_name_nobody(
    db: Database, client: httpx.AsyncClient, staff: httpx.AsyncClient, year: int
) -> None:
    training = gathering(year, title="Financer un projet d’accès à l’eau")
    kept = [registration(training.gathering_id, year, department=code) for code in ("33", "33", "86")]
    left = registration(training.gathering_id, year).model_dump() | {"version": 2, "status": "cancelled"}
    await hear(db, [told(fact) for fact in (*kept, training, events.RegistrationCancelled(**left))])
    found = await figure(client, "registrations", year, by="department")
    assert found["value"] == 3
    assert [(line["key"], line["value"]) for line in found["by"]] == [("33", 2), ("86", 1)]
    params = {"year": year}
    (public,) = (await client.get(f"{API}/indicators/registrations/facts", params=params)).json()["items"]
    assert (public["label"], public["value"]) == ("Financer un projet d’accès à l’eau", 3)
    ids = {str(fact.registration_id) for fact in kept}
    team = (await staff.get(f"{API}/indicators/registrations/facts", params=params)).json()["items"]
    assert {fact["id"] for fact in team} == ids
    assert public["id"] not in ids


async def test_subscribers_and_letters_are_counts_alone(db: Database, client: httpx.AsyncClient, year: int) -> None:
    day = date(year, 3, 2)
    people = [
        mailing.SubscriptionConfirmed(
            occurred_on=day, subscriber_id=uuid4(), version=1, status="subscribed", department="33"
        )
        for _ in range(3)
    ]
    ended = mailing.SubscriptionEnded(
        occurred_on=date(year, 4, 2), subscriber_id=people[0].subscriber_id, version=2, status="unsubscribed"
    )
    campaign = mailing.CampaignApproved(
        occurred_on=day,
        campaign_id=uuid4(),
        version=1,
        kind="newsletter",
        subject_line="La lettre de mars",
        recipients=2,
    )
    letters = [
        mailing.LetterAccepted(occurred_on=day, letter_id=uuid4(), campaign_id=campaign.campaign_id) for _ in range(2)
    ]
    await hear(db, [told(fact) for fact in (ended, *people, *letters, campaign)])
    assert (await figure(client, "subscribers", year))["value"] == 2
    assert (await figure(client, "letters-sent", year))["value"] == 2
    facts = (await client.get(f"{API}/indicators/subscribers/facts", params={"year": year})).json()["items"]
    assert [(fact["occurred_on"], fact["value"]) for fact in facts] == [(f"{year}-03-01", 2)]
    (sent,) = (await client.get(f"{API}/indicators/letters-sent/facts", params={"year": year})).json()["items"]
    assert (sent["label"], sent["value"]) == ("La lettre de mars", 2)


@pytest.mark.parametrize(
    "name",
    ["organisations", "listing-requests", "gatherings", "registrations", "participants", "subscribers", "letters-sent"],
)
async def test_a_year_without_facts_is_zero_and_every_cut_answers(client: httpx.AsyncClient, name: str) -> None:
    found = await figure(client, name, 1901)
    assert (found["value"], found["n"]) == (0, 0)
    for cut in found["dimensions"]:
        assert (await figure(client, name, 1901, by=cut))["by"] == []
    for counted in ("true", "false"):
        page = await client.get(f"{API}/indicators/{name}/facts", params={"year": 1901, "counted": counted})
        assert page.json()["items"] == []


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/indicators/inconnu", 404),
        ("/indicators/inconnu/facts", 404),
        ("/indicators/organisations?by=couleur", 422),
        ("/indicators/subscribers?by=sdg", 422),
        ("/indicators/organisations?year=1899", 422),
        ("/indicators/organisations?year=2101", 422),
        ("/indicators/organisations?year=deux", 422),
        ("/indicators/organisations/facts?cursor=hier", 422),
        ("/figures/inconnu", 404),
        ("/dashboards", 401),
    ],
)
async def test_what_cannot_be_answered_says_so_in_a_sentence(
    client: httpx.AsyncClient, address: str, status: int
) -> None:
    answer = await client.get(API + address)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


async def test_a_figure_known_already_is_not_sent_again(client: httpx.AsyncClient) -> None:
    first = await client.get(f"{API}/indicators/organisations?year=1902")
    again = await client.get(
        f"{API}/indicators/organisations?year=1902", headers={"If-None-Match": first.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


async def test_a_state_that_is_not_what_the_facts_say_is_found(db: Database, year: int) -> None:
    kept = organisation(year)
    await hear(db, [told(kept)])
    spoil = "UPDATE state SET body = jsonb_set(body, '{status}', $2::text::jsonb) WHERE aggregate_id = $1"
    async with db.transaction() as tx:
        assert await figure_faults(tx) == []
        await tx.execute(spoil, kept.organisation_id, '"archived"')
        (fault,) = await figure_faults(tx)
        await tx.execute(spoil, kept.organisation_id, '"published"')
    assert "organisations" in fault
    async with db.reading() as tx:
        assert (await shown(tx))["registry"] > 0
