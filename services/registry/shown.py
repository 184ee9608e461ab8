"""Rows as the API shows them."""

from typing import Any

from services.registry.queries.erasures import SERVICES
from shared.db import Row

BY_PERSON = "person"

ORGANISATION = (
    "slug",
    "name",
    "acronym",
    "status",
    "college",
    "kind",
    "commune_code",
    "department",
    "siren",
    "siret",
    "rna",
    "website",
    "description",
    "themes",
    "sdgs",
    "countries",
    "source",
    "demonstration",
)
REQUEST = (
    "status",
    "name",
    "acronym",
    "college",
    "kind",
    "commune_code",
    "department",
    "siren",
    "siret",
    "rna",
    "website",
    "description",
    "themes",
    "sdgs",
    "countries",
    "needs",
    "topics",
    "contact_name",
    "contact_role",
    "contact_email",
    "message",
    "answer",
    "demonstration",
)


def organisation_shown(row: Row) -> dict[str, Any]:
    """A listed structure; what is not known is null."""
    published = row["published_on"].isoformat() if row["published_on"] else None
    return {"id": str(row["id"]), **{name: row[name] for name in ORGANISATION}, "published_on": published}


def request_shown(row: Row) -> dict[str, Any]:
    """A request, for the team."""
    organisation = str(row["organisation_id"]) if row["organisation_id"] else None
    return {
        "id": str(row["id"]),
        **{name: row[name] if row[name] != "" else None for name in REQUEST},
        "requested_at": row["requested_at"].isoformat(),
        "address_confirmed": row["confirmed_at"] is not None,
        "flagged_double": bool(row["likely_double"]),
        "organisation_id": organisation,
    }


def group_shown(row: Row) -> dict[str, Any]:
    """A group with its number of members."""
    return {"id": str(row["id"]), **{name: row[name] for name in ("slug", "name", "kind", "countries", "members")}}


def item_shown(row: Row) -> dict[str, Any]:
    """A watch item."""
    names = ("status", "watch_class", "title", "url", "summary", "departments", "themes", "countries", "demonstration")
    return {
        "id": str(row["id"]),
        **{name: row[name] for name in names},
        "deadline": row["deadline"].isoformat() if row["deadline"] else None,
        "published_on": row["published_on"].isoformat(),
    }


def erasure_shown(row: Row, parts: dict[str, Row]) -> dict[str, Any]:
    """A receipt: it names nobody."""
    return {
        "id": str(row["erasure_id"]),
        "status": "complete" if row["purged_at"] else "under_way",
        "requested_at": row["requested_at"].isoformat(),
        "requested_by": "person" if row["requested_by"] == BY_PERSON else "team",
        "purged_at": row["purged_at"].isoformat() if row["purged_at"] else None,
        "services": [_part(name, parts.get(name)) for name in SERVICES],
    }


def _part(service: str, part: Row | None) -> dict[str, Any]:
    if part is None:
        return {"service": service, "status": "under_way", "erased_at": None, "counts": {}}
    return {
        "service": service,
        "status": "done",
        "erased_at": part["erased_at"].isoformat(),
        "counts": part["counts"],
    }
