"""Each service's user of the bus tried against what is others': what it may hear, pull and read; what FACTS holds.

What each may say is tried in tests/service/test_bus.py.
"""

import asyncio
import re

import nats
import nats.errors
import pytest
from nats.aio.client import Client
from nats.js.errors import NotFoundError

from services.embedded import House
from services.houses import CARDS
from shared.bus.bus import connect
from shared.contracts import FACTS, PEOPLE
from tests.conftest import eventually
from tests.security import settled as people
from tests.security.settled import Settled

PHONE = re.compile(r"(?<![\d-])(?:\+33|0033|0)[1-9](?:[ .-]?\d\d){4}(?!\d)")
ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")


async def user(house: House, name: str, refused: list[str]) -> Client:
    async def note(error: Exception) -> None:
        refused.append(str(error).lower())

    return await nats.connect(
        house.services[name].settings.nats_url,
        inbox_prefix=f"_INBOX_{name}".encode(),
        error_cb=note,
        allow_reconnect=False,
    )


def heard_by_others(name: str, network: str) -> list[str]:
    """Subjects that `name` may not listen to: facts pass by its own consumers alone."""
    wide = [">", "maillage.>", "people.>", f"people.{network}.{name}.>", "$SYS.>", "$JS.>", "_INBOX.>", "health.>"]
    return wide + [f"_INBOX_{other}.>" for other in (*CARDS, "owner") if other != name]


def api_of_others(name: str, network: str) -> list[str]:
    """Subjects by which `name` would read, move or remove what is not its own."""
    own = {(stream, CARDS[name].durable(stream)) for stream in CARDS[name].streams}
    asked = [
        f"$JS.{verb}.{stream}.{card.durable(stream)}"
        for card in CARDS.values()
        for stream in (FACTS, PEOPLE)
        for verb in ("API.CONSUMER.MSG.NEXT", "API.CONSUMER.INFO", "API.CONSUMER.DELETE", "ACK")
        if (stream, card.durable(stream)) not in own or verb == "API.CONSUMER.DELETE"
    ]
    for stream in (FACTS, PEOPLE):
        asked += [f"$JS.API.STREAM.{verb}.{stream}" for verb in ("INFO", "UPDATE", "PURGE", "DELETE", "MSG.GET")]
        asked += [f"$JS.API.CONSUMER.CREATE.{stream}", f"$JS.API.DIRECT.GET.{stream}.people.{network}.events"]
    return [one + ".1.1.1.1.1" if one.startswith("$JS.ACK") else one for one in asked]


@pytest.mark.parametrize("name", sorted(CARDS))
async def test_a_service_hears_pulls_and_reads_nothing_but_its_own(house: House, name: str) -> None:
    refused: list[str] = []
    network = house.settings.network
    client = await user(house, name, refused)
    heard, asked = heard_by_others(name, network), api_of_others(name, network)
    for subject in heard:
        await client.subscribe(subject)
    for subject in asked:
        await client.publish(subject, b"{}")
    await client.flush()

    async def all_refused() -> bool:
        return len(refused) >= len(heard) + len(asked)

    await eventually(all_refused, 10)
    await client.close()
    missing = [one for one in (*heard, *asked) if not any(f'"{one.lower()}"' in words for words in refused)]
    assert missing == []


@pytest.mark.parametrize("name", sorted(CARDS))
async def test_a_service_asks_about_its_own_consumers(house: House, name: str) -> None:
    """The control: what is its own is not refused."""
    refused: list[str] = []
    client = await user(house, name, refused)
    for stream in CARDS[name].streams:
        answer = await client.request(f"$JS.API.CONSUMER.INFO.{stream}.{CARDS[name].durable(stream)}", b"", timeout=10)
        assert b'"config"' in answer.data
    await asyncio.sleep(0.2)
    await client.close()
    assert refused == []


async def test_nobody_enters_the_bus_without_the_password_of_a_user(house: House) -> None:
    address = house.services["events"].settings.nats_url
    host = address.partition("@")[2] or address.partition("://")[2]
    for who in ("", "events:", "events:change-me@", "owner:owner@", "observatory:events@"):
        with pytest.raises(nats.errors.Error):
            await nats.connect(
                f"nats://{who if who.endswith('@') or not who else who + '@'}{host}",
                allow_reconnect=False,
                connect_timeout=5,
                max_reconnect_attempts=0,
                error_cb=_silent,
            )


async def _silent(_error: Exception) -> None:
    return None


async def messages(house: House, stream: str) -> list[tuple[str, str]]:
    """Every (subject, body) on a stream, as its owner reads it."""
    owner = house.settings.model_copy(update={"nats_url": house.system.nats_url("owner")})
    client = await connect(owner, "owner", _nothing)
    js = client.jetstream()
    state = (await js.stream_info(stream)).state
    found = []
    for number in range(state.first_seq, state.last_seq + 1):
        try:
            message = await js.get_msg(stream, number)
        except NotFoundError:  # purged with its person
            continue
        headers = " ".join(f"{key}: {value}" for key, value in (message.headers or {}).items())
        found.append((message.subject or "", f"{headers} {(message.data or b'').decode()}"))
    await client.close()
    return found


async def _nothing() -> None:
    return None


async def test_no_address_name_phone_or_key_of_anybody_is_on_facts(house: House, settled: Settled) -> None:
    key = [settled.words[f"observatory {name}"] for name in ("key", "other key")]
    told = await messages(house, FACTS)
    assert len(told) > 8
    for subject, body in told:
        assert not ADDRESS.search(body), subject
        assert not PHONE.search(body), subject
        assert '"person_key"' not in body or "eras" in subject, subject
        assert not any(one in body for one in (*key, *settled.links.values())), subject
    named = await messages(house, PEOPLE)
    assert any(people.COMER in body for _subject, body in named), "the control: PEOPLE holds what FACTS does not"
