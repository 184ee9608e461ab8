"""Rows of a form that one adds by a button, without a script."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from shared.web.forms import Form

ADD = "_add"
MOST = 50


@dataclass(frozen=True, slots=True)
class Rows:
    """How many rows of a list the form shows."""

    sessions: int
    programme: int


SESSIONS = ("starts_at", "ends_at", "title")
PROGRAMME = ("starts_at", "ends_at", "activity", "speaker")


def lay_out(form: Form) -> Rows:
    """Number the filled rows from 0, so that errors stand beside them; at least one session, a spare line after."""
    added = form.values.pop(ADD, "")
    sessions = _renumber(form, "sessions", SESSIONS)
    programme = _renumber(form, "programme", PROGRAMME)
    return Rows(
        min(MOST, max(1, sessions + (1 if added == "sessions" else 0))),
        min(200, programme + (3 if added == "programme" else 0)),
    )


def asks_for_rows(form: Form) -> bool:
    """Whether the button pressed only asks for another line."""
    return bool(form.value(ADD))


def _renumber(form: Form, name: str, fields: Sequence[str]) -> int:
    pattern = re.compile(rf"{name}-(\d{{1,3}})-([a-z_]+)")
    found: dict[int, dict[str, str]] = {}
    for key in [one for one in form.values if pattern.fullmatch(one)]:
        match = pattern.fullmatch(key)
        value = form.values.pop(key)
        if match and isinstance(value, str) and match[2] in fields:
            found.setdefault(int(match[1]), {})[match[2]] = value
    filled = [row for _, row in sorted(found.items()) if any(value.strip() for value in row.values())]
    for index, row in enumerate(filled):
        form.values |= {f"{name}-{index}-{field}": value for field, value in row.items()}
    return len(filled)
