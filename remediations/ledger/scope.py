"""One run at a time acts on a target, whatever the action: decided where the intent is committed.

A guard looks first and speaks clearly, but two runs may look at the same moment; only one of them
may then commit its intent.
"""

from __future__ import annotations

import sqlalchemy as sa

from remediations.ledger.schema import RUNS
from remediations.model import Run, State

_ACTING = (State.RUNNING.value, State.VERIFYING.value, State.UNDOING.value)


class TargetBusyError(Exception):
    """Another run acts on the target or verifies it; ``run_id`` names it."""

    def __init__(self, run_id: str) -> None:
        super().__init__(f"{run_id} is acting on it")
        self.run_id = run_id


def acting_on(connection: sa.Connection, target: str, other_than: str) -> str | None:
    """Return another run that is acting on the target or verifying it."""
    found: str | None = connection.execute(
        sa.select(RUNS.c.id).where(
            RUNS.c.target == target, RUNS.c.id != other_than, RUNS.c.state.in_(_ACTING)
        )
    ).scalar()
    return found


def take(connection: sa.Connection, run: Run) -> None:
    """Let ``run`` be the one that acts on its target, in the transaction of its intent.

    Raises:
        TargetBusyError: if another run is.
    """
    if connection.dialect.name == "postgresql":
        # SQLite has one writer anyway; here two transactions would not see each other.
        connection.execute(
            sa.text("SELECT pg_advisory_xact_lock(hashtext(:key))"), {"key": f"acts/{run.target}"}
        )
    other = acting_on(connection, run.target, run.id)
    if other is not None:
        raise TargetBusyError(other)
