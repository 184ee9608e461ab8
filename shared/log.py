"""JSON logs on standard error, with the correlation id of the story and never an address in them."""

import logging
import re
import sys
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any, TextIO
from uuid import UUID

import structlog
from structlog.tracebacks import ExceptionDictTransformer

from shared.clock import new_id

_correlation: ContextVar[UUID | None] = ContextVar("correlation", default=None)
_ADDRESS = re.compile(r"[^\s<>\"'@,;:()]+@[^\s<>\"'@,;:()]+")
_SECRET_LINK = re.compile(
    r"(/(?:demande|confirmation|connexion|preferences|inscription|effacement|recu|desinscription|partenaire|adhesion)/)[^\s/?\"']{16,}"
)


def correlation_id() -> UUID:
    """The id of the story being told; a new one where none was set."""
    current = _correlation.get()
    return current if current is not None else follow(new_id())


def follow(story: UUID) -> UUID:
    """Make `story` the correlation id of what this task does next."""
    _correlation.set(story)
    return story


def without_addresses(text: str) -> str:
    """The text with e-mail addresses and signed links blanked."""
    return _SECRET_LINK.sub(r"\1…", _ADDRESS.sub("…@…", text) if "@" in text else text)


def _blank(value: object) -> object:
    if isinstance(value, str):
        return without_addresses(value)
    if isinstance(value, dict):
        return {key: _blank(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_blank(inner) for inner in value]
    return value


def _blank_addresses(_logger: object, _name: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in entry.items():
        entry[key] = _blank(value)
    return entry


def _add_correlation(_logger: object, _name: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    story = _correlation.get()
    if story is not None:
        entry.setdefault("correlation_id", str(story))
    return entry


def configure(level: int = logging.INFO, to: TextIO | None = None) -> None:
    """Send our logs and the libraries' warnings to standard error (or `to`) as one JSON line each."""
    chain: list[Any] = [
        _add_correlation,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),  # they hold passwords
        _blank_addresses,
    ]
    structlog.configure(
        processors=[*chain, structlog.processors.JSONRenderer(ensure_ascii=False)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(to or sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(to or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
            foreign_pre_chain=[*chain],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
