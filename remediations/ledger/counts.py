"""Totals that no row tells cheaply; each grows in the transaction of what it counts."""

from __future__ import annotations

import sqlalchemy as sa

from remediations.ledger.schema import COUNTS
from storage.database import insert_once

TRUNCATED = "truncated_alerts"
BLOCKED = "blocked_"
"""Followed by the guard's reason."""


def count(connection: sa.Connection, name: str, by: int = 1) -> None:
    """Add to a total."""
    if not insert_once(connection, COUNTS, {"name": name, "total": by}):
        connection.execute(
            sa.update(COUNTS).where(COUNTS.c.name == name).values(total=COUNTS.c.total + by)
        )
