"""HTML filled from Python: every value escaped, numbers left to their format."""

from collections.abc import Iterable

from markupsafe import Markup, escape


def fill(template: str, *values: object) -> Markup:
    """Fill a literal template with values, escaped unless they are markup; much faster than Markup.format."""
    return Markup(template.format(*(value if type(value) in (int, float) else escape(value) for value in values)))


def joined(parts: Iterable[str]) -> Markup:
    """Put pieces of markup one after the other, escaping what is not."""
    return Markup("".join(escape(part) for part in parts))
