"""The directory and the page of a structure."""

import json
from typing import Any

from fastapi import APIRouter
from markupsafe import Markup
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from services.registry import wording
from services.registry.forms import OrganisationsAsked
from services.registry.queries.directory import Found, profile, search
from services.registry.queries.groups import groups_of_countries
from services.registry.tally import FACETS, kept
from shared.db import Database, Row
from shared.errors import Invalid
from shared.settings import Settings
from shared.web.i18n import _
from shared.web.pages import render, url

router = APIRouter()
SHOWN_OPTIONS = 8


@router.get("/annuaire")
async def directory(request: Request) -> Response:
    """Search, facets, list and map: written once for all who are not signed in, until the directory changes."""
    if request.state.session is not None:
        return await _directory(request)
    return await kept(request, lambda: _directory(request))


async def _directory(request: Request) -> Response:
    asked = asked_of(request)
    db: Database = request.app.state.db
    async with db.reading() as tx:
        try:
            found = await search(tx, asked, request.app.state.tally)
        except Invalid:  # a page that is no more: the list from its beginning
            asked = asked.model_copy(update={"cursor": ""})
            found = await search(tx, asked, request.app.state.tally)
    settings: Settings = request.app.state.settings
    counts = dict(found.facets["department"])
    return render(
        request,
        "registry/directory.html",
        section="directory",
        asked=asked,
        found=found,
        facets=_facets(asked, found),
        chips=_chips(asked),
        first=_address(asked) if asked.cursor else None,
        export=url("/annuaire/export.csv", **_filters(asked)),
        open_data=url("/api/registry/v1/organisations", **_filters(asked)),
        counts=counts,
        links={code: _address(asked, department=code) for code in counts},
        region=settings.region,
        words=wording,
        demonstration=any(row["demonstration"] for row in found.items),
    )


def asked_of(request: Request) -> OrganisationsAsked:
    """The filters of the address; one that means nothing is left out."""
    query = request.query_params
    asked: dict[str, Any] = {name: query.getlist(name) for name in FACETS if query.getlist(name)}
    asked |= {name: query[name] for name in ("q", "sort", "cursor") if query.get(name)}
    try:
        return OrganisationsAsked.model_validate(asked)
    except ValidationError as error:
        for one in error.errors():
            asked.pop(str(one["loc"][0]), None)
        return OrganisationsAsked.model_validate(asked)


def _filters(asked: OrganisationsAsked) -> dict[str, Any]:
    return {"q": asked.q} | {name: getattr(asked, name) for name in FACETS if getattr(asked, name)}


def _address(asked: OrganisationsAsked, **changes: Any) -> str:
    """The first page of this search, with some of its filters changed."""
    sort = None if asked.sort == "name" else asked.sort
    return url("/annuaire", **(_filters(asked) | {"sort": sort} | changes))


def _facets(asked: OrganisationsAsked, found: Found) -> list[dict[str, Any]]:
    titles = {
        "college": _("Collège"),
        "sdg": _("Objectifs de développement durable"),
        "country": _("Pays d’intervention"),
        "theme": _("Thème"),
        "kind": _("Nature de la structure"),
        "department": _("Département"),
    }
    groups = []
    for name, title in titles.items():
        chosen = [str(one) for one in getattr(asked, name)]
        options = [
            {"value": value, "label": wording.LABELS[name](value), "count": n, "checked": value in chosen}
            for value, n in found.facets[name]
        ]
        kind = {"sdg": "sdgs", "department": "select"}.get(name, "checkboxes")
        if name == "sdg":
            options.sort(key=lambda option: int(str(option["value"])))
        elif kind == "checkboxes":
            options = [one for at, one in enumerate(options) if at < SHOWN_OPTIONS or one["checked"]]
        if options:
            groups.append(
                {"name": name, "label": title, "kind": kind, "options": options, "empty": _("Toute la région")}
            )
    return groups


def _chips(asked: OrganisationsAsked) -> list[tuple[str, str]]:
    chips = []
    for name in FACETS:
        chosen = getattr(asked, name)
        for value in chosen:
            label = _("ODD %(n)s", n=value) if name == "sdg" else str(wording.LABELS[name](value))
            left = [one for one in chosen if one != value]
            chips.append((label, _address(asked, **{name: left})))
    if asked.q:
        chips.append((_("«\u202f%(words)s\u202f»", words=asked.q), _address(asked, q=None)))
    return chips


@router.get("/annuaire/{slug}")
async def organisation(request: Request, slug: str) -> Response:
    """The identity sheet of a structure; what is not known says so."""
    db: Database = request.app.state.db
    async with db.reading() as tx:
        row = await profile(tx, slug)
        known = await groups_of_countries(tx, row["countries"])
    return render(
        request,
        "registry/organisation.html",
        section="directory",
        row=row,
        groups=known,
        words=wording,
        linked=_linked(row, request.app.state.settings),
        back=url("/annuaire"),
        demonstration=row["demonstration"],
    )


def _linked(row: Row, settings: Settings) -> Markup:
    """schema.org, for search engines."""
    told: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "NGO" if row["college"] == "associations" else "Organization",
        "name": row["name"],
        "alternateName": row["acronym"],
        "url": f"{settings.public_url}/annuaire/{row['slug']}",
        "sameAs": row["website"],
        "description": row["description"],
        "areaServed": [wording.country(code) for code in row["countries"]] or None,
        "identifier": row["siret"] or row["siren"] or row["rna"],
    }
    known = {name: value for name, value in told.items() if value}
    return Markup(json.dumps(known, ensure_ascii=False).replace("<", "\\u003c").replace("&", "\\u0026"))
