"""A mail as blocks: the HTML and its plain-text twin say the same because both are made from these."""

from dataclasses import dataclass, field
from typing import Literal

from markupsafe import Markup

BlockKind = Literal["title", "heading", "text", "rich", "facts", "button", "item", "note"]


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of a mail; `rich` carries HTML already made harmless, and its source in `text`."""

    kind: BlockKind
    text: str = ""
    url: str = ""
    what: str = ""
    html: Markup | str = ""
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Mail:
    """Everything about a mail but its recipient."""

    subject: str
    blocks: tuple[Block, ...]
    reason: str
    """Why this person gets it: the last words of the mail."""
    links: tuple[tuple[str, str], ...] = ()
    """Links of the foot: (label, address)."""
    calendar: str | None = None
    preview: str = ""
    """The line a mailbox shows beside the subject."""
    headers: dict[str, str] = field(default_factory=dict)
    label: str = ""
    """Stands above everything: « Démonstration »."""


def title(text: str) -> Block:
    """The head of the mail."""
    return Block("title", text)


def heading(text: str) -> Block:
    """The head of a part."""
    return Block("heading", text)


def text(said: str) -> Block:
    """A paragraph."""
    return Block("text", said)


def note(said: str) -> Block:
    """Small print."""
    return Block("note", said)


def button(label: str, url: str) -> Block:
    """One thing to press."""
    return Block("button", label, url)


def item(label: str, url: str, what: str = "") -> Block:
    """A line of a letter, with its link."""
    return Block("item", label, url, what)


def facts(*pairs: tuple[str, str | None]) -> Block:
    """Lines « label: value »; a value that is absent leaves no line."""
    return Block("facts", facts=tuple((label, value) for label, value in pairs if value))
