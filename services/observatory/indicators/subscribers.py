"""Readers of the letters."""

from collections.abc import Sequence

from services.observatory.domain import Dimension, Page, Scope
from services.observatory.indicators.base import Indicator
from services.observatory.tally import subscribers_by_month
from shared.db import Row, Tx
from shared.web.i18n import _


async def count(tx: Tx, by: Dimension | None, scope: Scope) -> Sequence[Row]:
    """Subscribers by state and key."""
    return await tx.fetch(
        """SELECT CASE WHEN status <> 'subscribed' THEN status END AS why, NULL AS note, key, count(*) AS value,
                  count(*) AS n, count(*) FILTER (WHERE demonstration) AS fictional
           FROM subscription
           CROSS JOIN LATERAL jsonb_array_elements_text(cut_keys($1, day, NULL, department, NULL, NULL)) AS key
           WHERE of_year(day, $2) AND in_scope(department, NULL, NULL, $3, $4, $5)
           GROUP BY why, key""",
        by,
        *scope.values,
    )


async def facts(tx: Tx, scope: Scope, counted: bool, page: Page) -> Sequence[Row]:
    """How many a month, and nobody: the first day of the month stands for it."""
    if not scope.filters:
        return await subscribers_by_month(tx, scope.year, counted, page)
    return await tx.fetch(
        """SELECT * FROM (
               SELECT md5(date_trunc('month', day)::text)::uuid AS id, NULL AS label, NULL AS path,
                      date_trunc('month', day)::date AS day, NULL AS department, count(*) AS value,
                      CASE WHEN status <> 'subscribed' THEN status END AS why, 'month' AS note,
                      bool_or(demonstration) AS fictional
               FROM subscription
               WHERE of_year(day, $1) AND in_scope(department, NULL, NULL, $2, $3, $4) AND (status = 'subscribed') = $5
               GROUP BY date_trunc('month', day), why) AS told
           WHERE ($6::date IS NULL OR (day, id) < ($6, $7::uuid))
           ORDER BY day DESC, id DESC LIMIT $8""",
        *scope.values,
        counted,
        page.after_day,
        page.after_id,
        page.limit,
    )


INDICATOR = Indicator(
    id="subscribers",
    version=1,
    name=_("Abonnés aux lettres"),
    definition=_(
        "Personnes abonnées aujourd’hui à une lettre au moins, qui ont confirmé leur abonnement. "
        "Une année ne garde que celles dont le premier abonnement date de cette année-là."
    ),
    unit=(_("abonné"), _("abonnés")),
    source=_("Lettres du réseau"),
    coverage=_("Abonnements confirmés par courriel"),
    dimensions=("department", "month"),
    filters=frozenset({"department"}),
    count=count,
    facts=facts,
    facts_for_team=facts,
    reasons={"unsubscribed": (_("désabonnée"), _("désabonnées"))},
)
