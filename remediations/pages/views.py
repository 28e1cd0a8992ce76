"""Runs, steps and deliveries as JSON documents: what the API, the console and ``vigia`` show."""

from __future__ import annotations

from typing import Any

from catalogue.text import Locale
from catalogue.texts.remediations import NOTES
from inventory.model import Inventory
from remediations.action import Action
from remediations.ledger import audit
from remediations.ledger.rows import plan_document
from remediations.ledger.store import Ledger
from remediations.model import Run, Step
from remediations.pages.why import answer, blocks, delivery_text, reason_text, run_text

_MOST_DELIVERIES = 200
_MOST_RUNS = 20


def run_document(run: Run, locale: Locale) -> dict[str, Any]:
    """Return a run's summary. Times are unix seconds."""
    return {
        "id": run.id,
        "action": run.action,
        "target": run.target,
        "playbook": run.playbook,
        "mode": run.mode,
        "alert": run.alert.get("alertname"),
        "fingerprint": run.fingerprint,
        "state": run.state.value,
        "outcome": run.outcome.value if run.outcome else None,
        "reason": run.reason,
        "reason_text": reason_text(run.reason, locale),
        "detail": run.detail,
        "text": run_text(run, locale),
        "plan_hash": run.plan_hash,
        "approved_by": run.approved_by,
        "starts_at": run.starts_at,
        "created_at": run.created_at,
        "intended_at": run.intended_at,
        "applied_at": run.applied_at,
        "closed_at": run.closed_at,
        "updated_at": run.updated_at,
    }


def full_document(ledger: Ledger, run: Run, locale: Locale) -> dict[str, Any]:
    """Return a run with its plan, steps, samples and history."""
    plan = plan_document(run.plan) if run.plan else None
    if plan is not None and run.plan is not None:
        plan["notes"] = [NOTES[note].in_(locale) for note in run.plan.notes]
    with ledger.engine.connect() as connection:
        history = audit.rows(connection, run.id)
    return {
        **run_document(run, locale),
        "plan": plan,
        "blocks": blocks(history, locale),
        "baseline": run.baseline,
        "steps": [
            _step_document(step)
            for purpose in ("apply", "undo")
            for step in ledger.runs.steps(run.id, purpose)
        ],
        "samples": [
            {"at": s.at, "verdict": s.verdict.value, "readings": dict(s.readings)}
            for s in ledger.runs.samples(run.id)
        ],
        "history": history,
    }


def _step_document(step: Step) -> dict[str, Any]:
    return {
        "purpose": step.purpose,
        "number": step.index,
        "service": step.call.service,
        "operation": step.call.operation,
        "arguments": dict(step.call.arguments),
        "state": step.state.value,
        "attempts": step.attempts,
        "request_id": step.request_id,
        "error": step.error,
        "intended_at": step.intended_at,
        "settled_at": step.settled_at,
    }


def action_document(action: Action, inventory: Inventory) -> dict[str, Any]:
    """Return what may be asked of an action, its parameters as a JSON schema."""
    return {
        "name": action.name,
        "risk": action.risk.value,
        "targets": list(action.targets(inventory)),
        "params": action.params.model_json_schema().get("properties", {}),
        # Whether what it calls after the planned calls depends on what it finds.
        "open_ended": action.more is not None,
    }


def why_document(ledger: Ledger, fingerprint: str, locale: Locale) -> dict[str, Any] | None:
    """Return why an alert was or was not acted on; None if it was never delivered."""
    delivered = ledger.facts.deliveries(fingerprint, _MOST_DELIVERIES)
    named = {row["run_id"] for row in delivered if row["run_id"]}
    runs = ledger.facts.runs_of(named, fingerprint)[-_MOST_RUNS:]
    if not delivered and not runs:
        return None
    return {
        "fingerprint": fingerprint,
        "alert": delivered[-1]["labels"] if delivered else dict(runs[-1].alert),
        "answer": answer(delivered, runs, locale),
        "deliveries_total": ledger.facts.delivered(fingerprint),
        "deliveries": [
            {
                "received_at": row["received_at"],
                "status": row["status"],
                "decision": row["decision"],
                "reason": row["reason"],
                "reason_text": reason_text(row["reason"], locale),
                "detail": row["detail"],
                "text": delivery_text(row, locale),
                "run_id": row["run_id"],
            }
            for row in delivered
        ],
        "runs": [full_document(ledger, run, locale) for run in runs],
    }
