"""Start processing again: enable what the pause found enabled, redrive what it stopped.

Only what the ledger says that a pause of ours disabled is enabled: a rule that somebody had
disabled before stays so. Executions older than the redrive limit are named, and left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from remediations import pipeline
from remediations.action import (
    Action,
    BlockedError,
    Context,
    Finding,
    Observation,
    ObsoleteError,
    Params,
    Past,
    Risk,
    no_target,
)
from remediations.model import Call, Plan, Run

NAME = "resume_processing"
_REDRIVABLE = frozenset({"FAILED", "ABORTED", "TIMED_OUT"})


class Wanted(Params):
    """``redrive``: take up the stopped executions where they were stopped."""

    redrive: bool = True


def observe(context: Context, run: Run) -> Observation:
    """Read the rules, and what became of the executions that the pause stopped."""
    past = _pause(context, run)
    client = context.reader("stepfunctions")
    stopped = _stopped(past) if Wanted.model_validate(run.params).redrive else []
    return {
        "rules": pipeline.rules(context),
        "executions": {
            arn: _execution(client.describe_execution(executionArn=arn)) for arn in stopped
        },
        "paused_at": past.at,
        "enabled_before": sorted(
            name for name, state in past.before["rules"].items() if state != "DISABLED"
        ),
    }


def _pause(context: Context, run: Run) -> Past:
    past = context.past(pipeline.PAUSE, run.target)
    if past is None:
        raise BlockedError("no_pause_known", "no pause of ours is on record")
    return past


def _stopped(past: Past) -> list[str]:
    return [
        call.arguments["executionArn"] for call in past.calls if call.operation == "StopExecution"
    ]


def _execution(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {"status": answer["status"], "redrives": int(answer.get("redriveCount") or 0)}


def plan(context: Context, run: Run, seen: Observation) -> Plan:
    """Enable the rules again, then redrive what can be."""
    disabled = [
        name for name in seen["enabled_before"] if seen["rules"][name]["state"] == "DISABLED"
    ]
    late = context.now() - seen["paused_at"] >= pipeline.REDRIVE_SECONDS
    waiting = [arn for arn, found in seen["executions"].items() if found["status"] in _REDRIVABLE]
    redriven = [] if late else waiting
    if not disabled and not redriven:
        raise ObsoleteError("already_done", "what the pause had disabled is enabled again")
    return Plan(
        action=NAME,
        target=run.target,
        before=_state(seen),
        after={
            "rules": {
                name: "ENABLED" if name in disabled else rule["state"]
                for name, rule in seen["rules"].items()
            },
            "executions": {
                arn: found["redrives"] + (arn in redriven)
                for arn, found in seen["executions"].items()
            },
        },
        calls=(
            *(
                Call(
                    "events",
                    "EnableRule",
                    {"Name": name, "EventBusName": seen["rules"][name]["bus"]},
                )
                for name in disabled
            ),
            *(
                Call(
                    "stepfunctions",
                    "RedriveExecution",
                    # The token makes a second sending of the same redrive the same redrive.
                    {"executionArn": arn, "clientToken": f"{run.id}-{number}"},
                )
                for number, arn in enumerate(redriven)
            ),
        ),
        undo=(),
        diff=(
            *(f"rule {name}: DISABLED -> ENABLED" for name in disabled),
            f"executions redriven: {len(redriven)} of {len(seen['executions'])} stopped",
        ),
        notes=("redrive_too_late",) if late and waiting else (),
        expires_at=context.now() + context.inventory.engine.plan_expiry,
    )


def _state(seen: Observation) -> dict[str, Any]:
    return {
        "rules": {name: rule["state"] for name, rule in seen["rules"].items()},
        "executions": {arn: found["redrives"] for arn, found in seen["executions"].items()},
    }


def settled(plan_: Plan, call: Call, seen: Observation) -> Finding:
    """Tell whether a rule is enabled, or an execution was redriven."""
    if call.operation == "EnableRule":
        state = seen["rules"][call.arguments["Name"]]["state"]
        return Finding.HAPPENED if state == "ENABLED" else Finding.ABSENT
    arn = call.arguments["executionArn"]
    redriven = seen["executions"][arn]["redrives"] > plan_.before["executions"][arn]
    return Finding.HAPPENED if redriven else Finding.ABSENT


def effect(plan_: Plan, seen: Observation) -> Finding:
    """Say whether the rules are enabled and the executions were taken up again."""
    state = _state(seen)
    if state == plan_.after:
        return Finding.HAPPENED
    return Finding.ABSENT if state == {**plan_.before} else Finding.DRIFTED


ACTION = Action(
    name=NAME,
    risk=Risk.HIGH,
    reads=("events:DescribeRule", "states:DescribeExecution"),
    writes=("events:EnableRule", "states:RedriveExecution"),
    target=no_target,
    targets=pipeline.targets,
    observe=observe,
    plan=plan,
    settled=settled,
    effect=effect,
    params=Wanted,
    moot=frozenset({"ExecutionNotRedrivable"}),
    measured=False,
)
