"""Dead letters, and what waits for another attempt: read, grouped by cause, tried again, corrected, forgotten."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from pydantic import ValidationError

from shared.contracts import FACTS, DomainEvent, Envelope, UnknownContract, parse
from shared.db import Row, Tx
from shared.errors import Invalid, NotFound, Refusal
from shared.web.forms import errors_by_field

SHOWN = 200

log = structlog.get_logger()


class LetterGone(NotFound):
    """Aucune lettre morte ne porte cet identifiant\u00a0: elle a été traitée ou oubliée."""


class StillTried(Refusal):
    """Cette lettre est encore essayée toute seule. Attendez son dernier essai pour la corriger."""


class NoEnvelope(Refusal):
    """Les en-têtes de cette lettre ne sont pas lisibles\u00a0: elle ne peut qu’être oubliée."""


class AboutSomethingElse(Refusal):
    """Ce texte parle d’autre chose ou de quelqu’un d’autre que la lettre reçue\u00a0: gardez sa clé de personne."""

    status = 422
    field = "body"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A parked fact: dead when nothing will try it again by itself, else waiting."""

    service: str
    consumer: str
    event_id: UUID
    contract: str
    attempts: int
    reason: str
    cause: str
    """The reason without what differs from one letter to the next: identifiers and numbers."""
    state: str
    first_at: datetime
    correlation_id: str | None
    headers: dict[str, Any]
    body: str
    original_body: str | None

    def summary(self) -> dict[str, Any]:
        """All but the bodies, which may hold an address."""
        names = ("service", "consumer", "event_id", "contract", "attempts", "reason", "cause", "state")
        return {name: getattr(self, name) for name in (*names, "first_at", "correlation_id")}

    def whole(self) -> dict[str, Any]:
        """Everything, for the team alone."""
        return self.summary() | {"headers": self.headers, "body": self.body, "original_body": self.original_body}


def _letter(service: str, row: Row) -> DeadLetter:
    return DeadLetter(service, **{name: row[name] for name in row.keys()})  # noqa: SIM118 - a Record iterates its values


async def dead_letters(
    tx: Tx, service: str, limit: int = SHOWN, cause: str | None = None, ids: list[UUID] | None = None
) -> list[DeadLetter]:
    """A service's parked facts, the dead ones first, then oldest first; of one cause, or of these ids, where given."""
    rows = await tx.fetch(
        """SELECT * FROM (
               SELECT consumer, event_id, contract, attempts, reason, headers, body, original_body, first_at,
                      CASE WHEN next_at IS NULL THEN 'dead' ELSE 'waiting' END AS state,
                      headers->>'correlation-id' AS correlation_id,
                      regexp_replace(reason, '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]+', '…', 'g') AS cause
               FROM parked) AS letter
           WHERE ($2::text IS NULL OR cause = $2) AND ($3::uuid[] IS NULL OR event_id = ANY($3))
           ORDER BY state, first_at, event_id LIMIT $1""",
        limit,
        cause,
        ids,
    )
    return [_letter(service, row) for row in rows]


async def causes(tx: Tx) -> list[dict[str, Any]]:
    """How many letters each cause holds, by contract, the most numerous first."""
    rows = await tx.fetch(
        """SELECT contract, cause, count(*) FILTER (WHERE dead) AS dead, count(*) FILTER (WHERE NOT dead) AS waiting,
                  min(first_at) AS oldest_at
           FROM (SELECT contract, first_at, next_at IS NULL AS dead,
                        regexp_replace(reason, '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]+', '…', 'g') AS cause
                 FROM parked) AS letter
           GROUP BY contract, cause ORDER BY count(*) DESC, contract, cause"""
    )
    return [dict(row) for row in rows]


