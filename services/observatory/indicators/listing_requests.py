"""Requests to be listed."""

from collections.abc import Sequence

from services.observatory.domain import Dimension, Page, Scope
from services.observatory.indicators.base import Indicator
from shared.db import Row, Tx
from shared.web.i18n import _


async def count(tx: Tx, by: Dimension | None, scope: Scope) -> Sequence[Row]:
    """Listing requests by state and key: all of them count."""
    return await tx.fetch(
        """SELECT NULL AS why, status AS note, key, count(*) AS value, count(*) AS n,
                  count(*) FILTER (WHERE demonstration) AS fictional
           FROM listing_request
           CROSS JOIN LATERAL jsonb_array_elements_text(cut_keys($1, day, college, department, sdgs, countries)) AS key
           WHERE of_year(day, $2) AND in_scope(department, themes, countries, $3, $4, $5)
           GROUP BY status, key""",
        by,
        *scope.values,
    )


async def facts(tx: Tx, scope: Scope, counted: bool, page: Page) -> Sequence[Row]:
    """Listing requests, named once their structure is in the directory."""
    return await tx.fetch(
        """SELECT request_id AS id, listed.name AS label, '/annuaire/' || listed.slug AS path, request.day,
                  request.department, 1 AS value, NULL AS why, request.status AS note,
                  request.demonstration AS fictional
           FROM listing_request AS request
           LEFT JOIN organisation AS listed
             ON listed.organisation_id = request.organisation_id AND listed.status IN ('published', 'to_refresh')
           WHERE of_year(request.day, $1)
             AND in_scope(request.department, request.themes, request.countries, $2, $3, $4)
             AND $5 AND ($6::date IS NULL OR (request.day, request_id) < ($6, $7::uuid))
           ORDER BY request.day DESC, request_id DESC LIMIT $8""",
        *scope.values,
        counted,
        page.after_day,
        page.after_id,
        page.limit,
    )


async def facts_for_team(tx: Tx, scope: Scope, counted: bool, page: Page) -> Sequence[Row]:
    """The same, each leading to the request in the team space."""
    return await tx.fetch(
        """SELECT request_id AS id, listed.name AS label, '/annuaire/equipe/demandes/' || request_id AS path,
                  request.day, request.department, 1 AS value, NULL AS why, request.status AS note,
                  request.demonstration AS fictional
           FROM listing_request AS request
           LEFT JOIN organisation AS listed ON listed.organisation_id = request.organisation_id
           WHERE of_year(request.day, $1)
             AND in_scope(request.department, request.themes, request.countries, $2, $3, $4)
             AND $5 AND ($6::date IS NULL OR (request.day, request_id) < ($6, $7::uuid))
           ORDER BY request.day DESC, request_id DESC LIMIT $8""",
        *scope.values,
        counted,
        page.after_day,
        page.after_id,
        page.limit,
    )


INDICATOR = Indicator(
    id="listing-requests",
    version=1,
    name=_("Demandes de référencement"),
    definition=_(
        "Demandes de référencement reçues, quelle que soit leur suite, au jour où elles ont été faites. "
        "Une structure importée d’un document n’a rien demandé\u00a0: elle n’est pas comptée ici."
    ),
    unit=(_("demande"), _("demandes")),
    source=_("Formulaire de référencement"),
    coverage=_("Toutes les demandes reçues"),
    dimensions=("college", "department", "month", "sdg", "country"),
    filters=frozenset({"department", "theme", "country"}),
    count=count,
    facts=facts,
    facts_for_team=facts_for_team,
    notes={
        "requested": (_("demandée"), _("demandées")),
        "in_review": (_("en examen"), _("en examen")),
        "information_asked": (_("à compléter"), _("à compléter")),
        "published": (_("publiée"), _("publiées")),
        "refused": (_("refusée"), _("refusées")),
    },
)
