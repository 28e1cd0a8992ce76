"""Start processing again: enable what pauses of ours disabled, redrive what they stopped.

All pauses since the last resume that succeeded count, each by the calls that the ledger has of it.
A rule that somebody had disabled before stays so. What cannot be resumed is named in the plan, with
the reason, and left alone: rules that somebody else changed, executions that ended otherwise or
longer than 14 days ago, those of EXPRESS state machines. (A rule that somebody enabled after a
pause and disabled again looks like one that is still paused: EventBridge does not tell who did it.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from remediations import pipeline
from remediations.action import (
    Action,
    Context,
    Finding,
    Observation,
    ObsoleteError,
    Params,
    Result,
    Risk,
    no_target,
)
from remediations.model import Call, Plan, Run
from remediations.paused import PAUSE, RESUME, HeldExecution, Paused, ends, paused

NAME = RESUME
_LEFT = "not resumed: "
_LATE = "stopped 14 days ago or longer"
_NAMED = 10
_MACHINE = 6  # of arn:aws:states:REGION:ACCOUNT:execution:MACHINE:NAME
_GONE, _FOREIGN = "DELETED", "FOREIGN"
_RULES_LEFT = {
    _GONE: "there is no such rule any more",
    _FOREIGN: "the inventory has no such rule any more",
}
_EXECUTIONS_LEFT = {
    _GONE: "AWS does not know them any more",
    _FOREIGN: "the inventory has no such state machine any more",
    "RUNNING": "they run already",
    "PENDING_REDRIVE": "they run already",
}


class Wanted(Params):
    """``redrive``: take up the stopped executions where they were stopped."""

    redrive: bool = True


def observe(context: Context, run: Run) -> Observation:
    """Read what has become of all that pauses disabled and stopped."""
    past = context.past((PAUSE, RESUME), run.target, ends)
    held = paused([one for one in past if one.run.id != run.id])
    redrive = Wanted.model_validate(run.params).redrive
    return {
        "rules": {name: _rule(context, held, name) for name in sorted(held.rules)},
        "executions": {
            arn: _execution(context, arn, held.executions[arn])
            for arn in (held.executions if redrive else ())
        },
        "as_asked": 0 if redrive else len(held.executions),
        "express": sorted(held.express),
    }


def _rule(context: Context, held: Paused, name: str) -> dict[str, Any]:
    rule = held.rules[name]
    found = {"bus": rule.bus, "before": rule.before, "certain": rule.certain}
    ours = {(one.name, one.bus) for one in context.inventory.rules if one.scope is None}
    if (name, rule.bus) not in ours:
        return {**found, "state": _FOREIGN}
    try:
        answer = context.reader("events").describe_rule(Name=name, EventBusName=rule.bus)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return {**found, "state": _GONE}
    return {**found, "state": answer["State"]}


def _execution(context: Context, arn: str, held: HeldExecution) -> dict[str, Any]:
    machine = arn.split(":")[_MACHINE]
    if machine not in {one.name for one in context.inventory.state_machines if one.scope is None}:
        return {"status": _FOREIGN, "redrives": 0}
    try:
        answer = context.reader("stepfunctions").describe_execution(executionArn=arn)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ExecutionDoesNotExist":
            raise
        return {"status": _GONE, "redrives": 0}
    ended = answer.get("stopDate")
    refused = answer.get("redriveStatus") == "NOT_REDRIVABLE"
    return {
        "status": answer["status"],
        "redrives": int(answer.get("redriveCount") or 0),
        "ended_at": ended.timestamp() if ended else held.at,
        # AWS does not promise to tell the cause of an execution that was stopped.
        "ours": answer.get("cause") in (None, "", held.cause),
        "refusal": (answer.get("redriveStatusReason") or "no reason") if refused else None,
    }


def plan(context: Context, run: Run, seen: Observation) -> Plan:
    """Enable the rules again, then redrive what can be."""
    disabled = [name for name, rule in seen["rules"].items() if rule["state"] == "DISABLED"]
    reasons = {arn: _why_not(one, context.now()) for arn, one in seen["executions"].items()}
    redriven = [arn for arn, reason in reasons.items() if reason is None]
    left = (*_rules_left(seen), *_executions_left(seen, reasons))
    if not disabled and not redriven:
        raise ObsoleteError("nothing_to_resume", "; ".join(left) or "no pause of ours is on record")
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
        calls=(*(_enable(seen, name) for name in disabled), *_redrive(run, redriven)),
        undo=(),
        diff=(
            *(_enabled(name, seen["rules"][name]) for name in disabled),
            f"executions redriven: {len(redriven)} of {len(reasons) + seen['as_asked']} stopped",
            *(f"{_LEFT}{line}" for line in left),
        ),
        notes=tuple(_notes(seen, disabled, reasons, left)),
        expires_at=context.now() + context.inventory.engine.plan_expiry,
    )


def _enable(seen: Observation, name: str) -> Call:
    return Call("events", "EnableRule", {"Name": name, "EventBusName": seen["rules"][name]["bus"]})


def _redrive(run: Run, arns: Sequence[str]) -> Iterator[Call]:
    for number, arn in enumerate(arns):
        # The token makes a second sending of the same redrive the same redrive.
        arguments = {"executionArn": arn, "clientToken": f"{run.id}-{number}"}
        yield Call("stepfunctions", "RedriveExecution", arguments)


def _enabled(name: str, rule: Mapping[str, Any]) -> str:
    line = f"rule {name}: DISABLED -> ENABLED"
    if rule["before"] != "ENABLED":
        line += f" (it was {rule['before']})"
    return line if rule["certain"] else f"{line} (no answer on record to the pause's call)"


def _why_not(found: Mapping[str, Any], now: float) -> str | None:
    """Return why an execution that a pause stopped cannot be redriven; None if it can."""
    status = found["status"]
    if status != "ABORTED":
        return _EXECUTIONS_LEFT.get(status, f"they ended as {status}")
    if not found["ours"]:
        return "somebody else stopped them"
    if now - found["ended_at"] >= pipeline.REDRIVE_SECONDS:
        return _LATE
    return f"AWS refuses ({found['refusal']})" if found["refusal"] else None


def _rules_left(seen: Observation) -> Iterator[str]:
    for name, rule in seen["rules"].items():
        if rule["state"] != "DISABLED":
            why = _RULES_LEFT.get(rule["state"], f"somebody else made it {rule['state']}")
            yield f"rule {name}, {why}"


def _executions_left(seen: Observation, reasons: Mapping[str, str | None]) -> Iterator[str]:
    for reason in dict.fromkeys(one for one in reasons.values() if one is not None):
        names = [arn.rpartition(":")[2] for arn, why in reasons.items() if why == reason]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        yield f"executions, {reason}: {', '.join(names[:_NAMED])}{more}"
    if seen["as_asked"]:
        yield f"executions, as asked: {seen['as_asked']}"
    for arn in seen["express"]:
        yield f"EXPRESS executions of {arn.rpartition(':')[2]}, none is on record"


def _notes(
    seen: Observation,
    disabled: Sequence[str],
    reasons: Mapping[str, str | None],
    left: Sequence[str],
) -> Iterator[str]:
    if disabled:
        yield "events_were_lost"
    if any(seen["rules"][name]["before"] != "ENABLED" for name in disabled):
        yield "rule_state_reduced"
    if left:
        yield "not_all_resumes"
    if _LATE in reasons.values():
        yield "redrive_too_late"
    if seen["express"]:
        yield "express_not_resumed"


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


def result(plan_: Plan, _seen: Observation) -> Result:
    """Say what was left, as the plan did."""
    return Result(detail="; ".join(line for line in plan_.diff if line.startswith(_LEFT)) or None)


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
    result=result,
)
