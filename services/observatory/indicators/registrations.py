"""Places taken at gatherings."""

from collections.abc import Sequence

from services.observatory.domain import Dimension, Page, Scope
from services.observatory.indicators.base import Indicator
from services.observatory.tally import registrations_by_gathering
from shared.db import Row, Tx
from shared.web.i18n import _


async def count(tx: Tx, by: Dimension | None, scope: Scope) -> Sequence[Row]:
    """Registrations by state and key; a partner's themes and countries are those of the gathering."""
    return await tx.fetch(
        """SELECT CASE WHEN one.status <> 'confirmed' THEN one.status END AS why, NULL AS note, key,
                  count(*) AS value, count(*) AS n, count(*) FILTER (WHERE one.demonstration) AS fictional
           FROM registration AS one
           LEFT JOIN gathering USING (gathering_id)
           LEFT JOIN organisation USING (organisation_id)
           CROSS JOIN LATERAL jsonb_array_elements_text(
               cut_keys($1, one.day, organisation.college, one.department, NULL, jsonb_build_array(one.country))) AS key
           WHERE of_year(one.day, $2) AND in_scope(one.department, gathering.themes, gathering.countries, $3, $4, $5)
           GROUP BY why, key""",
        by,
        *scope.values,
    )


async def facts(tx: Tx, scope: Scope, counted: bool, page: Page) -> Sequence[Row]:
    """For everybody: how many a gathering, and nobody."""
    if not scope.filters:
        return await registrations_by_gathering(tx, scope.year, counted, page)
    return await tx.fetch(
        """SELECT * FROM (
               SELECT one.gathering_id AS id, gathering.title AS label, '/agenda/' || gathering.slug AS path,
                      max(one.day) AS day, gathering.department, count(*) AS value,
                      CASE WHEN one.status <> 'confirmed' THEN one.status END AS why, NULL AS note,
                      bool_or(one.demonstration) AS fictional
               FROM registration AS one LEFT JOIN gathering USING (gathering_id)
               WHERE of_year(one.day, $1)
                 AND in_scope(one.department, gathering.themes, gathering.countries, $2, $3, $4)
                 AND (one.status = 'confirmed') = $5
               GROUP BY one.gathering_id, gathering.title, gathering.slug, gathering.department, why) AS told
           WHERE ($6::date IS NULL OR (day, id) < ($6, $7::uuid))
           ORDER BY day DESC, id DESC LIMIT $8""",
        *scope.values,
        counted,
        page.after_day,
        page.after_id,
        page.limit,
    )


async def facts_for_team(tx: Tx, scope: Scope, counted: bool, page: Page) -> Sequence[Row]:
    """For the team: each registration by its id, with the gathering where its name is read."""
    return await tx.fetch(
        """SELECT one.registration_id AS id, gathering.title AS label,
                  '/agenda/equipe/' || one.gathering_id AS path, one.day, one.department, 1 AS value,
                  CASE WHEN one.status <> 'confirmed' THEN one.status END AS why, NULL AS note,
                  one.demonstration AS fictional
           FROM registration AS one LEFT JOIN gathering USING (gathering_id)
           WHERE of_year(one.day, $1) AND in_scope(one.department, gathering.themes, gathering.countries, $2, $3, $4)
             AND (one.status = 'confirmed') = $5
             AND ($6::date IS NULL OR (one.day, registration_id) < ($6, $7::uuid))
           ORDER BY one.day DESC, registration_id DESC LIMIT $8""",
        *scope.values,
        counted,
        page.after_day,
        page.after_id,
        page.limit,
    )


INDICATOR = Indicator(
    id="registrations",
    version=1,
    name=_("Inscriptions confirmées"),
    definition=_(
        "Inscriptions qui ont une place aujourd’hui, au jour où la personne s’est inscrite. La même personne compte "
        "une fois par rencontre. S’inscrire n’est pas être présent."
    ),
    unit=(_("inscription"), _("inscriptions")),
    source=_("Agenda du réseau"),
    coverage=_("Inscriptions prises par la plateforme"),
    dimensions=("college", "department", "month", "country"),
    filters=frozenset({"department", "theme", "country"}),
    count=count,
    facts=facts,
    facts_for_team=facts_for_team,
    reasons={
        "waiting": (_("en liste d’attente"),) * 2,
        "cancelled": (_("annulée"), _("annulées")),
    },
)
