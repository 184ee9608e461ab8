"""The words: French in the code, English in `locale/en.po` files that are read directly."""

import functools
import html
import re
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

LANGUAGES = ("fr", "en")
language: ContextVar[str] = ContextVar("language", default="fr")

_folders: list[Path] = []
_METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2"), ("**/templates/**.txt", "jinja2")]
_KEYWORDS: dict[str, Any] = {"_": None, "gettext": None, "ngettext": (1, 2)}
_MISTAKES = (
    (re.compile(r"(?:^|[^\u202f\s])[ \u00a0]?[;!?](?=\s|$)"), "U+202F is wanted before ; ! ?"),
    (re.compile(r"[^\u00a0\d]:(?=\s|$)|[ \u202f]:"), "U+00A0 is wanted before :"),
    (re.compile(r"«[^\u202f]|[^\u202f]»"), "U+202F is wanted inside « »"),
    (re.compile(r"'"), "the apostrophe is ’ (U+2019)"),
    (re.compile(r"\.\.\."), "the ellipsis is … (U+2026)"),
    (re.compile(r"\d %(?![(])"), "U+202F is wanted before %"),
)


def register_locale(folder: Path) -> None:
    """Add a folder holding an `en.po`; the first one to translate a sentence wins."""
    if folder not in _folders:
        _folders.append(folder)
        catalogue.cache_clear()


def read_catalogue(path: Path) -> dict[str, tuple[str, ...]]:
    """Read a .po file as message -> its translations (one, or singular and plural)."""
    with path.open("rb") as file:
        messages = read_po(file, abort_invalid=True)
    read: dict[str, tuple[str, ...]] = {}
    for message in messages:
        if message.id and message.string and not message.fuzzy:
            key = message.id if isinstance(message.id, str) else message.id[0]
            read[key] = (message.string,) if isinstance(message.string, str) else tuple(message.string)
    return read


@functools.cache
def catalogue() -> dict[str, tuple[str, ...]]:
    """Return every English sentence known, from all registered folders."""
    merged: dict[str, tuple[str, ...]] = {}
    for folder in _folders:
        if (folder / "en.po").exists():
            merged = read_catalogue(folder / "en.po") | merged
    return merged


def translate(lang: str, message: str) -> str:
    """Say a French sentence in that language; French where no translation is known."""
    if lang == "fr":
        return message
    return catalogue().get(message, (message,))[0] or message


def _(message: str, **values: Any) -> str:
    """Say a French sentence in the reader's language, with `%(name)s` filled from the keywords."""
    said = translate(language.get(), message)
    return said % values if values else said


def is_plural(n: float) -> bool:
    """Whether the reader's language says `n` in the plural: in French from 2 on, in English all but 1."""
    return n != 1 if language.get() == "en" else abs(n) >= 2


def ngettext(singular: str, plural: str, n: int, **values: Any) -> str:
    """Say the form that suits n (French: 0 and 1 are singular); `%(n)s` is n, with its thousands set apart."""
    lang = language.get()
    forms = catalogue().get(singular, ()) if lang != "fr" else ()
    one = abs(n) < 2 if lang == "fr" or len(forms) < 2 else n == 1
    said = (forms[0] if one else forms[1]) if len(forms) > 1 else (singular if one else plural)
    return said % ({"n": grouped(n, lang)} | values)


def grouped(n: int, lang: str) -> str:
    """Write an integer with its thousands set apart: 1 432 (U+202F), 1,432 in English."""
    return f"{n:,}" if lang == "en" else f"{n:,}".replace(",", "\u202f").replace("-", "\u2212")


def messages_in(root: Path) -> Iterator[tuple[str, str, bool]]:
    """Yield (place, message, has a plural) for every sentence marked in Python and templates under root."""
    reading = {"silent": "false", "extensions": "jinja2.ext.do,jinja2.ext.loopcontrols"}
    options = {pattern: reading for pattern, method in _METHODS if method == "jinja2"}
    for name, line, message, _comments, _context in extract_from_dir(
        root, method_map=_METHODS, options_map=options, keywords=_KEYWORDS, strip_comment_tags=True
    ):
        parts = message if isinstance(message, tuple) else (message,)
        for part in parts[:1]:
            yield f"{name}:{line}", part, len(parts) > 1


def missing_english(root: Path, known: dict[str, tuple[str, ...]]) -> list[str]:
    """List the sentences under root that have no English, each with its place."""
    return [
        f"{place}: {message}"
        for place, message, plural in messages_in(root)
        if len([form for form in known.get(message, ()) if form]) < (2 if plural else 1)
    ]


def typography_faults(message: str) -> list[str]:
    """List what is wrong with the typography of a French sentence (codes and addresses in it are left alone)."""
    text = html.unescape(re.sub(r"https?://\S+|<[^>]+>|%\(\w+\)s|\{\w+\}", "x", message))
    return [f"{message!r}: {fault}" for pattern, fault in _MISTAKES if pattern.search(text)]


register_locale(Path(__file__).parent / "locale")