async def dead_letter(tx: Tx, service: str, event_id: UUID) -> DeadLetter:
    """One letter. Raises LetterGone."""
    row = await tx.fetchrow(
        """SELECT consumer, event_id, contract, attempts, reason, headers, body, original_body, first_at,
                  CASE WHEN next_at IS NULL THEN 'dead' ELSE 'waiting' END AS state,
                  headers->>'correlation-id' AS correlation_id,
                  regexp_replace(reason, '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]+', '…', 'g') AS cause
           FROM parked WHERE event_id = $1""",
        event_id,
    )
    if row is None:
        raise LetterGone()
    return _letter(service, row)


async def retry(tx: Tx, ids: list[UUID], by: str) -> list[UUID]:
    """Give letters a fresh row of attempts, from now; returns those that were there. Nothing is published again."""
    rows = await tx.fetch(
        "UPDATE parked SET attempts = 0, next_at = now() WHERE event_id = ANY($1) RETURNING event_id", ids
    )
    return _told("dead letters retried", rows, by)


async def drop(tx: Tx, ids: list[UUID], by: str) -> list[UUID]:
    """Forget letters for good; returns those that were there. Their facts stay in the journal and on the stream."""
    rows = await tx.fetch(
        """WITH forgotten AS (DELETE FROM parked WHERE event_id = ANY($1) RETURNING consumer, event_id),
                corrections AS (DELETE FROM correction USING forgotten
                                WHERE (correction.consumer, correction.event_id)
                                    = (forgotten.consumer, forgotten.event_id))
           SELECT event_id FROM forgotten""",
        ids,
    )
    return _told("dead letters dropped", rows, by)


def _told(what: str, rows: list[Row], by: str) -> list[UUID]:
    found = list(dict.fromkeys(row["event_id"] for row in rows))
    log.info(what, by=by, letters=[str(one) for one in found])
    return found


async def correct(tx: Tx, event_id: UUID, body: str, by: str) -> None:
    """Replace what a dead letter says and try it from now; the first text is kept beside it.

    Raises LetterGone, StillTried, NoEnvelope, AboutSomethingElse, or Invalid with what is wrong in `body`.
    """
    row = await tx.fetchrow("SELECT * FROM parked WHERE event_id = $1 FOR UPDATE", event_id)
    if row is None:
        raise LetterGone()
    if row["next_at"] is not None:
        raise StillTried()
    event = readable(row["contract"], row["headers"], body)
    if event.subject(tx.network) != row["subject"]:
        raise AboutSomethingElse()
    await tx.execute(
        """UPDATE parked SET body = $2, original_body = coalesce(original_body, body), attempts = 0, next_at = now()
           WHERE event_id = $1""",
        event_id,
        body,
    )
    if event.stream == FACTS:
        await tx.execute(
            """INSERT INTO correction (consumer, event_id, contract, body, corrected_by) VALUES ($1, $2, $3, $4, $5)
               ON CONFLICT (consumer, event_id) DO UPDATE
               SET body = excluded.body, corrected_by = excluded.corrected_by, corrected_at = now()""",
            row["consumer"],
            event_id,
            row["contract"],
            body,
            by,
        )
    log.info("dead letter corrected", by=by, contract=row["contract"], letter=str(event_id))


def readable(contract: str, headers: dict[str, Any], body: str) -> DomainEvent:
    """The event that a letter would say. Raises NoEnvelope, or Invalid with what is wrong in `body`."""
    try:
        Envelope.of(headers)
    except (KeyError, ValueError):
        raise NoEnvelope() from None
    try:
        return parse(contract, body)
    except UnknownContract:
        raise NoEnvelope() from None
    except ValidationError as error:
        found = [
            f"{field}\u00a0: {sentence}" if field else sentence for field, sentence in errors_by_field(error).items()
        ]
        raise Invalid({"body": " ".join(found)}) from None


def laid_out(body: str) -> str:
    """A body as a person reads it: JSON with a line a field; what is not JSON as it came."""
    try:
        return json.dumps(json.loads(body), ensure_ascii=False, indent=2)
    except ValueError:
        return body
