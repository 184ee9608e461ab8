"""The tally says what the states say, for every figure and cut, whatever came in which order; a spoilt one is found."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.embedded import House
from services.observatory.domain import Page, Scope
from services.observatory.handlers import keep_facts, uncount_demonstration
from services.observatory.indicators import INDICATORS
from services.observatory.queries.checks import figure_faults
from services.observatory.queries.figures import Asked, counts
from shared.contracts import events, mailing, registry
from shared.contracts.examples import EXAMPLES
from shared.db import Database, Row, Tx
from tests.service.test_observatory_figures import Told, gathering, hear, organisation, registration, told

YEAR = 1905


@pytest.fixture
def db(house: House) -> Database:
    return house.services["observatory"].db


def season(chance: random.Random) -> list[Told]:
    """Everything figures are made of: corrections, departures, what is not counted, what says nothing."""
    facts: list[Any] = []
    for _ in range(30):
        known = organisation(
            YEAR,
            college=chance.choice(["associations", None]),
            sdgs=chance.sample(range(1, 18), chance.randint(0, 3)),
            department=chance.choice(["24", "33", None]),
            published_on=date(YEAR, chance.randint(1, 12), 3),
        )
        facts.append(known)
        if chance.random() < 0.5:
            changed = known.model_dump() | {"version": 2, "status": chance.choice(["archived", "to_refresh"])}
            facts.append(registry.OrganisationUpdated(**changed | {"countries": ["TG"]}))
    declared = [{"n": 12, "precision": "about", "what": chance.choice(["present", "registered", None])}]
    for _ in range(12):
        known_gathering = gathering(
            YEAR,
            status=chance.choice(["held", "cancelled", "published"]),
            role=chance.choice(["organiser", "speaker", None]),
            declared_counts=chance.choice([declared, []]),
            countries=chance.choice([["MA", "BF"], []]),
        )
        coming = date.today() + timedelta(days=40)
        facts += [known_gathering, gathering(YEAR, occurred_on=coming, declared_counts=[], status="published")]
        for _ in range(chance.randint(0, 6)):
            whose = chance.choice([one.organisation_id for one in facts if hasattr(one, "slug") and _is_one(one)])
            kept = registration(known_gathering.gathering_id, YEAR, organisation_id=chance.choice([whose, None]))
            facts.append(kept)
            if chance.random() < 0.4:
                facts.append(events.RegistrationCancelled(**kept.model_dump() | {"version": 2, "status": "cancelled"}))
    for example in (registry.ListingRequested, registry.ListingAccepted, mailing.SubscriptionConfirmed):
        facts.append(EXAMPLES[example])
    facts += [EXAMPLES[mailing.LetterAccepted], *(gathering(YEAR, demonstration=True) for _ in range(3))]
    return [told(fact) for fact in facts]


def _is_one(fact: Any) -> bool:
    return isinstance(fact, registry.AbstractOrganisation)


async def differences(tx: Tx) -> list[str]:
    """Where the tally and the states give different rows, by figure, cut and year."""
    found = []
    for one in INDICATORS.values():
        for by in (None, *one.dimensions):
            for scope in (Scope(), Scope(YEAR)):
                (tallied,) = await counts(tx, [Asked(one, scope, by)])
                if _set(tallied) != _set(await one.count(tx, by, scope)):
                    found.append(f"{one.id} by {by} in {scope.year}")
    return found


def _set(rows: Any) -> set[tuple[Any, ...]]:
    names = ("why", "note", "key", "value", "n", "fictional")
    return {tuple(row[name] for name in names) for row in rows if row["n"]}


async def test_the_tally_says_what_the_states_say(db: Database) -> None:
    chance = random.Random(2020)
    facts = season(chance)
    for turn in range(3):
        chance.shuffle(facts)
        cut = len(facts) // 2
        await hear(db, facts[:cut])
        async with db.transaction() as tx:
            await keep_facts(facts[cut:], tx)
            assert await differences(tx) == [], f"turn {turn}"


async def test_the_tally_follows_a_removal_and_what_is_deleted_or_written_again(db: Database) -> None:
    async with undone(db) as tx:
        await keep_facts(season(random.Random(7)), tx)
        removal, tx.cause = told(events.EventsDemonstrationRemoved(occurred_on=date(2030, 1, 1)))
        fictional = "SELECT sum(n) FROM tally WHERE demonstration AND indicator = 'gatherings' AND cut = ''"
        assert await tx.fetchval(fictional) >= 3
        await uncount_demonstration(removal, tx)
        assert await tx.fetchval(fictional) is None
        assert await differences(tx) == []
        await tx.execute("DELETE FROM state WHERE aggregate = 'registration'")
        assert await differences(tx) == []
        assert await figure_faults(tx) != []
        await tx.execute(
            """INSERT INTO state SELECT DISTINCT ON (aggregate_id) aggregate, aggregate_id, service, version, event_id,
                   min(occurred_on) OVER (PARTITION BY aggregate_id), occurred_on, recorded_at, demonstration, body
               FROM fact WHERE aggregate = 'registration' ORDER BY aggregate_id, version DESC, event_id DESC"""
        )
        assert await figure_faults(tx) == []


@asynccontextmanager
async def undone(db: Database) -> AsyncIterator[Tx]:
    """A transaction of which nothing stays."""
    async with db.connection() as connection:
        spoiling = connection.transaction()
        await spoiling.start()
        try:
            yield Tx(connection, "")
        finally:
            await spoiling.rollback()


async def test_what_a_figure_opens_on_is_the_same_from_the_tally(db: Database) -> None:
    training = gathering(YEAR + 1)
    people = [registration(training.gathering_id, YEAR + 1) for _ in range(3)]
    gone = events.RegistrationCancelled(**people[0].model_dump() | {"version": 2, "status": "cancelled"})
    await hear(db, [told(fact) for fact in (*people, gone, training)])
    one = INDICATORS["registrations"]
    async with db.reading() as tx:
        kept = await one.facts(tx, Scope(YEAR + 1), True, Page())
        assert [(row["label"], row["value"], row["day"]) for row in kept] == [
            (training.title, 2, people[0].occurred_on)
        ]
        left: list[Row] = list(await one.facts(tx, Scope(YEAR + 1), False, Page()))
        assert [(row["id"], row["value"], row["why"]) for row in left] == [(training.gathering_id, 1, "cancelled")]


async def test_a_spoilt_tally_is_found(db: Database) -> None:
    await hear(db, [told(organisation(YEAR + 2))])
    async with undone(db) as tx:
        assert await differences(tx) == [] == await figure_faults(tx)
        await tx.execute("UPDATE tally SET n = n + 1 WHERE indicator = 'organisations' AND cut = 'college'")
        assert "organisations by college in None" in await differences(tx)
        (fault,) = await figure_faults(tx)
        assert "counts of organisations" in fault


async def test_an_older_version_that_comes_late_moves_nothing_but_the_first_day(db: Database) -> None:
    newer = organisation(YEAR + 3, version=2, organisation_id=uuid4())
    older = organisation(YEAR + 3, organisation_id=newer.organisation_id, status="archived", department="33")
    await hear(db, [told(newer), told(older)])
    async with db.reading() as tx:
        (rows,) = await counts(tx, [Asked(INDICATORS["organisations"], Scope(YEAR + 3))])
        assert [(row["why"], row["n"]) for row in rows] == [(None, 1)]
        assert await figure_faults(tx) == []


async def test_a_batch_reads_no_more_of_the_tally_than_its_own_cells_and_leaves_none_empty(db: Database) -> None:
    known = organisation(YEAR + 4, department="24")
    moved = registry.OrganisationUpdated(**known.model_dump() | {"version": 2, "department": "33"})
    cells = "SELECT key FROM tally WHERE indicator = 'organisations' AND cut = 'department' AND year = $1"
    read_whole = "SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'tally' AND schemaname = 'public'"
    async with undone(db) as tx:
        before = await tx.fetchval(read_whole)
        await keep_facts([told(known)], tx)
        await keep_facts([told(moved)], tx)
        assert await tx.fetchval(read_whole) == before
        assert [row["key"] for row in await tx.fetch(cells, YEAR + 4)] == ["33"]
        await tx.fetch("SELECT FROM tally OFFSET 0")
        assert await tx.fetchval(read_whole) == before + 1, "the counter sees a whole reading"
