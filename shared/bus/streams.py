"""Who owns the streams: one owner declares them and their consumers, services bind."""

from collections.abc import Iterable
from dataclasses import replace

from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError

from shared.card import Card
from shared.contracts import FACTS, PEOPLE

HEALTH = "HEALTH"
PEOPLE_KEPT_SECONDS = 30 * 24 * 3600
DUPLICATE_WINDOW_SECONDS = 120
ACK_WAIT_SECONDS = 20
"""After this, what a killed process had taken comes again; a longer handling only meets its own mark in the inbox."""


def stream_configs(network: str, replicas: int = 1) -> list[StreamConfig]:
    """The three streams of a network."""
    facts = StreamConfig(
        name=FACTS,
        subjects=[f"maillage.{network}.>"],
        storage=StorageType.FILE,
        retention=RetentionPolicy.LIMITS,
        num_replicas=replicas,
        allow_direct=True,
        duplicate_window=DUPLICATE_WINDOW_SECONDS,
    )
    people = replace(facts, name=PEOPLE, subjects=[f"people.{network}.>"], max_age=PEOPLE_KEPT_SECONDS)
    memory = StorageType.MEMORY
    health = replace(facts, name=HEALTH, subjects=[f"health.{network}.*"], storage=memory, max_msgs_per_subject=1)
    return [facts, people, health]


def consumer_configs(card: Card, network: str) -> list[tuple[str, ConsumerConfig]]:
    """A service's consumers, with the stream each reads; `max_deliver` is endless, failures are counted by us."""
    return [
        (
            stream,
            ConsumerConfig(
                durable_name=card.durable(stream),
                filter_subjects=[shape.subject_filter(network) for shape in card.hears(stream)],
                ack_policy=AckPolicy.EXPLICIT,
                ack_wait=ACK_WAIT_SECONDS,
                max_deliver=-1,
                max_ack_pending=2_000,
            ),
        )
        for stream in card.streams
    ]


async def apply(client: Client, network: str, cards: Iterable[Card], replicas: int = 1) -> None:
    """Declare streams and consumers as the cards say; harmless when repeated."""
    js = client.jetstream(timeout=10)
    for config in stream_configs(network, replicas):
        assert config.name is not None
        try:
            await js.stream_info(config.name)
        except NotFoundError:
            await js.add_stream(config)
        else:
            await js.update_stream(config)
    for card in cards:
        for stream, consumer in consumer_configs(card, network):
            await js.add_consumer(stream, consumer)


async def is_whole(client: Client, cards: Iterable[Card]) -> bool:
    """Whether every stream and consumer still exists."""
    js = client.jetstream(timeout=5)
    try:
        for stream in (FACTS, PEOPLE, HEALTH):
            await js.stream_info(stream)
        for card in cards:
            for stream in card.streams:
                await js.consumer_info(stream, card.durable(stream))
    except NotFoundError:
        return False
    return True
