"""`docs/events.md`: every fact the services tell each other, from the contracts, the cards and the examples."""

import json
from collections.abc import Iterator
from typing import Any

from services.houses import CARDS
from shared.contracts import PEOPLE, DomainEvent
from shared.contracts.examples import EXAMPLES

HEAD = """# Every fact

Written by `maillage bus facts > docs/events.md`; a test holds it to the contracts. A fact is published once and changes
no more; a listener ignores fields that it does not know. FACTS is kept for ever and holds nothing personal; PEOPLE is
kept 30 days. The envelope (CloudEvents 1.0, the ids of the story and of the cause) travels in the headers.
"""


def facts_page(network: str) -> str:
    """The page, one section a service that speaks."""
    parts = [HEAD]
    for card in CARDS.values():
        parts.append(f"\n## {card.name}\n")
        parts += [
            _section(shape, network) for shape in sorted(card.publishes, key=lambda one: (one.stream, one.contract()))
        ]
    return "".join(parts)


def _section(shape: type[DomainEvent], network: str) -> str:
    listeners = [card.name for card in CARDS.values() if shape in card.listens]
    kept = "PEOPLE, 30 days" if shape.stream == PEOPLE else "FACTS, for ever"
    rows = "".join(_fields(shape))
    return (
        f"\n### {shape.contract()}\n\n{' '.join((shape.__doc__ or '').split())}\n\n"
        f"Said by **{shape.service}**, heard by {', '.join(f'**{name}**' for name in listeners) or 'nobody yet'}. "
        f"{kept}. Subject `{shape.subject_filter(network).replace('*', '<person_key>')}`.\n\n"
        f"| field | type | |\n|---|---|---|\n{rows}\n"
        f"```json\n{EXAMPLES[shape].model_dump_json(exclude_none=True, indent=2)}\n```\n"
    )


def _fields(shape: type[DomainEvent]) -> Iterator[str]:
    schema = shape.model_json_schema()
    needed = schema.get("required", [])
    for name, told in schema["properties"].items():
        default = told.get("default")
        when = (
            "needed" if name in needed else f"else `{json.dumps(default)}`" if default is not None else "may be absent"
        )
        yield f"| `{name}` | {_type(told)} | {when} |\n"


def _type(told: dict[str, Any]) -> str:
    if "$ref" in told:
        return str(told["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in told:
        return " or ".join(_type(one) for one in told["anyOf"] if one.get("type") != "null")
    if "enum" in told:
        return ", ".join(f"`{one}`" for one in told["enum"])
    if "const" in told:
        return f"`{told['const']}`"
    if told.get("type") == "array":
        return f"list of {_type(told['items'])}"
    return str(told.get("format") or told.get("type", "any"))
