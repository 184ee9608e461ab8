"""Meetings, trainings, webinars and assemblies."""

from collections.abc import Sequence

from services.observatory.domain import Dimension, Page, Scope
from services.observatory.indicators.base import Indicator
from shared.db import Row, Tx
from shared.web.i18n import _


async def count(tx: Tx, by: Dimension | None, scope: Scope) -> Sequence[Row]:
    """Gatherings by standing, kind and key."""
    return await tx.fetch(
        """SELECT why, kind AS note, key, count(*) AS value, count(*) AS n,
                  count(*) FILTER (WHERE demonstration) AS fictional
           FROM (SELECT *, CASE WHEN status IN ('cancelled', 'postponed') THEN status
                                WHEN role IS DISTINCT FROM 'organiser' THEN coalesce(role, 'role_unknown') END AS why
                 FROM gathering) AS one
           CROSS JOIN LATERAL jsonb_array_elements_text(cut_keys($1, day, NULL, department, NULL, countries)) AS key
           WHERE of_year(day, $2) AND in_scope(department, themes, countries, $3, $4, $5)
           GROUP BY why, kind, key""",
        by,
        *scope.values,
    )


async def facts(tx: Tx, scope: Scope, counted: bool, page: Page) -> Sequence[Row]:
    """The gatherings themselves."""
    return await tx.fetch(
        """SELECT gathering_id AS id, title AS label, '/agenda/' || slug AS path, day, department, 1 AS value,
                  why, kind AS note, demonstration AS fictional
           FROM (SELECT *, CASE WHEN status IN ('cancelled', 'postponed') THEN status
                                WHEN role IS DISTINCT FROM 'organiser' THEN coalesce(role, 'role_unknown') END AS why
                 FROM gathering) AS one
           WHERE of_year(day, $1) AND in_scope(department, themes, countries, $2, $3, $4) AND (why IS NULL) = $5
             AND ($6::date IS NULL OR (day, gathering_id) < ($6, $7::uuid))
           ORDER BY day DESC, gathering_id DESC LIMIT $8""",
        *scope.values,
        counted,
        page.after_day,
        page.after_id,
        page.limit,
    )


INDICATOR = Indicator(
    id="gatherings",
    version=1,
    name=_("Rencontres et formations"),
    definition=_(
        "Rencontres, formations, webinaires, assemblées et réunions d’information que le réseau organise, tenus ou "
        "annoncés, au jour de leur première séance. Une formation de trois séances compte une fois."
    ),
    unit=(_("rencontre"), _("rencontres")),
    source=_("Agenda du réseau et documents importés"),
    coverage=_("Annulées, reportées ou organisées par d’autres\u00a0: à part"),
    dimensions=("department", "month", "country"),
    filters=frozenset({"department", "theme", "country"}),
    count=count,
    facts=facts,
    facts_for_team=facts,
    reasons={
        "cancelled": (_("annulée"), _("annulées")),
        "postponed": (_("reportée, sans nouvelle date"), _("reportées, sans nouvelle date")),
        "speaker": (
            _("organisée par d’autres, le réseau y intervient"),
            _("organisées par d’autres, le réseau y intervient"),
        ),
        "attendee": (
            _("organisée par d’autres, le réseau y assiste"),
            _("organisées par d’autres, le réseau y assiste"),
        ),
        "role_unknown": (_("dont le document ne dit pas le rôle du réseau"),) * 2,
    },
    notes={
        "meeting": (_("rencontre"), _("rencontres")),
        "training": (_("formation"), _("formations")),
        "webinar": (_("webinaire"), _("webinaires")),
        "assembly": (_("assemblée"), _("assemblées")),
        "information_session": (_("réunion d’information"), _("réunions d’information")),
    },
)
