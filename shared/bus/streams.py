"""Who owns the streams: one owner declares them and their consumers, services bind."""

from collections.abc import Iterable
from dataclasses import replace

from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError

from shared.card import Card
from shared.contracts import FACTS, PEOPLE
from shared.settings import Settings

HEALTH = "HEALTH"
PEOPLE_KEPT_SECONDS = 30 * 24 * 3600
DUPLICATE_WINDOW_SECONDS = 120


def stream_configs(settings: Settings) -> list[StreamConfig]:
    """The three streams of a network."""
    network = settings.network
    facts = StreamConfig(
        name=FACTS,
        subjects=[f"maillage.{network}.>"],
        storage=StorageType.FILE,
        retention=RetentionPolicy.LIMITS,
        num_replicas=settings.nats_replicas,
        allow_direct=True,
        duplicate_window=DUPLICATE_WINDOW_SECONDS,
    )
    people = replace(facts, name=PEOPLE, subjects=[f"people.{network}.>"], max_age=PEOPLE_KEPT_SECONDS)
    health = replace(facts, name=HEALTH, subjects=[f"health.{network}.*"], max_msgs_per_subject=1)
    return [facts, people, health]


def consumer_configs(card: Card, settings: Settings) -> list[tuple[str, ConsumerConfig]]:
    """A service's consumers, with the stream each reads; `max_deliver` is endless, failures are counted by us."""
    return [
        (
            stream,
            ConsumerConfig(
                durable_name=card.durable(stream),
                filter_subjects=[shape.subject_filter(settings.network) for shape in card.hears(stream)],
                ack_policy=AckPolicy.EXPLICIT,
                ack_wait=settings.ack_wait,
                max_deliver=-1,
                max_ack_pending=2_000,
            ),
        )
        for stream in card.streams
    ]


async def apply(client: Client, settings: Settings, cards: Iterable[Card]) -> None:
    """Declare streams and consumers as the cards say; harmless when repeated."""
    js = client.jetstream(timeout=10)
    for config in stream_configs(settings):
        assert config.name is not None
        try:
            if (await js.stream_info(config.name)).config.storage != config.storage:  # HEALTH was in memory once,
                await js.delete_stream(HEALTH)  # and a NATS that starts again knows of nothing that was
                raise NotFoundError
        except NotFoundError:
            await js.add_stream(config)
        else:
            await js.update_stream(config)
    for card in cards:
        for stream, consumer in consumer_configs(card, settings):
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
