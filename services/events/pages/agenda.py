"""The public agenda and the page of an event."""

import json
from itertools import groupby
from typing import Any

from fastapi import APIRouter
from markupsafe import Markup
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from services.events import wording
from services.events.agenda import AgendaPage, agenda_page
from services.events.domain import Gathering
from services.events.forms import GatheringsAsked
from services.events.links import Links
from services.events.queries.gatherings import Choice, public_gathering
from services.events.queries.known import group_names
from shared.clock import in_paris, now
from shared.db import Database
from shared.web.i18n import _
from shared.web.pages import render

router = APIRouter()
FILTERS = ("kind", "group", "theme", "department")
SCHEMA_MODES = {
    "in_person": "OfflineEventAttendanceMode",
    "online": "OnlineEventAttendanceMode",
    "hybrid": "MixedEventAttendanceMode",
}
SCHEMA_STATUS = {"cancelled": "EventCancelled", "postponed": "EventPostponed"}


@router.get("/agenda")
async def agenda(request: Request) -> Response:
    """What comes, by month; or a past year."""
    asked = _asked(request)
    db: Database = request.app.state.db
    async with db.reading() as tx:
        page = await agenda_page(tx, asked)
        other = await agenda_page(tx, GatheringsAsked(period="past", limit=1)) if asked.period == "coming" else page
        groups = await group_names(tx)
    return render(
        request,
        "events/agenda.html",
        section="agenda",
        asked=asked,
        page=page,
        months=[(month, list(rows)) for month, rows in groupby(page.items, lambda g: wording.month_of(g.first_day))],
        years=sorted((int(one.value) for one in other.choices if one.name == "year"), reverse=True),
        facets=_facets(asked, page, groups),
        chips=_chips(asked, groups),
        words=wording,
        groups=groups,
        demonstration=any(one.demonstration for one in page.items),
        at=now(),
    )


def _asked(request: Request) -> GatheringsAsked:
    """The filters of the address; one that means nothing is left out."""
    query = request.query_params
    asked: dict[str, Any] = {name: query[name] for name in (*FILTERS, "cursor") if query.get(name)}
    if query.get("annee"):
        asked |= {"period": "past", "year": query["annee"]}
    elif query.get("periode") == "passee":
        asked["period"] = "past"
    try:
        return GatheringsAsked.model_validate(asked)
    except ValidationError as error:
        for one in error.errors():
            asked.pop(str(one["loc"][0]), None)
        return GatheringsAsked.model_validate(asked)


def _labels(groups: dict[str, str]) -> dict[str, Any]:
    names = {"kind": wording.kind, "theme": wording.theme, "department": wording.department}
    return names | {"group": lambda slug: groups.get(slug, slug)}


def _facets(asked: GatheringsAsked, page: AgendaPage, groups: dict[str, str]) -> list[dict[str, Any]]:
    titles = {"kind": _("Type d’événement"), "group": _("Groupe"), "theme": _("Thème"), "department": _("Département")}
    found = []
    for name, label in _labels(groups).items():
        options = [_option(one, label(one.value), getattr(asked, name)) for one in page.choices if one.name == name]
        if options:
            found.append({"name": name, "label": titles[name], "kind": "select", "options": options})
    return sorted(found, key=lambda one: FILTERS.index(one["name"]))


def _option(choice: Choice, label: str, chosen: str | None) -> dict[str, Any]:
    return {"value": choice.value, "label": label, "count": choice.count, "checked": choice.value == chosen}


def _chips(asked: GatheringsAsked, groups: dict[str, str]) -> list[tuple[str, str]]:
    labels = _labels(groups)
    return [(labels[name](value), name) for name in FILTERS if (value := getattr(asked, name))]


@router.get("/agenda/{slug}")
async def gathering_page(request: Request, slug: str) -> Response:
    """One event: when, where, its programme, its places."""
    db: Database = request.app.state.db
    async with db.reading() as tx:
        gathering = await public_gathering(tx, slug)
        groups = await group_names(tx)
    days = [
        (day, list(items)) for day, items in groupby(gathering.programme, lambda item: in_paris(item.starts_at).date())
    ]
    return render(
        request,
        "events/gathering.html",
        section="agenda",
        gathering=gathering,
        days=days,
        group=groups.get(gathering.group_slug or "") or gathering.group_slug,
        words=wording,
        open=gathering.is_open(now()),
        past=gathering.is_past(now()),
        linked=_linked(gathering, Links.of(request)),
        demonstration=gathering.demonstration,
    )


def _linked(gathering: Gathering, links: Links) -> Markup:
    """schema.org, for search engines; never the address of the video room."""
    address = links.gathering(gathering.slug)
    by_hour = gathering.date_precision == "time"
    told: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "EducationEvent" if gathering.kind == "training" else "Event",
        "name": gathering.title,
        "url": address,
        "startDate": in_paris(gathering.starts_at).isoformat() if by_hour else str(gathering.first_day),
        "eventStatus": f"https://schema.org/{SCHEMA_STATUS.get(gathering.status, 'EventScheduled')}",
    }
    if by_hour:
        told["endDate"] = in_paris(gathering.ends_at).isoformat()
    if gathering.role == "organiser":
        told["organizer"] = {"@type": "Organization", "name": links.settings.network_name}
    if gathering.mode:
        told["eventAttendanceMode"] = f"https://schema.org/{SCHEMA_MODES[gathering.mode]}"
    if gathering.place:
        told["location"] = {"@type": "Place", "name": gathering.place, "address": gathering.place}
    elif gathering.mode == "online":
        told["location"] = {"@type": "VirtualLocation", "url": address}
    if gathering.description:
        told["description"] = gathering.description
    return Markup(json.dumps(told, ensure_ascii=False).replace("<", "\\u003c").replace("&", "\\u0026"))
