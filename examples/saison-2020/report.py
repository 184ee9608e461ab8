"""The report's facts, our readings of them, and how their words are set."""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
FACTS = json.loads((HERE / "source" / "report_2020_facts.json").read_text(encoding="utf-8"))
READINGS = json.loads((HERE / "readings.json").read_text(encoding="utf-8"))
TABLES = FACTS["tables"]

Row = dict[str, str]


def typeset(text: str) -> str:
    """French spacing: U+202F before ; ! ? and inside « », U+00A0 before a colon."""
    text = re.sub(r"«[ \u00a0\u202f]?", "«\u202f", text)
    text = re.sub(r"[ \u00a0\u202f]?»", "\u202f»", text)
    text = re.sub(r"[ \u00a0]([;!?])", "\u202f\\1", text)
    return re.sub(r" :", "\u00a0:", text).replace(" %", "\u00a0%")


def lines_of(source: Mapping[str, Any]) -> str:
    first, last = source["lignes"]
    return str(first) if first == last else f"{first}-{last}"


def sentences(*notes: str) -> str:
    return ". ".join(note.rstrip(".") for note in notes if note)


def joined(values: Iterable[str]) -> str:
    return ";".join(dict.fromkeys(values))


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]
