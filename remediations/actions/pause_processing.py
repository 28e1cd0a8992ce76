"""Stop all processing: disable the rules that start it, then stop what runs.

The order matters: a rule that still fires would start what was just stopped. Lists lag behind, so
after the last stop the executions are listed again until none is new for a while. What was
enabled and what was stopped stays in the ledger: resuming goes back to exactly that.

Pausing contains and cures nothing: an alert that is quiet because nothing runs proves no recovery,
so what an alert asked for ends as ``contained``, and a person is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from remediations import pipeline
from remediations.action import (
    LATER,
    Action,
    BlockedError,
    Context,
    Finding,
    Later,
    Observation,
    ObsoleteError,
    Risk,
)
from remediations.model import Call, Plan, Run
from remediations.paused import PAUSE

NAME = PAUSE
_QUIET = 30.0
_CAUSE = "Vigia"


def target(_labels: Mapping[str, str]) -> str | None:
    """Return the pipeline: there is one, whatever the alert is about."""
    return pipeline.TARGET


def observe(context: Context, _run: Run) -> Observation:
    """Read the rules, and what runs."""
    machines = pipeline.machines(context)
    return {
        "rules": pipeline.rules(context),
        "express": sorted(arn for arn, kind in machines.items() if kind == "EXPRESS"),
        "running": sorted(
            execution
            for arn, kind in machines.items()
            if kind != "EXPRESS"
            for execution in pipeline.running(context, arn)
        ),
    }


def plan(context: Context, run: Run, seen: Observation) -> Plan:
    """Disable what is enabled, stop what runs."""
    enabled = {name: rule for name, rule in seen["rules"].items() if rule["state"] != "DISABLED"}
    managed = [name for name, rule in enabled.items() if rule["managed_by"]]
    if managed:
        raise BlockedError("managed_rule", f"{managed[0]} is managed by an AWS service")
    if not enabled and not seen["running"]:
        raise ObsoleteError("already_done", "nothing is enabled and nothing runs")
    notes = ["events_are_lost"] if enabled else []
    if seen["express"]:
        notes.append("express_goes_on")
    return Plan(
        action=NAME,
        target=run.target,
        before={
            "rules": {name: rule["state"] for name, rule in seen["rules"].items()},
            "running": list(seen["running"]),
            "express": list(seen["express"]),
        },
        after={"rules": dict.fromkeys(seen["rules"], "DISABLED"), "running": []},
        calls=(
            *(
                Call("events", "DisableRule", {"Name": name, "EventBusName": rule["bus"]})
                for name, rule in sorted(enabled.items())
            ),
            *(_stop(run, arn) for arn in seen["running"]),
        ),
        undo=(),
        diff=(
            *(
                f"rule {name}: {rule['state']} -> DISABLED"
                for name, rule in sorted(enabled.items())
            ),
            f"running executions: {len(seen['running'])} -> 0",
        ),
        notes=tuple(notes),
        expires_at=context.now() + context.inventory.engine.plan_expiry,
    )


def _stop(run: Run, arn: str) -> Call:
    return Call("stepfunctions", "StopExecution", {"executionArn": arn, "cause": _cause(run)})


def _cause(run: Run) -> str:
    return f"{_CAUSE} {run.id}"


def more(
    context: Context, run: Run, seen: Observation, made: Sequence[Call]
) -> tuple[Call, ...] | Later:
    """Stop what has started meanwhile, until nothing new has shown up for a while."""
    stopped = {call.arguments.get("executionArn") for call in made}
    fresh = [arn for arn in seen["running"] if arn not in stopped]
    if fresh:
        return (_stop(run, fresh[0]),)
    # The run changed last when its last call was settled: what was stopped by then is listed late.
    return LATER if context.now() - run.updated_at < _QUIET else ()


def settled(_plan: Plan, call: Call, seen: Observation) -> Finding:
    """Tell whether a rule is disabled, or an execution gone from those that run."""
    if call.operation == "DisableRule":
        state = seen["rules"][call.arguments["Name"]]["state"]
        return Finding.HAPPENED if state == "DISABLED" else Finding.ABSENT
    gone = call.arguments["executionArn"] not in seen["running"]
    return Finding.HAPPENED if gone else Finding.ABSENT


def effect(plan_: Plan, seen: Observation) -> Finding:
    """Say whether nothing starts and nothing runs any more."""
    states = {name: rule["state"] for name, rule in seen["rules"].items()}
    if states == plan_.after["rules"] and not seen["running"]:
        return Finding.HAPPENED
    if states == plan_.before["rules"]:
        return Finding.ABSENT
    # What was stopped is listed for a while yet.
    return Finding.PENDING if states == plan_.after["rules"] else Finding.DRIFTED


ACTION = Action(
    name=NAME,
    risk=Risk.HIGH,
    reads=(
        "events:DescribeRule",
        "states:DescribeStateMachine",
        "states:ListExecutions",
    ),
    writes=("events:DisableRule", "states:StopExecution"),
    target=target,
    targets=pipeline.targets,
    observe=observe,
    plan=plan,
    settled=settled,
    effect=effect,
    more=more,
    moot=frozenset({"ExecutionDoesNotExist"}),
    measured=False,
    contains=True,
)
