"""Pages: one Jinja environment, one way to answer a page, one way to answer an error."""

import functools
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from shared.db import Row
from shared.reference import sdg
from shared.web import charts, format, i18n, maps
from shared.web.assets import mount_static, static
from shared.web.headers import language_of, security_headers
from shared.web.i18n import _, language, ngettext, register_locale

__all__ = ["error_page", "here", "mount_static", "register_locale", "register_templates", "render", "security_headers"]
__all__ += ["static", "url"]

_address: ContextVar[tuple[str, str]] = ContextVar("address", default=("/", ""))
_folders: list[str] = [str(Path(__file__).parent / "templates")]


@dataclass(frozen=True, slots=True)
class Network:
    """The network as its pages name it: read from the settings, with words to stand on where they say nothing."""

    name: str = "Maillage"
    tagline: str = "Réseau régional multi-acteurs"
    region_name: str = "Nouvelle-Aquitaine"
    public_url: str = ""


def register_templates(folder: Path) -> None:
    """Add a service's `templates` folder, which holds `<service>/page.html` so that names never clash."""
    if str(folder) not in _folders:
        _folders.append(str(folder))


def url(path: str, **query: Any) -> str:
    """Write an address of ours that keeps the reader's language; None drops a parameter, a list repeats it."""
    path, _hash, anchor = path.partition("#")
    pairs = {"lang": "en"} | query if language.get() == "en" else query
    encoded = urlencode({key: value for key, value in pairs.items() if value not in (None, "")}, doseq=True)
    joined = f"{path}{'&' if '?' in path else '?'}{encoded}" if encoded else path
    return f"{joined}#{anchor}" if anchor else joined


def here(**changes: Any) -> str:
    """Write the address of the page being shown, with some of its query changed; None drops a parameter."""
    path, query = _address.get()
    kept = [(key, value) for key, value in parse_qsl(query) if key not in changes]
    for key, value in changes.items():
        kept += [(key, one) for one in (value if isinstance(value, (list, tuple)) else [value]) if one is not None]
    return f"{path}?{urlencode(kept)}" if kept else path


def network_of(request: Request) -> Network:
    """Read the network's name, tagline and address from the settings of the service that answers."""
    settings = getattr(request.app.state, "settings", None)
    wanted = {"name": "network_name", "tagline": "network_tagline", "public_url": "public_url"}
    wanted["region_name"] = "region_name"
    found = {ours: getattr(settings, theirs, None) for ours, theirs in wanted.items()}
    return Network(**{key: str(value) for key, value in found.items() if value})


class _KeysFirst(Environment):
    """Rows and dicts are asked for their keys first: an attribute they have not got costs an exception each time."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, (dict, Row)):
            try:
                return obj[attribute]
            except KeyError:
                pass
        return super().getattr(obj, attribute)


@functools.cache
def environment() -> Environment:
    """Build the one environment; folders registered later are seen too."""
    made = _KeysFirst(
        loader=FileSystemLoader(_folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"],
    )
    made.loader.searchpath = _folders  # type: ignore[union-attr]
    words = {"_": _, "ngettext": ngettext, "url": url, "here": here, "static": static, "sdg": sdg}
    made.globals.update(words, language=language.get, charts=charts, maps=maps, languages=i18n.LANGUAGES)
    for name in ("number", "percent", "signed", "date", "short_date", "month", "time", "moment"):
        made.filters[name] = getattr(format, name)
    made.filters.update(
        relative_day=format.relative_day, iso=format.iso, dom_id=format.dom_id, field_id=format.field_id
    )
    made.globals["period"] = format.period
    return made


def render(
    request: Request,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **context: Any,
) -> HTMLResponse:
    """Answer a page in the reader's language."""
    lang = language_of(request.scope)
    spoken, shown = language.set(lang), _address.set((request.url.path, request.url.query))
    page = {
        "request": request,
        "lang": lang,
        "network": network_of(request),
        "session": getattr(request.state, "session", None),
        "section": None,
        "team_section": None,
        "demonstration": False,
        "form": None,
    }
    try:
        html = environment().get_template(template).render(page | context)
    finally:
        _address.reset(shown)
        language.reset(spoken)
    wait = {"Retry-After": str(getattr(request.state, "retry_after", 5))} if status in (429, 503) else {}
    return HTMLResponse(html, status_code=status, headers={"Content-Language": lang, **wait, **(headers or {})})


def error_page(request: Request, status: int, detail: str | None = None) -> HTMLResponse:
    """Answer an error in a sentence that says what to do; an unknown status is told as a failure of ours."""
    return render(request, "error.html", status=status, code=status, detail=detail)
