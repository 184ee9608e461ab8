"""From rows to facts: what the registry says of a request, an organisation, a contact."""

from datetime import date
from typing import Any, TypeVar

from services.registry.links import Links
from shared.clock import today
from shared.contracts.registry import AbstractListingRequest, AbstractOrganisation
from shared.db import Row

RequestFact = TypeVar("RequestFact", bound=AbstractListingRequest)
OrganisationFact = TypeVar("OrganisationFact", bound=AbstractOrganisation)


def request_fact(shape: type[RequestFact], row: Row, occurred_on: date | None = None) -> RequestFact:
    """A listing request's public state, without a name."""
    return shape(
        occurred_on=occurred_on or today(),
        demonstration=row["demonstration"],
        request_id=row["id"],
        **{
            name: row[name]
            for name in (
                "version",
                "status",
                "organisation_id",
                "college",
                "kind",
                "department",
                "themes",
                "sdgs",
                "countries",
            )
        },
    )


def organisation_fact(shape: type[OrganisationFact], row: Row, occurred_on: date | None = None) -> OrganisationFact:
    """An organisation's whole public state."""
    return shape(
        occurred_on=occurred_on or today(),
        organisation_id=row["id"],
        **{name: row[name] for name in AbstractOrganisation.model_fields if name in row.keys()},  # noqa: SIM118 - a Record
    )


def contact_of(row: Row, links: Links) -> dict[str, Any]:
    """The person who asked, and what every mail to them says."""
    return {
        "person_key": row["person_key"],
        "email": row["contact_email"],
        "name": row["contact_name"],
        "demonstration": row["demonstration"],
        "request_id": row["id"],
        "organisation_name": row["name"],
        "department": row["department"],
        "follow_url": links.follow(row["id"]),
    }
