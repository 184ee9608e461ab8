"""Time and identifiers: UTC inside, Europe/Paris for people, UUIDv7 for every id."""

from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from uuid_utils.compat import uuid7

PARIS = ZoneInfo("Europe/Paris")


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The day people in Paris live, which is not always the day in UTC."""
    return datetime.now(PARIS).date()


def in_paris(moment: datetime) -> datetime:
    """The same moment on a Paris clock; a moment without zone is already one of Paris."""
    return moment.replace(tzinfo=PARIS) if moment.tzinfo is None else moment.astimezone(PARIS)


def as_utc(moment: datetime) -> datetime:
    """What a form means: a time without zone is Europe/Paris."""
    return in_paris(moment).astimezone(UTC)


def new_id() -> UUID:
    """A new random id whose order follows time (UUIDv7)."""
    return uuid7()
