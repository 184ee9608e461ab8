"""Structures in the directory."""

from collections.abc import Sequence

from services.observatory.domain import Dimension, Page, Scope
from services.observatory.indicators.base import Indicator
from shared.db import Row, Tx
from shared.web.i18n import _


async def count(tx: Tx, by: Dimension | None, scope: Scope) -> Sequence[Row]:
    """Organisations by standing and key."""
    return await tx.fetch(
        """SELECT why, NULL AS note, key, count(*) AS value, count(*) AS n,
                  count(*) FILTER (WHERE demonstration) AS fictional
           FROM (SELECT *, CASE WHEN status NOT IN ('published', 'to_refresh') THEN status END AS why
                 FROM organisation) AS one
           CROSS JOIN LATERAL jsonb_array_elements_text(cut_keys($1, day, college, department, sdgs, countries)) AS key
           WHERE of_year(day, $2) AND in_scope(department, themes, countries, $3, $4, $5)
           GROUP BY why, key""",
        by,
        *scope.values,
    )


async def facts(tx: Tx, scope: Scope, counted: bool, page: Page) -> Sequence[Row]:
    """The organisations themselves: their names are public."""
    return await tx.fetch(
        """SELECT organisation_id AS id, name AS label, CASE WHEN why IS NULL THEN '/annuaire/' || slug END AS path,
                  day, department, 1 AS value, why, NULL AS note, demonstration AS fictional
           FROM (SELECT *, CASE WHEN status NOT IN ('published', 'to_refresh') THEN status END AS why
                 FROM organisation) AS one
           WHERE of_year(day, $1) AND in_scope(department, themes, countries, $2, $3, $4) AND (why IS NULL) = $5
             AND ($6::date IS NULL OR (day, organisation_id) < ($6, $7::uuid))
           ORDER BY day DESC, organisation_id DESC LIMIT $8""",
        *scope.values,
        counted,
        page.after_day,
        page.after_id,
        page.limit,
    )


INDICATOR = Indicator(
    id="organisations",
    version=1,
    name=_("Acteurs dans l’annuaire"),
    definition=_(
        "Structures publiées aujourd’hui dans l’annuaire, celles à actualiser comprises, comptées une fois chacune. "
        "Une année ne garde que les structures publiées pour la première fois cette année-là."
    ),
    unit=(_("acteur"), _("acteurs")),
    source=_("Annuaire du réseau"),
    coverage=_("Structures de la région du réseau"),
    dimensions=("college", "department", "month", "sdg", "country"),
    filters=frozenset({"department", "theme", "country"}),
    count=count,
    facts=facts,
    facts_for_team=facts,
    reasons={
        "archived": (
            _("archivée\u00a0: elle n’est plus dans l’annuaire"),
            _("archivées\u00a0: elles ne sont plus dans l’annuaire"),
        ),
        "recorded": (
            _("enregistrée seulement\u00a0: partenaire hors de la région, ou dont la région n’est pas connue"),
            _("enregistrées seulement\u00a0: partenaires hors de la région, ou dont la région n’est pas connue"),
        ),
    },
)
