"""Who works on a run: leases, taken by compare-and-set and fenced by the run's epoch."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from remediations.ledger.rows import read_run
from remediations.ledger.schema import RUNS
from remediations.model import Run, State
from storage.database import write

_CANDIDATES = 8


def claim(engine: sa.Engine, owner: str, lease: float, now: float) -> Run | None:
    """Lease the run that has been due longest, for ``lease`` seconds; None if none is due."""
    due = (
        sa.select(RUNS.c.id, RUNS.c.epoch)
        .where(
            RUNS.c.state != State.CLOSED.value,
            RUNS.c.next_at <= now,
            sa.or_(RUNS.c.lease_until.is_(None), RUNS.c.lease_until <= now),
        )
        .order_by(RUNS.c.next_at)
        .limit(_CANDIDATES)
    )
    with engine.connect() as connection:
        candidates = connection.execute(due).all()
    # Others look at the same moment and see the same: whoever is late takes the next one.
    found = (_lease(engine, candidate, owner, now + lease, now) for candidate in candidates)
    return next((run for run in found if run is not None), None)


def _lease(engine: sa.Engine, candidate: Any, owner: str, until: float, now: float) -> Run | None:
    with write(engine) as connection:
        claimed = connection.execute(
            sa.update(RUNS)
            .where(
                RUNS.c.id == candidate.id,
                RUNS.c.epoch == candidate.epoch,
                RUNS.c.state != State.CLOSED.value,
                # It may have been worked on, and put off, since it was looked for.
                RUNS.c.next_at <= now,
            )
            .values(epoch=candidate.epoch + 1, lease_owner=owner, lease_until=until)
        )
        if not claimed.rowcount:
            return None
        row = connection.execute(sa.select(RUNS).where(RUNS.c.id == candidate.id)).one()
    return read_run(row)
