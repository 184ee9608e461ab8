"""A mail's HTML, compiled from MJML once and filled in a sandbox per reader, and its plain-text twin."""

import functools
import textwrap
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment
from mjml import mjml2html

from services.mailing.mails.pieces import Block, Mail
from shared.settings import Settings
from shared.web.i18n import language

LAYOUT = Path(__file__).parent.parent / "templates" / "mailing" / "mails" / "layout.mjml"
WIDTH = 78


@functools.cache
def compiled() -> Template:
    """The layout, from MJML to a Jinja template of HTML."""
    html = mjml2html(LAYOUT.read_text(encoding="utf-8"))
    html = html.replace("MAIL_SUBJECT", "{{ mail.subject }}").replace("MAIL_PREVIEW", "{{ mail.preview }}")
    html = html.replace('lang="fr"', 'lang="{{ lang }}"')
    sandbox = ImmutableSandboxedEnvironment(autoescape=True, undefined=StrictUndefined)
    made: Template = sandbox.from_string(html)
    return made


def as_html(mail: Mail, settings: Settings) -> str:
    """The HTML of a mail, in the language being spoken."""
    return compiled().render(mail=mail, lang=language.get(), colon=_colon(), **network(settings))


def network(settings: Settings) -> dict[str, Any]:
    """The words of the network in every mail."""
    return {
        "network_name": settings.network_name,
        "network_place": settings.network_place,
        "network_url": f"{settings.public_url}/",
    }


def as_text(mail: Mail, settings: Settings) -> str:
    """The plain-text twin: the same words, addresses in full."""
    parts = [settings.network_name + (f" · {mail.label}" if mail.label else "")]
    parts += [_block(block) for block in mail.blocks]
    parts.append("-- \n" + _wrapped(mail.reason))
    if mail.links:
        parts.append("\n".join(f"{label}{_colon()} {url}" for label, url in mail.links))
    parts.append(settings.network_place)
    return "\n\n".join(part for part in parts if part) + "\n"


def _block(block: Block) -> str:
    if block.kind == "title":
        return _wrapped(block.text).upper() if len(block.text) < WIDTH else _wrapped(block.text)
    if block.kind == "heading":
        return f"{_wrapped(block.text)}\n{'-' * min(WIDTH, len(block.text))}"
    if block.kind == "facts":
        return "\n".join(f"{label}{_colon()} {value}" for label, value in block.facts)
    if block.kind == "button":
        return f"{block.text}{_colon()}\n{block.url}"
    if block.kind == "item":
        return "\n".join(part for part in (_wrapped(block.text), _wrapped(block.what), block.url) if part)
    return "\n\n".join(_wrapped(paragraph) for paragraph in block.text.split("\n\n"))


def _wrapped(said: str) -> str:
    return "\n".join(
        textwrap.fill(line, WIDTH, break_long_words=False, break_on_hyphens=False) for line in said.splitlines()
    )


def _colon() -> str:
    return ":" if language.get() == "en" else "\u00a0:"
