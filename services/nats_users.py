"""The users of the bus as a NATS server reads them: the permissions that the cards give, the passwords elsewhere."""

from collections.abc import Iterable

from services.houses import bus_users
from shared.bus.streams import NatsPermissions


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
