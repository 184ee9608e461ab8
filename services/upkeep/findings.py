"""What a check-up says: a sentence for each thing looked at, and what to do where something is wrong."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["well", "wrong", "unknown"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; `about` is the word by which the same trouble is known again later."""

    level: Level
    about: str
    sentence: str


def well(about: str, sentence: str) -> Finding:
    """As it should be."""
    return Finding("well", about, sentence)


def wrong(about: str, sentence: str) -> Finding:
    """To be cured: the sentence says what to do."""
    return Finding("wrong", about, sentence)


def unknown(about: str, sentence: str) -> Finding:
    """Could not be looked at, and why."""
    return Finding("unknown", about, sentence)
