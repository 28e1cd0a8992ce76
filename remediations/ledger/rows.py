"""Rows to plain data and back."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import Any

from remediations.ledger.schema import dumps
from remediations.model import Call, Outcome, Plan, Run, State, Step, StepState


def plan_document(plan: Plan) -> dict[str, Any]:
    """Return the plan as JSON data."""
    return asdict(plan)


def plan_hash(plan: Plan) -> str:
    """Return the hash that an approval is bound to; any change of the plan changes it."""
    return hashlib.sha256(dumps(plan_document(plan)).encode()).hexdigest()


def _calls(documents: list[dict[str, Any]]) -> tuple[Call, ...]:
    return tuple(Call(**document) for document in documents)


def read_plan(text: str | None) -> Plan | None:
    """Return the plan that a row holds."""
    if text is None:
        return None
    document = json.loads(text)
    document["calls"] = _calls(document["calls"])
    document["undo"] = _calls(document["undo"])
    document["diff"] = tuple(document["diff"])
    document["notes"] = tuple(document["notes"])
    return Plan(**document)


def read_run(row: Any) -> Run:
    """Return the run of a row of ``runs``."""
    values = dict(row._mapping)  # noqa: SLF001 SQLAlchemy's public way to a row's mapping
    values["state"] = State(values["state"])
    values["outcome"] = Outcome(values["outcome"]) if values["outcome"] else None
    values["plan"] = read_plan(values["plan"])
    for name in ("alert", "params", "baseline"):
        values[name] = json.loads(values[name]) if values[name] else None
    return Run(**values)


def read_step(row: Any) -> Step:
    """Return the step of a row of ``steps``."""
    return Step(
        run_id=row.run_id,
        index=row.number,
        purpose=row.purpose,
        call=Call(row.service, row.operation, json.loads(row.arguments)),
        state=StepState(row.state),
        attempts=row.attempts,
        request_id=row.request_id,
        error=row.error,
        intended_at=row.intended_at,
        settled_at=row.settled_at,
    )
