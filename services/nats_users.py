"""The users of the bus as a NATS server reads them: the permissions that the cards give, the passwords elsewhere."""

from collections.abc import Iterable
from dataclasses import dataclass

from services.houses import CARDS
from shared.bus.streams import HEALTH
from shared.card import Card


@dataclass(frozen=True, slots=True)
class NatsPermissions:
    """What one NATS user may publish and subscribe to."""

    name: str
    publish: list[str]
    subscribe: list[str]


def bus_users(network: str) -> list[NatsPermissions]:
    """The owner of the bus and the user of each service, with what each may do."""
    return [owner_permissions(), *(permissions(card, network) for card in CARDS.values())]


def permissions(card: Card, network: str) -> NatsPermissions:
    """A service may say its own facts, read its own consumers, and nothing else."""
    publish = [
        f"maillage.{network}.{card.name}.>",
        f"people.{network}.{card.name}.>",
        f"health.{network}.{card.name}",
        f"$JS.API.DIRECT.GET.{HEALTH}.health.{network}.{card.name}",
    ]
    for stream in card.streams:
        durable = card.durable(stream)
        publish += [
            f"$JS.API.CONSUMER.INFO.{stream}.{durable}",
            f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}",
            f"$JS.ACK.{stream}.{durable}.>",
        ]
    return NatsPermissions(card.name, publish, [f"_INBOX_{card.name}.>"])


def owner_permissions(user: str = "owner") -> NatsPermissions:
    """The bus owner declares, reads, purges; it says no fact of any service."""
    return NatsPermissions(user, ["$JS.API.>", "$JS.ACK.>"], ["_INBOX_owner.>"])


def users_file(network: str) -> str:
    """What stands in `deploy/nats-users.conf`: each password is a variable of the NATS server's environment."""
    users = "".join(_user(one) for one in bus_users(network))
    return (
        f"# Written by `maillage bus users`: who may say and hear what on the bus of {network}.\nusers: [\n{users}]\n"
    )


def _user(one: NatsPermissions) -> str:
    return (
        f"  {{\n    user: {one.name}\n    password: $NATS_PASSWORD_{one.name.upper()}\n    permissions: {{\n"
        f"      publish: [{_subjects(one.publish)}]\n      subscribe: [{_subjects(one.subscribe)}]\n    }}\n  }}\n"
    )


def _subjects(subjects: Iterable[str]) -> str:
    return "".join(f'\n        "{subject}"' for subject in subjects) + "\n      "
