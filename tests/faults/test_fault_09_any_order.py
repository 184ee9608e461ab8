"""Any order of events: permutations of one story, the same rows."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import asyncpg
import pytest

from services.events.handlers import HANDLERS as EVENTS
from services.houses import CARDS, migrations_of
from services.mailing.handlers import HANDLERS as MAILING
from services.observatory.handlers import HANDLERS as OBSERVATORY
from shared import migrate
from shared.card import Handler
from shared.contracts import FACTS, DomainEvent, Envelope
from shared.contracts.examples import EXAMPLES
from shared.db import Database, Tx
from shared.embedded.postgres import EXTENSIONS
from shared.errors import NotYetKnown
from tests.e2e.apart import NETWORK, Apart
from tests.faults.report import LONG, Account

PERMUTATIONS = 500 if LONG else 40
BEGINNING = datetime(2026, 11, 22, 8, tzinfo=UTC)
Handlers = Mapping[type[DomainEvent], Handler]


class Undone(Exception):
    """The permutation was looked at; nothing of it stays."""


@dataclass
class Story:
    """Facts in the order in which they were recorded."""

    told: list[tuple[DomainEvent, Envelope]] = field(default_factory=list)

    def tell(self, event: DomainEvent, **changes: Any) -> None:
        at = len(self.told)
        event = event.model_copy(update=changes)
        envelope = Envelope(
            UUID(int=(0x019401F0 << 96) + at), event.contract(), BEGINNING + timedelta(seconds=at), UUID(int=1), None
        )
        self.told.append((event, envelope))


def story_for(service: str) -> Story:
    """Each example that the service hears, a fictional twin of it, and then the end of the fiction; twice some."""
    story = Story()
    heard = [EXAMPLES[shape] for shape in CARDS[service].listens if shape.stream == FACTS]
    removals = [one for one in heard if type(one).__name__.endswith("DemonstrationRemoved")]
    others = [one for one in heard if one not in removals]
    for example in others:
        story.tell(example)
    for example in others[:12]:
        story.tell(example, demonstration=True, **_twin(example))
    for removal in removals:
        story.tell(removal)
    for example in others[:4]:
        story.tell(example, occurred_on=date(2026, 12, 1), demonstration=True, **_twin(example, 7))
    return story


def _twin(example: DomainEvent, shift: int = 3) -> dict[str, Any]:
    """The same fact about somebody else: its own first id moved."""
    name = next(name for name, value in example if isinstance(value, UUID))
    moved = {name: UUID(int=getattr(example, name).int + (shift << 64))}
    return moved | ({"slug": f"{example.slug}-{shift}"} if hasattr(example, "slug") else {})


async def _database(town: Apart, service: str) -> str:
    """A database of the service's own shape, empty, that nobody else uses."""
    assert town.system.postgres is not None
    name = f"{service}_any_order"
    owner = await asyncpg.connect(town.system.postgres.owner_url())
    await owner.execute(f'CREATE DATABASE "{name}" OWNER "{service}" TEMPLATE template0')
    await owner.close()
    inside = await asyncpg.connect(town.system.postgres.owner_url(name))
    for extension in EXTENSIONS:
        await inside.execute(f"CREATE EXTENSION {extension}")
    await inside.close()
    url = urlunsplit(urlsplit(town.system.database_url(service))._replace(path=f"/{name}"))
    await migrate.migrate(url, migrations_of(service))
    return url


@pytest.mark.parametrize(
    ("service", "handlers"), [("events", EVENTS), ("mailing", MAILING), ("observatory", OBSERVATORY)]
)
async def test_fault_09_any_order_gives_the_same_rows(
    town: Apart, account: Account, chance: random.Random, service: str, handlers: Handlers
) -> None:
    db = Database(await _database(town, service), NETWORK, 2)
    await db.open()
    story = story_for(service).told
    try:
        first = await _played(db, service, handlers, story)
        assert any(first.values()), "the story must leave something"
        for _ in range(PERMUTATIONS):
            order = chance.sample(story, len(story)) + chance.sample(story, 3)
            assert await _played(db, service, handlers, order) == first, [one.contract() for one, _ in order]
        newest = await _played(db, service, _without_versions(handlers), story)
    finally:
        await db.close()
    account.limit(
        "facts alone: what PEOPLE events do in any order is one mail each, held by the other faults' ledgers."
    )
    account.did(f"{len(story)} facts through the handlers of {service} in {PERMUTATIONS} orders, three of them twice.")
    account.figure(f"orders that left other rows in {service}", 0)
    assert newest != first, "the control must differ"
    account.control(f"{service} with every fact's version flattened to 1 keeps the last that came: the rows differ.")


def _without_versions(handlers: Handlers) -> Handlers:
    """The guard off: every fact claims to be the first version."""

    def flat(handler: Handler) -> Handler:
        async def handle(event: Any, tx: Tx) -> None:
            await handler(event.model_copy(update={"version": 1}) if hasattr(event, "version") else event, tx)

        return handle

    return {shape: flat(handler) for shape, handler in handlers.items()}


async def _played(
    db: Database, service: str, handlers: Handlers, order: list[tuple[DomainEvent, Envelope]]
) -> dict[str, list[str]]:
    """The rows after the facts came in this order, once each as the frame sees to; nothing stays."""
    seen: set[UUID] = set()
    waiting = list(order)
    try:
        async with db.transaction() as tx:
            for patience in range(len(order) ** 2):
                if not waiting:
                    break
                event, tx.cause = waiting.pop(0)
                if tx.cause.event_id in seen or type(event) not in handlers:
                    continue
                try:
                    await handlers[type(event)](event, tx)
                    seen.add(tx.cause.event_id)
                except NotYetKnown:
                    assert patience < len(order) ** 2 - 1
                    waiting.append((event, tx.cause))
            rows = {name: await _rows(tx, name) for name in CARDS[service].owns}
            raise Undone
    except Undone:
        return rows


async def _rows(tx: Tx, table: str) -> list[str]:
    return [row["line"] for row in await tx.fetch(f'SELECT t::text AS line FROM "{table}" t ORDER BY 1')]
