"""Facts as the services say them: believable structures and registrations, each with its envelope."""

import asyncio
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import islice
from uuid import UUID, uuid4

from nats.js.client import JetStreamContext

from bench.measure import Failed
from bench.servers import NETWORK
from shared.clock import new_id, now
from shared.contracts import DomainEvent, Envelope, Fact
from shared.contracts.events import RegistrationConfirmed
from shared.contracts.examples import EXAMPLES
from shared.contracts.registry import AccessRevoked, OrganisationPublished

AT_ONCE = 500
"""As many publications wait for their acknowledgement as the product's relay lets wait."""
DEPARTMENTS = ("24", "33", "40", "47", "64", "16", "17", "19", "23", "79", "86", "87")
COUNTRIES = ("BF", "TG", "MA", "SN", "MG", "VN", "BJ", "CM")
THEMES = ("eau-assainissement-hygiene", "education", "sante", "culture")


def organisations(count: int) -> Iterator[Fact]:
    """As many structures, spread over departments, goals and countries."""
    example = EXAMPLES[OrganisationPublished].model_dump()
    for number in range(count):
        day = date(2020, 1, 1) + timedelta(days=number % 2_000)
        changes = {
            "organisation_id": uuid4(),
            "slug": f"comite-{number:x}",
            "name": f"Comité {number:x} pour l’eau",
            "occurred_on": day,
            "published_on": day,
            "department": DEPARTMENTS[number % 12],
            "sdgs": [1 + number % 17, 1 + (number * 7) % 17] if number % 17 else [1],
            "countries": list({COUNTRIES[number % 8], COUNTRIES[(number // 8) % 8]}),
        }
        yield OrganisationPublished(**example | changes)


def registrations(count: int, gatherings: list[UUID]) -> Iterator[Fact]:
    """As many confirmed registrations, spread over gatherings and days."""
    example = EXAMPLES[RegistrationConfirmed].model_dump()
    for number in range(count):
        changes = {
            "registration_id": uuid4(),
            "person_id": uuid4(),
            "gathering_id": gatherings[number % len(gatherings)],
            "occurred_on": date(2020, 1, 1) + timedelta(days=number % 2_000),
            "department": DEPARTMENTS[number % 12],
            "organisation_id": None,
        }
        yield RegistrationConfirmed(**example | changes)


def revocations(count: int) -> Iterator[DomainEvent]:
    """As many accesses taken back: the one fact that all four services hear."""
    example = EXAMPLES[AccessRevoked].model_dump()
    for _ in range(count):
        yield AccessRevoked(**example | {"token_id": uuid4()})


def one_body() -> str:
    """The body of a registration, as it lies in a row."""
    return next(iter(registrations(1, [uuid4()]))).model_dump_json(exclude_none=True)


async def publish(js: JetStreamContext, facts: Iterable[DomainEvent]) -> int:
    """Put facts on their stream as a relay would, `AT_ONCE` at a time; how many were acknowledged."""
    done = 0
    told = iter(facts)
    while batch := list(islice(told, AT_ONCE)):
        sent = [await _send(js, fact) for fact in batch]
        done += len(await asyncio.wait_for(asyncio.gather(*sent), 60))
    return done


async def _send(js: JetStreamContext, fact: DomainEvent) -> "asyncio.Future[object]":
    envelope = Envelope(new_id(), fact.contract(), now(), new_id(), None)
    body = fact.model_dump_json(exclude_none=True).encode()
    return await js.publish_async(fact.subject(NETWORK), body, stream=fact.stream, headers=envelope.headers(NETWORK))


def must(truth: bool, sentence: str) -> None:
    """Failed, with what was found, where what was counted did not happen."""
    if not truth:
        raise Failed(sentence)
