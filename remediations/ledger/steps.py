"""What a run leaves behind as it goes: its calls, and what it proved about versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from remediations.ledger.rows import read_step
from remediations.ledger.schema import STEPS, VERDICTS, dumps
from remediations.ledger.seals import STEP, VERDICT, Seals
from remediations.model import Call, Run, Step, StepState
from storage.database import insert_once


def intend(
    connection: sa.Connection, run: Run, purpose: str, number: int, call: Call, now: float
) -> tuple[Step, Seals]:
    """Write down the call that is about to be made, once more if it was made before.

    Returns the step, and what is to be sealed of it.
    """
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
    step = read_step(connection.execute(sa.select(STEPS).where(where)).one())
    return step, STEP.seal({**key, **fresh, "attempts": step.attempts})


def settle(
    connection: sa.Connection, step: Step, state: StepState, now: float, values: Mapping[str, Any]
) -> Seals:
    """Write down what became of a call; returns what is to be sealed of it."""
    key = {"run_id": step.run_id, "purpose": step.purpose, "number": step.index}
    where = sa.and_(*(STEPS.c[name] == value for name, value in key.items()))
    settled = {"state": state.value, "settled_at": now, **values}
    connection.execute(sa.update(STEPS).where(where).values(settled))
    return STEP.seal({**key, **settled})


def judge(connection: sa.Connection, run: Run, version: str, *, healthy: bool, now: float) -> Seals:
    """Write down that a version of the run's target is healthy or not.

    Returns what is to be sealed of it.
    """
    values = {"healthy": int(healthy), "judged_at": now, "run_id": run.id}
    key = {"target": run.target, "version": version}
    if not insert_once(connection, VERDICTS, {**key, **values}):
        connection.execute(
            sa.update(VERDICTS)
            .where(VERDICTS.c.target == run.target, VERDICTS.c.version == version)
            .values(**values)
        )
    return VERDICT.seal({**key, **values})
