"""What pauses of ours still hold back, told from the calls that the ledger has of them.

A pause adds what it disabled and stopped, a resume takes away what it enabled and redrove. A call
that was refused, or that AWS answered with "not there", changed nothing; one whose answer is not on
record may have: it counts, and the world says what became of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from remediations.action import Past
from remediations.model import Outcome, Run, Step, StepState

PAUSE = "pause_processing"
RESUME = "resume_processing"
_MAY_HAVE_HAPPENED = (StepState.DONE, StepState.INTENT, StepState.UNKNOWN)


@dataclass(frozen=True)
class HeldRule:
    """A rule that a pause disabled: its bus, its state before, and whether AWS said so."""

    bus: str
    before: str
    certain: bool


@dataclass(frozen=True)
class HeldExecution:
    """An execution that a pause stopped: with which cause, and when (unix seconds)."""

    cause: str
    at: float


@dataclass(frozen=True)
class Paused:
    """Rules by name, executions by ARN, and the express state machines that ran on meanwhile."""

    rules: dict[str, HeldRule] = field(default_factory=dict)
    executions: dict[str, HeldExecution] = field(default_factory=dict)
    express: set[str] = field(default_factory=set)


def ends(run: Run) -> bool:
    """Say whether a run resumed everything that was paused before it."""
    return _resumed(run) and bool(run.params.get("redrive", True))


def _resumed(run: Run) -> bool:
    return run.action == RESUME and run.outcome is Outcome.SUCCEEDED


def paused(past: Sequence[Past]) -> Paused:
    """Fold pauses and resumes, oldest first."""
    held = Paused()
    for one in past:
        plan = one.run.plan
        before: Mapping[str, str] = plan.before.get("rules", {}) if plan else {}
        for step in one.steps:
            _fold(held, step, before)
        if plan and one.run.action == PAUSE:
            held.express.update(plan.before.get("express", ()))
        if _resumed(one.run):
            # What it left disabled is no longer ours; what it left stopped may be asked for yet.
            held.rules.clear()
    return held


def _fold(held: Paused, step: Step, before: Mapping[str, str]) -> None:
    arguments, done = step.call.arguments, step.state is StepState.DONE
    if step.state not in _MAY_HAVE_HAPPENED or (done and step.error is not None):
        return
    if step.call.operation == "DisableRule":
        name = arguments["Name"]
        held.rules[name] = HeldRule(arguments["EventBusName"], before.get(name, "ENABLED"), done)
    elif step.call.operation == "StopExecution":
        at = step.settled_at or step.intended_at or 0.0
        held.executions[arguments["executionArn"]] = HeldExecution(arguments["cause"], at)
    elif done and step.call.operation == "EnableRule":
        held.rules.pop(arguments["Name"], None)
    elif done and step.call.operation == "RedriveExecution":
        held.executions.pop(arguments["executionArn"], None)
