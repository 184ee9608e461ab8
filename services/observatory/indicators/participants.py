"""People who took part, as those who counted them said."""

from collections.abc import Sequence

from services.observatory.domain import Dimension, Page, Scope
from services.observatory.indicators.base import Indicator
from shared.db import Row, Tx
from shared.web.i18n import _


async def count(tx: Tx, by: Dimension | None, scope: Scope) -> Sequence[Row]:
    """Declared head counts by precision and key, one a gathering; n is gatherings."""
    return await tx.fetch(
        """SELECT CASE WHEN declared.n IS NULL AND day > current_date THEN 'coming'
                       WHEN declared.n IS NULL THEN 'no_count'
                       WHEN declared.what = 'registered' THEN 'registered' END AS why,
                  declared.precision AS note, key, coalesce(sum(declared.n), 0)::bigint AS value, count(*) AS n,
                  count(*) FILTER (WHERE demonstration) AS fictional
           FROM gathering
           LEFT JOIN LATERAL (
               SELECT n, precision, what
               FROM jsonb_to_recordset(declared_counts) AS c (n int, precision text, what text)
               ORDER BY (what = 'present') DESC NULLS LAST, what DESC NULLS FIRST,
                        array_position(ARRAY['exact', 'about', 'at_least'], precision) LIMIT 1) AS declared ON true
           CROSS JOIN LATERAL jsonb_array_elements_text(cut_keys($1, day, NULL, department, NULL, countries)) AS key
           WHERE role = 'organiser' AND status IN ('published', 'held')
             AND of_year(day, $2) AND in_scope(department, themes, countries, $3, $4, $5)
           GROUP BY why, declared.precision, key""",
        by,
        *scope.values,
    )


async def facts(tx: Tx, scope: Scope, counted: bool, page: Page) -> Sequence[Row]:
    """The gatherings with the count declared for each."""
    return await tx.fetch(
        """SELECT * FROM (
               SELECT gathering_id AS id, title AS label, '/agenda/' || slug AS path, day, department,
                      declared.n AS value,
                      CASE WHEN declared.n IS NULL AND day > current_date THEN 'coming'
                           WHEN declared.n IS NULL THEN 'no_count'
                           WHEN declared.what = 'registered' THEN 'registered' END AS why,
                      declared.precision AS note, demonstration AS fictional
               FROM gathering
               LEFT JOIN LATERAL (
                   SELECT n, precision, what
                   FROM jsonb_to_recordset(declared_counts) AS c (n int, precision text, what text)
                   ORDER BY (what = 'present') DESC NULLS LAST, what DESC NULLS FIRST,
                            array_position(ARRAY['exact', 'about', 'at_least'], precision) LIMIT 1) AS declared ON true
               WHERE role = 'organiser' AND status IN ('published', 'held')
                 AND of_year(day, $1) AND in_scope(department, themes, countries, $2, $3, $4)) AS told
           WHERE (why IS NULL) = $5 AND ($6::date IS NULL OR (day, id) < ($6, $7::uuid))
           ORDER BY day DESC, id DESC LIMIT $8""",
        *scope.values,
        counted,
        page.after_day,
        page.after_id,
        page.limit,
    )


INDICATOR = Indicator(
    id="participants",
    version=1,
    name=_("Participants"),
    definition=_(
        "Somme des effectifs déclarés après coup pour les rencontres tenues que le réseau organise\u00a0: les "
        "présents, ou les «\u202fparticipants\u202f» quand la source ne précise pas. Un effectif approché compte pour "
        "son nombre. Les inscrits ne sont pas des participants, et une personne venue deux fois compte deux fois."
    ),
    unit=(_("participant"), _("participants")),
    source=_("Effectifs saisis par l’équipe et documents importés"),
    coverage=_("Rencontres dont un effectif est déclaré"),
    dimensions=("department", "month", "country"),
    filters=frozenset({"department", "theme", "country"}),
    count=count,
    facts=facts,
    facts_for_team=facts,
    reasons={
        "no_count": (_("sans effectif déclaré"),) * 2,
        "registered": (_("dont la source ne donne que des inscrits"),) * 2,
        "coming": (_("pas encore tenue"), _("pas encore tenues")),
    },
    notes={
        "exact": (_("compté exactement"), _("comptés exactement")),
        "about": (_("compté «\u202fenviron\u202f»"), _("comptés «\u202fenviron\u202f»")),
        "at_least": (_("compté «\u202fau moins\u202f»"), _("comptés «\u202fau moins\u202f»")),
    },
)
