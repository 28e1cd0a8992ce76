"""Keep a log group's events for a number of days.

CloudWatch Logs takes certain numbers only. Fewer days than before delete events for good, so that
asks for a person (API reference of PutRetentionPolicy).
"""

from __future__ import annotations

from typing import Any

from pydantic import field_validator

from inventory.model import Inventory
from remediations.action import (
    Action,
    BlockedError,
    Context,
    Finding,
    Observation,
    ObsoleteError,
    Params,
    Risk,
    no_target,
)
from remediations.comparing import compared
from remediations.model import Call, Plan, Run

NAME = "set_log_retention"
DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731)
LONG_DAYS = (1096, 1827, 2192, 2557, 2922, 3288, 3653)


class Wanted(Params):
    """``days`` is one of the numbers that CloudWatch Logs takes."""

    days: int

    @field_validator("days")
    @classmethod
    def _taken(cls, value: int) -> int:
        if value not in (*DAYS, *LONG_DAYS):
            raise ValueError(f"{value} is none of {', '.join(map(str, (*DAYS, *LONG_DAYS)))}")
        return value


def targets(inventory: Inventory) -> tuple[str, ...]:
    """Return the log groups of the main account's functions."""
    groups = (function.log_group for function in inventory.functions if function.scope is None)
    return tuple(dict.fromkeys(groups))


def observe(context: Context, run: Run) -> Observation:
    """Read the group's retention; None where its events never expire."""
    pages = context.reader("logs").get_paginator("describe_log_groups")
    for page in pages.paginate(logGroupNamePrefix=run.target):
        for group in page["logGroups"]:
            if group["logGroupName"] == run.target:
                return {"days": group.get("retentionInDays")}
    raise BlockedError("target_missing", f"there is no log group {run.target}")


def plan(context: Context, run: Run, seen: Observation) -> Plan:
    """Set the days, by a person's word where that deletes events."""
    days = Wanted.model_validate(run.params).days
    if seen["days"] == days:
        raise ObsoleteError("already_done", f"{run.target} keeps {days} days")
    shorter = seen["days"] is None or days < seen["days"]
    return Plan(
        action=NAME,
        target=run.target,
        before=dict(seen),
        after={"days": days},
        calls=(
            Call(
                "logs", "PutRetentionPolicy", {"logGroupName": run.target, "retentionInDays": days}
            ),
        ),
        undo=(),
        diff=(f"{run.target}: {_days(seen['days'])} -> {_days(days)}",),
        notes=("events_are_deleted",) if shorter else (),
        expires_at=context.now() + context.inventory.engine.plan_expiry,
        approval=shorter,
    )


def _days(days: Any) -> str:
    return "kept for ever" if days is None else f"kept {days} days"


def settled(plan_: Plan, _call: Call, seen: Observation) -> Finding:
    """Tell from the group whether the call took effect."""
    return effect(plan_, seen)


def effect(plan_: Plan, seen: Observation) -> Finding:
    """Say whether the group keeps what was planned."""
    return compared(plan_, seen)


ACTION = Action(
    name=NAME,
    risk=Risk.MEDIUM,
    reads=("logs:DescribeLogGroups",),
    writes=("logs:PutRetentionPolicy",),
    target=no_target,
    targets=targets,
    observe=observe,
    plan=plan,
    settled=settled,
    effect=effect,
    params=Wanted,
    measured=False,
)
