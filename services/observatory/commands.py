"""What changes in the observatory itself: partners' dashboards, and figures printed elsewhere."""

from datetime import date
from typing import Literal
from uuid import UUID

from services.observatory.domain import UnknownDashboard
from services.observatory.forms import CreateDashboard, RecordFigure
from services.observatory.queries.dashboards import hash_of
from shared.clock import new_id, today
from shared.contracts.observatory import DashboardCreated, DashboardRevoked, FigurePart, FigurePublished
from shared.db import Tx


async def create_dashboard(form: CreateDashboard, key: str, by: str, tx: Tx) -> UUID:
    """Open a dashboard for whoever holds `key`, of which the hash alone is kept."""
    dashboard_id = new_id()
    await tx.execute(
        """INSERT INTO dashboard
               (dashboard_id, key_hash, partner, departments, themes, countries, expires_on, created_by)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8)""",
        dashboard_id,
        hash_of(key),
        form.partner,
        form.departments,
        form.themes,
        form.countries,
        form.expires_on,
        by,
    )
    tx.emit(
        DashboardCreated(
            occurred_on=today(),
            dashboard_id=dashboard_id,
            partner=form.partner,
            departments=form.departments,
            themes=form.themes,
            countries=form.countries,
            expires_on=form.expires_on,
        )
    )
    return dashboard_id


async def revoke_dashboard(dashboard_id: UUID, tx: Tx) -> None:
    """Close a dashboard now, its live pages included; closing it again changes nothing. Raises UnknownDashboard."""
    closed = await tx.fetchval(
        """UPDATE dashboard SET revoked_at = now() WHERE dashboard_id = $1 AND revoked_at IS NULL RETURNING true""",
        dashboard_id,
    )
    if closed:
        await tx.execute("SELECT pg_notify(current_schema() || '_figures', 'dashboard')")
        tx.emit(DashboardRevoked(occurred_on=today(), dashboard_id=dashboard_id))
    elif not await tx.fetchval("SELECT true FROM dashboard WHERE dashboard_id = $1", dashboard_id):
        raise UnknownDashboard()


async def record_figure(form: RecordFigure, tx: Tx) -> Literal["recorded", "corrected", "unchanged"]:
    """Keep a published figure; the same again changes nothing and says nothing."""
    parts = [part.model_dump(mode="json", exclude_none=True) for part in form.parts]
    known = await tx.fetchrow(
        """SELECT (indicator, label, value, unit, year, source, source_lines, parts)
                  IS NOT DISTINCT FROM ($2, $3, $4::float8, $5, $6::int, $7, $8::text, $9::jsonb) AS same
           FROM figure WHERE figure_id = $1 FOR UPDATE""",
        form.figure_id,
        form.indicator,
        form.label,
        form.value,
        form.unit,
        form.year,
        form.source,
        form.source_lines,
        parts,
    )
    if known is not None and known["same"]:
        return "unchanged"
    await tx.execute(
        """INSERT INTO figure (figure_id, indicator, label, value, unit, year, source, source_lines, parts)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
           ON CONFLICT (figure_id) DO UPDATE SET indicator = $2, label = $3, value = $4, unit = $5, year = $6,
               source = $7, source_lines = $8, parts = $9, recorded_at = now()""",
        form.figure_id,
        form.indicator,
        form.label,
        form.value,
        form.unit,
        form.year,
        form.source,
        form.source_lines,
        parts,
    )
    tx.emit(_published(form))
    return "corrected" if known is not None else "recorded"


def _published(form: RecordFigure) -> FigurePublished:
    names = ("figure_id", "indicator", "label", "value", "unit", "year", "source")
    return FigurePublished(
        occurred_on=date(form.year, 12, 31),
        parts=[FigurePart.model_validate(part.model_dump()) for part in form.parts],
        **{name: getattr(form, name) for name in names},
    )
