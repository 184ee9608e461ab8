"""Letters that a mail server accepted."""

from collections.abc import Sequence

from services.observatory.domain import Dimension, Page, Scope
from services.observatory.indicators.base import Indicator
from services.observatory.tally import letters_by_campaign
from shared.db import Row, Tx
from shared.web.i18n import _


async def count(tx: Tx, by: Dimension | None, scope: Scope) -> Sequence[Row]:
    """Letters accepted, by key."""
    return await tx.fetch(
        """SELECT NULL AS why, NULL AS note, key, count(*) AS value, count(*) AS n,
                  count(*) FILTER (WHERE demonstration) AS fictional
           FROM letter
           CROSS JOIN LATERAL jsonb_array_elements_text(cut_keys($1, day, NULL, department, NULL, NULL)) AS key
           WHERE of_year(day, $2) AND in_scope(department, NULL, NULL, $3, $4, $5)
           GROUP BY key""",
        by,
        *scope.values,
    )


async def facts(tx: Tx, scope: Scope, counted: bool, page: Page) -> Sequence[Row]:
    """How many a campaign, and no reader."""
    if not scope.filters:
        return await letters_by_campaign(tx, scope.year, counted, page)
    return await tx.fetch(
        """SELECT * FROM (
               SELECT campaign_id AS id, campaign.subject_line AS label, NULL AS path, max(day) AS day,
                      NULL AS department, count(*) AS value, NULL AS why, NULL AS note,
                      bool_or(letter.demonstration) AS fictional
               FROM letter LEFT JOIN campaign USING (campaign_id)
               WHERE of_year(day, $1) AND in_scope(department, NULL, NULL, $2, $3, $4) AND $5
               GROUP BY campaign_id, campaign.subject_line) AS told
           WHERE ($6::date IS NULL OR (day, id) < ($6, $7::uuid))
           ORDER BY day DESC, id DESC LIMIT $8""",
        *scope.values,
        counted,
        page.after_day,
        page.after_id,
        page.limit,
    )


INDICATOR = Indicator(
    id="letters-sent",
    version=1,
    name=_("Lettres envoyées"),
    definition=_(
        "Lettres acceptées par un serveur de courrier, une par lecteur et par envoi. Les courriels de service "
        "(confirmations, rappels, liens) n’en sont pas, et acceptée ne veut pas dire lue."
    ),
    unit=(_("lettre"), _("lettres")),
    source=_("Lettres du réseau"),
    coverage=_("Tous les envois de la plateforme"),
    dimensions=("department", "month"),
    filters=frozenset({"department"}),
    count=count,
    facts=facts,
    facts_for_team=facts,
)
