"""One run at a time acts on a target, and only so many at all: decided where intents are committed.

A guard looks first and speaks clearly, but two runs may look at the same moment; only as many of
them may then commit their intents as the guards would let through one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from remediations.ledger.schema import RUNS
from remediations.ledger.switches import Switch, SwitchState, read
from remediations.model import Run, State

HOUR = 3600.0
_ACTING = (State.RUNNING.value, State.VERIFYING.value, State.UNDOING.value)


class TargetBusyError(Exception):
    """Another run acts on the target or verifies it; ``run_id`` names it."""

    def __init__(self, run_id: str) -> None:
        super().__init__(f"{run_id} is acting on it")
        self.run_id = run_id


def acting_on(connection: sa.Connection, target: str, other_than: str) -> str | None:
    """Return another run that is acting on the target, verifying it, or held half-way."""
    half_way = sa.and_(RUNS.c.state == State.BLOCKED.value, RUNS.c.intended_at.is_not(None))
    found: str | None = connection.execute(
        sa.select(RUNS.c.id).where(
            RUNS.c.target == target,
            RUNS.c.id != other_than,
            sa.or_(RUNS.c.state.in_(_ACTING), half_way),
        )
    ).scalar()
    return found


def acted_since(connection: sa.Connection, since: float, other_than: str) -> list[str]:
    """Return the target of every other run that acted since then (unix seconds)."""
    query = sa.select(RUNS.c.target).where(RUNS.c.intended_at >= since, RUNS.c.id != other_than)
    return [str(row[0]) for row in connection.execute(query)]


@dataclass(frozen=True)
class Committing:
    """What the guards must know where an intent is committed, read in that transaction."""

    acted_last_hour: Sequence[str]
    pause: SwitchState
    maintenance: SwitchState


Recheck = Callable[[Committing], None]
"""Raises if a run may not make its next call after all."""


def check(connection: sa.Connection, run: Run, now: float, recheck: Recheck) -> None:
    """Ask ``recheck`` in the transaction of an intent.

    Appenders to the audit chain queue for it, so neither another intent nor a switch is committed
    meanwhile.

    Raises:
        TargetBusyError: if another run acts on the target, before ``run``'s first intent.
    """
    if run.intended_at is None:
        _take(connection, run)
    recheck(
        Committing(
            acted_since(connection, now - HOUR, run.id),
            read(connection, Switch.PAUSE, now),
            read(connection, Switch.MAINTENANCE, now),
        )
    )


def _take(connection: sa.Connection, run: Run) -> None:
    """Let ``run`` be the one that acts on its target."""
    if connection.dialect.name == "postgresql":
        # SQLite has one writer anyway; here two transactions would not see each other.
        connection.execute(
            sa.text("SELECT pg_advisory_xact_lock(hashtext(:key))"), {"key": f"acts/{run.target}"}
        )
    other = acting_on(connection, run.target, run.id)
    if other is not None:
        raise TargetBusyError(other)
