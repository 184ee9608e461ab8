"""Partners' dashboards: found by the hash of their key, and closed ones told apart from unknown ones."""

import hashlib

from services.observatory.domain import DashboardClosed, Scope, UnknownDashboard
from shared.clock import today
from shared.db import Row, Tx


def hash_of(key: str) -> bytes:
    """What is kept of a key (32 bytes): the key itself is shown once and written nowhere."""
    return hashlib.sha256(key.encode()).digest()


async def dashboard_of(tx: Tx, key: str) -> Row:
    """The open dashboard of this key. Raises UnknownDashboard, or DashboardClosed once expired or revoked."""
    row = await tx.fetchrow(
        """SELECT dashboard_id, partner, departments, themes, countries, expires_on, revoked_at
           FROM dashboard WHERE key_hash = $1""",
        hash_of(key),
    )
    if row is None:
        raise UnknownDashboard()
    if row["revoked_at"] is not None or row["expires_on"] < today():
        raise DashboardClosed()
    return row


async def dashboards(tx: Tx) -> list[Row]:
    """Every dashboard, open ones first."""
    return await tx.fetch(
        """SELECT dashboard_id, partner, departments, themes, countries, expires_on, created_at, revoked_at
           FROM dashboard ORDER BY revoked_at IS NOT NULL, created_at DESC LIMIT 500"""
    )


def scope_of(dashboard: Row, year: int | None = None) -> Scope:
    """The limits a dashboard sets on every figure, on the server."""
    return Scope(year, tuple(dashboard["departments"]), tuple(dashboard["themes"]), tuple(dashboard["countries"]))
