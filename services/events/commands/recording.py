"""Gatherings read in documents, and head counts entered afterwards: nobody is told, nothing is guessed."""

import hashlib
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from services.events.commands.gatherings import free_slug
from services.events.commands.telling import gathering_fact
from services.events.domain import (
    Gathering,
    NotOpen,
    NotYetHeld,
    UnknownGathering,
    department_of,
    midnight,
    month_after,
)
from services.events.forms import DeclareCount, RecordGathering, RecordProgramme
from services.events.queries.gatherings import gathering_named, locked_gathering
from shared.clock import as_utc, new_id, now
from shared.contracts.events import GatheringRecorded
from shared.db import Tx

Recorded = Literal["recorded", "corrected", "unchanged"]


async def record_gathering(form: RecordGathering, tx: Tx) -> Recorded:
    """Keep a gathering as a document tells it; the same row again changes nothing, a corrected one corrects it."""
    fingerprint = hashlib.sha256(form.model_dump_json().encode()).hexdigest()
    natural_key = f"{form.title}\n{form.date}\n{form.source}"
    known = await tx.fetchrow("SELECT id, fingerprint FROM gathering WHERE natural_key = $1 FOR UPDATE", natural_key)
    if known is None:
        return await _record_new(form, tx, natural_key, fingerprint)
    if known["fingerprint"] == fingerprint:
        return "unchanged"
    row = await tx.fetchrow(
        """UPDATE gathering SET version = version + 1, kind = $2, mode = $3, role = $4, date_precision = $5,
            days = $6, first_day = $7, starts_at = $8, ends_at = $9, place = $10, department = $11, group_slug = $12,
            themes = $13, countries = $14, declared_counts = $15, structures_count = $16,
            very_satisfied_percent = $17, satisfied_percent = $18, note = $19, source_lines = $20, status = $21,
            fingerprint = $22
        WHERE id = $1 RETURNING *""",
        known["id"],
        *_recorded(form),
        fingerprint,
    )
    tx.emit(gathering_fact(GatheringRecorded, Gathering.of(row)))
    return "corrected"


async def _record_new(form: RecordGathering, tx: Tx, natural_key: str, fingerprint: str) -> Recorded:
    row = await tx.fetchrow(
        """INSERT INTO gathering (id, slug, title, source, natural_key, fingerprint, created_by, published_at,
            kind, mode, role, date_precision, days, first_day, starts_at, ends_at, place, department, group_slug,
            themes, countries, declared_counts, structures_count, very_satisfied_percent, satisfied_percent, note,
            source_lines, status)
        VALUES ($1, $2, $3, $4, $5, $6, 'import', now(), $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
            $19, $20, $21, $22, $23, $24, $25, $26)
        ON CONFLICT (natural_key) DO NOTHING RETURNING *""",
        new_id(),
        await free_slug(tx, form.title, form.first_day),
        form.title,
        form.source,
        natural_key,
        fingerprint,
        *_recorded(form),
    )
    if row is None:
        return "unchanged"
    tx.emit(gathering_fact(GatheringRecorded, Gathering.of(row)))
    return "recorded"


def _recorded(form: RecordGathering) -> tuple[Any, ...]:
    first = form.first_day
    by_day = len(form.date) == 10
    days = sorted({first, *form.sessions}) if by_day else []
    end = days[-1] + timedelta(days=1) if days else month_after(first)
    counts = []
    if form.declared_count is not None:
        counts = [_count(form.declared_count, str(form.declared_precision), form.declared_what)]
    return (
        form.kind,
        form.mode,
        form.role,
        "day" if by_day else "month",
        days,
        min([first, *days]),
        midnight(min([first, *days])),
        midnight(end),
        form.place,
        department_of(form.place),
        form.group,
        form.themes,
        form.countries,
        counts,
        form.structures_count,
        form.very_satisfied_pct,
        form.satisfied_pct,
        form.note,
        form.source_lines,
        form.status,
    )


def _count(n: int, precision: str, what: str | None) -> dict[str, Any]:
    return {"n": n, "precision": precision, "what": what}


async def record_programme(form: RecordProgramme, tx: Tx) -> Recorded:
    """Keep the timetable of a recorded gathering; the same one again changes nothing. Raises UnknownGathering."""
    gathering = await gathering_named(tx, form.gathering_title, form.date, form.source)
    if gathering is None:
        raise UnknownGathering(
            "Aucun événement de ce titre, à cette date, n’a été lu dans ce document\u00a0: enregistrez-le d’abord."
        )
    items = [
        {
            "starts_at": as_utc(datetime.combine(form.date, one.starts_at)).isoformat(),
            "ends_at": as_utc(datetime.combine(form.date, one.ends_at)).isoformat() if one.ends_at else None,
            "activity": one.activity,
            "speaker": one.speaker,
        }
        for one in form.items
    ]
    changed = await tx.fetchval(
        "UPDATE gathering SET programme = $2 WHERE id = $1 AND programme <> $2 RETURNING true", gathering.id, items
    )
    return "recorded" if changed else "unchanged"


async def declare_count(gathering_id: UUID, form: DeclareCount, tx: Tx) -> Gathering:
    """Enter a head count: it replaces the one of the same kind, and makes no people. Raises NotOpen, NotYetHeld."""
    gathering = await locked_gathering(tx, gathering_id)
    if gathering.status == "draft":
        raise NotOpen("Publiez cet événement avant d’en compter les personnes.")
    started = gathering.starts_at <= now()
    if form.what == "present" and not started:
        raise NotYetHeld()
    count = _count(form.n, form.precision, form.what)
    counts = [one for one in gathering.declared_counts if one.get("what") != form.what] + [count]
    if counts == list(gathering.declared_counts):
        return gathering
    held = gathering.status == "published" and gathering.is_past(now())
    row = await tx.fetchrow(
        "UPDATE gathering SET version = version + 1, declared_counts = $2, status = $3 WHERE id = $1 RETURNING *",
        gathering_id,
        counts,
        "held" if held else gathering.status,
    )
    gathering = Gathering.of(row)
    tx.emit(gathering_fact(GatheringRecorded, gathering))
    return gathering
