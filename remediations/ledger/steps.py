"""What a run leaves behind as it goes: its calls, and what it proved about versions."""

from __future__ import annotations

import sqlalchemy as sa

from remediations.ledger.rows import read_step
from remediations.ledger.schema import STEPS, VERDICTS, dumps
from remediations.model import Call, Run, Step, StepState
from storage.database import insert_once


def intend(
    connection: sa.Connection, run: Run, purpose: str, number: int, call: Call, now: float
) -> Step:
    """Write down the call that is about to be made, once more if it was made before."""
    key = {"run_id": run.id, "purpose": purpose, "number": number}
    where = sa.and_(*(STEPS.c[name] == value for name, value in key.items()))
    fresh = {
        "service": call.service,
        "operation": call.operation,
        "arguments": dumps(dict(call.arguments)),
        "state": StepState.INTENT.value,
        "intended_at": now,
        "settled_at": None,
        "error": None,
    }
    if not insert_once(connection, STEPS, {**key, **fresh, "attempts": 1}):
        connection.execute(
            sa.update(STEPS).where(where).values(**fresh, attempts=STEPS.c.attempts + 1)
        )
    return read_step(connection.execute(sa.select(STEPS).where(where)).one())


def judge(connection: sa.Connection, run: Run, version: str, *, healthy: bool, now: float) -> None:
    """Write down that a version of the run's target is healthy or is not."""
    values = {"healthy": int(healthy), "judged_at": now, "run_id": run.id}
    key = {"target": run.target, "version": version}
    if not insert_once(connection, VERDICTS, {**key, **values}):
        connection.execute(
            sa.update(VERDICTS)
            .where(VERDICTS.c.target == run.target, VERDICTS.c.version == version)
            .values(**values)
        )
