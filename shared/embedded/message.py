"""What a caught message holds: its two bodies, its other parts, and its text cut so that addresses become links."""

import re
from collections.abc import Iterator
from email.message import EmailMessage, Message
from typing import Literal

LINK = re.compile(r"https?://[^\s<>\"«»]+[^\s<>\"«».,;:!?)\]’']|(?<![\w.+-])[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+")
Segment = tuple[Literal["text", "link", "address"], str]


def body(message: EmailMessage, kind: Literal["plain", "html"]) -> str | None:
    """The text or HTML alternative, None when there is none."""
    part = message.get_body((kind,))
    return content(part).decode(charset(part), errors="replace") if part is not None else None


def other_parts(message: EmailMessage) -> list[EmailMessage]:
    """Every part that is neither the text nor the HTML: attachments, calendars, inline pictures."""
    bodies = [id(message.get_body((kind,))) for kind in ("plain", "html")]
    leaves = [part for part in message.walk() if not part.is_multipart() and id(part) not in bodies]
    return [part for part in leaves if isinstance(part, EmailMessage)]


def name_of(part: EmailMessage, number: int) -> str:
    """The file name of a part, made up from its type where it has none."""
    return part.get_filename() or f"piece-{number}.{part.get_content_subtype()}"


def content(part: Message) -> bytes:
    """The bytes of a part, whatever carries them."""
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def charset(part: Message) -> str:
    """The character set that a part says it uses, or UTF-8 when Python does not know it."""
    named = part.get_content_charset("utf-8")
    try:
        "".encode(named)
    except LookupError:
        return "utf-8"
    return named


def paragraphs(text: str) -> list[list[list[Segment]]]:
    """Paragraphs of lines of segments, ready to be shown."""
    blocks = re.split(r"\n[ \t]*\n+", text.replace("\r\n", "\n").strip("\n"))
    return [[list(segments(line)) for line in block.split("\n")] for block in blocks]


def segments(line: str) -> Iterator[Segment]:
    """A line cut where its addresses start and end."""
    end = 0
    for found in LINK.finditer(line):
        if found.start() > end:
            yield "text", line[end : found.start()]
        yield ("address" if "://" not in found.group() else "link"), found.group()
        end = found.end()
    if end < len(line):
        yield "text", line[end:]


def opening_links_apart(html: str) -> str:
    """The same HTML, its links opening in a tab of their own: the frame that shows it may not go elsewhere."""
    base = '<base target="_blank">'
    changed, count = re.subn(r"(<head(?:\s[^>]*)?>)", rf"\1{base}", html, count=1, flags=re.IGNORECASE)
    return changed if count else base + html
