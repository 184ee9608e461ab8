"""What an indicator's file says: a name, a definition, a source, and the two readings behind every figure."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from services.observatory.domain import Dimension, Filter, Page, Scope
from shared.db import Row, Tx
from shared.web.i18n import _, is_plural

Counting = Callable[[Tx, Dimension | None, Scope], Awaitable[Sequence[Row]]]
"""Rows `(why, note, key, value, n, fictional)`: `why` is null for what counts, else the code of what stands apart."""
Opening = Callable[[Tx, Scope, bool, Page], Awaitable[Sequence[Row]]]
"""Rows `(id, label, path, day, department, value, why, note, fictional)`, newest first; counted ones, or the others."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """A figure's file. French words here; they are said in the reader's language when shown."""

    id: str
    version: int
    name: str
    definition: str
    unit: tuple[str, str]
    """Singular and plural."""
    source: str
    coverage: str
    dimensions: tuple[Dimension, ...]
    filters: frozenset[Filter]
    """The partner's filters that these facts can obey."""
    count: Counting
    facts: Opening
    facts_for_team: Opening
    reasons: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Why a row stands apart, by its code: of one, of several."""
    notes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """What the parts of the figure are, by their code: of one, of several."""

    def unit_of(self, n: float) -> str:
        """What `n` of them are called, in the reader's language."""
        return _(self.unit[is_plural(n)])
