"""What every service says once it holds nothing of an erased person any more."""

from uuid import UUID

from shared.contracts.base import Fact


class AbstractPersonErased(Fact):
    """Nothing recorded before the request is held here any more; by the erasure's id, without the person's key."""

    erasure_id: UUID
    counts: dict[str, int] = {}
    """How many rows went, by kind; `kept` counts what was given after the request."""
