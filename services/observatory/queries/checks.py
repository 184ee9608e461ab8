"""Whether the figures are what the facts say, how many facts are shown, and what the facts leave unsaid."""

from uuid import UUID

from services.observatory.tally import tally_faults
from shared.db import Row, Tx

FIGURES_OF: dict[str, tuple[str, ...]] = {
    "organisation": ("organisations",),
    "listing_request": ("listing-requests",),
    "gathering": ("gatherings", "participants"),
    "registration": ("registrations",),
    "subscription": ("subscribers",),
    "letter": ("letters-sent",),
}
"""The indicators that count what a fact is about."""


async def figure_faults(tx: Tx) -> list[str]:
    """What differs between the states the figures are read from and the fold of all facts again, in sentences."""
    rows = await tx.fetch(
        """WITH folded AS (
               SELECT DISTINCT ON (aggregate, aggregate_id) aggregate, aggregate_id, service, version, event_id,
                      min(occurred_on) OVER (PARTITION BY aggregate, aggregate_id) AS first_on, occurred_on,
                      recorded_at, demonstration, body
               FROM fact WHERE aggregate <> 'demonstration'
               ORDER BY aggregate, aggregate_id, version DESC, event_id DESC)
           SELECT coalesce(folded.aggregate, state.aggregate) AS aggregate, count(*) AS n
           FROM folded FULL JOIN state USING (aggregate, aggregate_id)
           WHERE (folded.version, folded.event_id, folded.first_on, folded.occurred_on, folded.recorded_at,
                  folded.demonstration, folded.body, folded.service)
             IS DISTINCT FROM (state.version, state.event_id, state.first_on, state.occurred_on, state.recorded_at,
                               state.demonstration, state.body, state.service)
           GROUP BY 1 ORDER BY 1"""
    )
    faults = [
        f"observatory: {row['n']} states of {row['aggregate']} are not what the facts say "
        f"(figures: {', '.join(FIGURES_OF.get(row['aggregate'], ('none',)))}): run `maillage replay observatory`."
        for row in rows
    ]
    return faults + await _removal_faults(tx) + await tally_faults(tx)


async def _removal_faults(tx: Tx) -> list[str]:
    rows = await tx.fetch(
        """SELECT service FROM (
               SELECT service, max(recorded_at) AS removed_at
               FROM fact WHERE aggregate = 'demonstration' GROUP BY service
           ) AS told FULL JOIN demonstration_removal AS kept USING (service)
           WHERE told.removed_at IS DISTINCT FROM kept.removed_at ORDER BY 1"""
    )
    return [
        f"observatory: the removal of the demonstration of {row['service']} is not what the facts say." for row in rows
    ]


async def shown(tx: Tx) -> dict[str, int]:
    """How many facts of each service the figures show; equal to its FACTS journal (AccessRevoked aside) once level."""
    rows = await tx.fetch("SELECT service, count(*) AS n FROM fact GROUP BY service")
    return {"registry": 0, "events": 0, "mailing": 0} | {row["service"]: row["n"] for row in rows}


async def moved_by(tx: Tx, facts: list[UUID]) -> list[tuple[str, UUID]]:
    """The indicators that each of these facts moved or may have moved, with the fact's id."""
    rows = await tx.fetch(
        "SELECT event_id, aggregate FROM fact WHERE event_id = ANY($1) ORDER BY recorded_at, event_id", facts
    )
    return [(figure, row["event_id"]) for row in rows for figure in FIGURES_OF.get(row["aggregate"], ())]


async def quality(tx: Tx) -> Row | None:
    """How many published structures say nothing of each of eight named fields."""
    return await tx.fetchrow(
        """SELECT count(*) AS n, count(*) FILTER (WHERE college IS NULL) AS college,
                  count(*) FILTER (WHERE kind IS NULL) AS kind,
                  count(*) FILTER (WHERE department IS NULL) AS department,
                  count(*) FILTER (WHERE commune_code IS NULL) AS commune,
                  count(*) FILTER (WHERE website IS NULL) AS website, count(*) FILTER (WHERE themes = '[]') AS themes,
                  count(*) FILTER (WHERE sdgs = '[]') AS sdgs, count(*) FILTER (WHERE countries = '[]') AS countries
           FROM organisation WHERE status IN ('published', 'to_refresh')"""
    )
