"""Stop every deployment in progress, each with CodeDeploy's own rollback.

With ``stuck`` only those that have been in progress for longer than the inventory allows: one
that hangs is no reason to stop the others. A rollback that CodeDeploy makes by itself is never
stopped: it is the way back. Stopping is asked for with ``autoRollbackEnabled``, which leaves the
alias on the version that was healthy (API reference of StopDeployment).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from inventory.model import Inventory
from remediations import alert_over
from remediations.action import (
    Action,
    Context,
    Finding,
    Later,
    Observation,
    ObsoleteError,
    Params,
    Risk,
    by_alert,
)
from remediations.model import Call, Plan, Run

NAME = "stop_deployments"
_STATUSES = ("Created", "Queued", "InProgress", "Baking", "Ready")
_BATCH = 25
_ROLLBACK = "codeDeployRollback"


class Wanted(Params):
    """``stuck``: leave alone what is not in progress for too long yet."""

    stuck: bool = False


def targets(inventory: Inventory) -> tuple[str, ...]:
    """Return the CodeDeploy application."""
    return (inventory.codedeploy.application,)


def target(labels: Mapping[str, str]) -> str | None:
    """Return the application that the alert names."""
    return labels.get("application") or None


def observe(context: Context, run: Run) -> Observation:
    """Read the deployments in progress, those of people apart from CodeDeploy's rollbacks."""
    client = context.reader("codedeploy")
    found: list[dict[str, Any]] = []
    for group in _groups(context, run.target):
        ids = [
            identity
            for page in client.get_paginator("list_deployments").paginate(
                applicationName=run.target,
                deploymentGroupName=group,
                includeOnlyStatuses=list(_STATUSES),
            )
            for identity in page["deployments"]
        ]
        for start in range(0, len(ids), _BATCH):
            answer = client.batch_get_deployments(deploymentIds=ids[start : start + _BATCH])
            found.extend(answer["deploymentsInfo"])
    latest = _latest(context, run)
    return {
        "stoppable": {
            one["deploymentId"]: one["deploymentGroupName"]
            for one in found
            if one.get("creator") != _ROLLBACK and one["createTime"].timestamp() <= latest
        },
        "rollbacks": sorted(
            one["deploymentId"] for one in found if one.get("creator") == _ROLLBACK
        ),
    }


def _latest(context: Context, run: Run) -> float:
    """Return when the newest deployment that may be stopped was created (unix seconds)."""
    if not Wanted.model_validate(run.params).stuck:
        return math.inf
    return context.now() - context.inventory.thresholds.deployment_stuck


def _groups(context: Context, application: str) -> list[str]:
    pages = context.reader("codedeploy").get_paginator("list_deployment_groups")
    return [
        group
        for page in pages.paginate(applicationName=application)
        for group in page["deploymentGroups"]
    ]


def plan(context: Context, run: Run, seen: Observation) -> Plan:
    """Stop what is in progress."""
    if not seen["stoppable"]:
        raise ObsoleteError("already_done", f"nothing of {run.target} is in progress")
    return Plan(
        action=NAME,
        target=run.target,
        before={"stoppable": dict(seen["stoppable"])},
        after={"stoppable": {}},
        calls=tuple(_stop(identity) for identity in sorted(seen["stoppable"])),
        undo=(),
        diff=tuple(
            f"deployment {identity} of {group} -> Stopped, rolled back by CodeDeploy"
            for identity, group in sorted(seen["stoppable"].items())
        ),
        notes=("deployment_stopped",),
        expires_at=context.now() + context.inventory.engine.plan_expiry,
    )


def _stop(identity: str) -> Call:
    arguments = {"deploymentId": identity, "autoRollbackEnabled": True}
    return Call("codedeploy", "StopDeployment", arguments)


def more(
    _context: Context, _run: Run, seen: Observation, made: Sequence[Call]
) -> tuple[Call, ...] | Later:
    """Stop what was begun meanwhile."""
    stopped = {call.arguments["deploymentId"] for call in made}
    return tuple(_stop(one) for one in sorted(seen["stoppable"]) if one not in stopped)


def settled(_plan: Plan, call: Call, seen: Observation) -> Finding:
    """Tell whether a deployment is in progress no more."""
    going_on = call.arguments["deploymentId"] in seen["stoppable"]
    return Finding.ABSENT if going_on else Finding.HAPPENED


def effect(plan_: Plan, seen: Observation) -> Finding:
    """Say whether nothing is in progress; CodeDeploy's own rollbacks are waited for."""
    if set(plan_.before["stoppable"]) & set(seen["stoppable"]):
        return Finding.ABSENT
    return Finding.PENDING if seen["stoppable"] or seen["rollbacks"] else Finding.HAPPENED


ACTION = Action(
    name=NAME,
    risk=Risk.MEDIUM,
    reads=(
        "codedeploy:BatchGetDeployments",
        "codedeploy:ListDeploymentGroups",
        "codedeploy:ListDeployments",
    ),
    writes=("codedeploy:StopDeployment",),
    target=target,
    targets=targets,
    observe=observe,
    plan=plan,
    settled=settled,
    effect=effect,
    more=more,
    params=Wanted,
    moot=frozenset({"DeploymentAlreadyCompletedException"}),
    # What is read back itself disproves the alert: no further evidence is asked for.
    judge=alert_over.judge,
    measured_for=by_alert,
)
