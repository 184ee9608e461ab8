"""A gathering as the API shows it."""

from typing import Any

from services.events.domain import Gathering
from services.events.links import Links
from services.events.queries.registrations import Registrant


def gathering_shown(gathering: Gathering, links: Links, groups: dict[str, str], team: bool = False) -> dict[str, Any]:
    """What everybody may know; the address of the video room is for those who have a place, and the team."""
    known = {name: getattr(gathering, name) for name in _FIELDS}
    known |= {"date": gathering.first_day, "sessions": [slot(one) for one in gathering.sessions]}
    known |= {"days": gathering.days, "places_left": gathering.places_left, "url": links.gathering(gathering.slug)}
    known["calendar_url"] = f"{links.gathering(gathering.slug)}.ics"
    known["group"] = gathering.group_slug
    known["group_name"] = groups.get(gathering.group_slug or "")
    known["programme"] = [
        {"starts_at": one.starts_at, "ends_at": one.ends_at, "activity": one.activity, "speaker": one.speaker}
        for one in gathering.programme
    ]
    return known | ({"online_url": gathering.online_url, "version": gathering.version} if team else {})


_FIELDS = (
    *("id", "slug", "status", "title", "kind", "mode", "role", "date_precision", "place", "department", "themes"),
    *("countries", "description", "capacity", "confirmed_count", "waiting_count", "declared_counts"),
    *("structures_count", "very_satisfied_percent", "satisfied_percent", "source", "reason", "demonstration"),
)


def slot(session: Any) -> dict[str, Any]:
    """A session, in UTC."""
    return {"starts_at": session.starts_at, "ends_at": session.ends_at, "title": session.title}


def registrant_shown(registrant: Registrant, rank: int | None) -> dict[str, Any]:
    """A registration as the team sees it."""
    return {
        "id": registrant.id,
        "name": registrant.name or None,
        "email": registrant.email or None,
        "erased": registrant.erased,
        "organisation": registrant.organisation,
        "organisation_id": registrant.organisation_id,
        "department": registrant.department,
        "country": registrant.country,
        "mode": registrant.mode,
        "status": registrant.status,
        "rank": rank,
        "registered_at": registrant.registered_at,
    }
