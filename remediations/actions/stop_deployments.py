"""Stop every deployment in progress, each with CodeDeploy's own rollback.

With ``stuck`` only those that have been in progress for longer than the inventory allows: one
that hangs is no reason to stop the others. A rollback that CodeDeploy makes by itself is never
stopped: it is the way back. Stopping is asked for with ``autoRollbackEnabled``, and is done when
CodeDeploy's own rollback of each deployment has succeeded.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from inventory.model import Inventory
from remediations import alert_over, stopping
from remediations.action import (
    LATER,
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
from remediations.deployments import IN_PROGRESS
from remediations.model import Call, Plan, Run

NAME = "stop_deployments"


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
    """Read the deployments in progress, and what became of those that were asked to stop."""
    client = context.reader("codedeploy")
    ids = [
        identity
        for group in _groups(context, run.target)
        for page in client.get_paginator("list_deployments").paginate(
            applicationName=run.target,
            deploymentGroupName=group,
            includeOnlyStatuses=sorted(IN_PROGRESS),
        )
        for identity in page["deployments"]
    ]
    found = stopping.read(context, ids)
    latest = _latest(context, run)
    return {
        "stoppable": {
            one["deploymentId"]: one["deploymentGroupName"]
            for one in found
            if one.get("creator") != stopping.ROLLBACK and one["createTime"].timestamp() <= latest
        },
        "rollbacks": sorted(
            one["deploymentId"] for one in found if one.get("creator") == stopping.ROLLBACK
        ),
        "stopped": stopping.follow(context, run),
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
        calls=tuple(stopping.stop(identity) for identity in sorted(seen["stoppable"])),
        undo=(),
        diff=tuple(
            f"deployment {identity} of {group} -> Stopped, rolled back by CodeDeploy"
            for identity, group in sorted(seen["stoppable"].items())
        ),
        notes=("deployment_stopped",),
        expires_at=context.now() + context.inventory.engine.plan_expiry,
    )


def more(
    _context: Context, _run: Run, seen: Observation, made: Sequence[Call]
) -> tuple[Call, ...] | Later:
    """Stop what was begun meanwhile, then wait until everything has stopped."""
    asked = {call.arguments["deploymentId"] for call in made}
    further = tuple(stopping.stop(one) for one in sorted(seen["stoppable"]) if one not in asked)
    return LATER if not further and stopping.going_on(seen["stopped"]) else further


def settled(_plan: Plan, call: Call, seen: Observation) -> Finding:
    """Tell whether a deployment is in progress no more."""
    return stopping.taken(seen["stopped"], call)


def effect(plan_: Plan, seen: Observation) -> Finding:
    """Say whether nothing is in progress, and CodeDeploy has brought every alias back.

    Raises:
        FailedError: if CodeDeploy's own rollback of a deployment failed.
    """
    untouched = set(seen["stoppable"]) - set(seen["stopped"])
    if set(plan_.before["stoppable"]) & untouched:
        return Finding.ABSENT
    back = stopping.back(seen["stopped"])
    return Finding.PENDING if untouched or seen["rollbacks"] else back


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
