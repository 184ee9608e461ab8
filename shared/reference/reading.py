"""The vendored files, read when first asked for."""

import csv
import gzip
import io
import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"

_SPACED = str.maketrans({"-": " ", "'": " ", "’": " ", "œ": "oe", "æ": "ae"})


def records(name: str) -> list[dict[str, Any]]:
    """The objects of a JSON file that holds a list."""
    found: list[dict[str, Any]] = json.loads((DATA / name).read_text(encoding="utf-8"))
    return found


def rows(pattern: str) -> Iterator[dict[str, str]]:
    """The rows of every compressed CSV that matches, so that another region is one more file."""
    for path in sorted(DATA.glob(pattern)):
        with gzip.open(path, "rb") as packed, io.TextIOWrapper(packed, encoding="utf-8", newline="") as text:
            yield from csv.DictReader(text)


def typographic(name: str) -> str:
    """The name with the apostrophe that French prints."""
    return name.replace("'", "’")


def fold(text: str) -> str:
    """The text without case, accents, hyphens or apostrophes, « St » written out, for comparing what people type."""
    bare = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).lower()).translate(_SPACED)
    words = "".join(letter for letter in bare if not unicodedata.combining(letter)).split()
    return " ".join({"st": "saint", "ste": "sainte"}.get(word, word) for word in words)
