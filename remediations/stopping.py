"""Stopping CodeDeploy's deployments, and following each to where the alias is back.

StopDeployment may answer ``Pending``: the deployment goes on for a while. One that was stopped goes
back by a deployment of its own, which ``rollbackInfo`` names: only when that one has succeeded is
the alias where it was (API references of StopDeployment and RollbackInfo).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from remediations.action import Context, FailedError, Finding
from remediations.deployments import IN_PROGRESS
from remediations.model import Call, Run

ROLLBACK = "codeDeployRollback"
"""The creator of the deployments by which CodeDeploy itself goes back."""
_STOP = "StopDeployment"
_BATCH = 25

Stopped = Mapping[str, Mapping[str, Any]]
"""JSON, by the id of each deployment that a run asked to stop: how it and its way back stand."""


def stop(identity: str) -> Call:
    """Return the call that stops a deployment and lets CodeDeploy roll it back."""
    arguments = {"deploymentId": identity, "autoRollbackEnabled": True}
    return Call("codedeploy", _STOP, arguments)


def read(context: Context, identities: Iterable[str]) -> list[Mapping[str, Any]]:
    """Return what CodeDeploy says of these deployments, but for those that it does not know."""
    ids = list(identities)
    client = context.reader("codedeploy")
    return [
        info
        for start in range(0, len(ids), _BATCH)
        for info in client.batch_get_deployments(deploymentIds=ids[start : start + _BATCH])[
            "deploymentsInfo"
        ]
    ]


def follow(context: Context, run: Run) -> Stopped:
    """Read the deployments that the run has asked to stop, then the ways back that they name.

    ``late`` says that the run has waited for them for as long as it may.
    """
    found = {info["deploymentId"]: info for info in read(context, _asked(context, run))}
    named = {
        identity: (info.get("rollbackInfo") or {}).get("rollbackDeploymentId")
        for identity, info in found.items()
    }
    backs = read(context, filter(None, named.values()))
    ended = {info["deploymentId"]: info["status"] for info in backs}
    deadline = context.inventory.engine.verify_deadline
    late = run.applied_at is not None and context.now() >= run.applied_at + deadline
    return {
        identity: {
            "status": info["status"],
            "back": named[identity],
            "back_status": ended.get(named[identity]),
            "late": late,
        }
        for identity, info in found.items()
    }


def _asked(context: Context, run: Run) -> list[str]:
    """Return the deployments that the run asked to stop, those after its plan included."""
    own = context.past((run.action,), run.target, lambda one: one.id != run.id)
    calls = (step.call for past in own for step in past.steps)
    return [call.arguments["deploymentId"] for call in calls if call.operation == _STOP]


def going_on(stopped: Stopped) -> bool:
    """Say whether any of the deployments that were asked to stop has not ended yet."""
    return any(one["status"] in IN_PROGRESS for one in stopped.values())


def taken(stopped: Stopped, call: Call) -> Finding:
    """Tell whether a stop took effect; while it is under way nothing tells it from none."""
    one = stopped.get(call.arguments["deploymentId"])
    if one is None:
        return Finding.DRIFTED
    return Finding.ABSENT if one["status"] in IN_PROGRESS else Finding.HAPPENED


def back(stopped: Stopped) -> Finding:
    """Say whether CodeDeploy has rolled back everything that was stopped.

    Raises:
        FailedError: if it has not, and will not, or takes too long.
    """
    under_way = False
    for identity, one in stopped.items():
        if one["status"] == "Succeeded":
            raise FailedError("not_stopped", f"{identity} succeeded before it could be stopped")
        if one["status"] not in IN_PROGRESS and one["back_status"] == "Succeeded":
            continue
        ended = one["back_status"] is not None and one["back_status"] not in IN_PROGRESS
        if ended or one["late"]:
            raise FailedError("not_rolled_back", _told(identity, one))
        under_way = True
    return Finding.PENDING if under_way else Finding.HAPPENED


def _told(identity: str, one: Mapping[str, Any]) -> str:
    way = f"its rollback {one['back']} is {one['back_status']}" if one["back"] else "no rollback"
    return f"{identity} is {one['status']}, {way}"
