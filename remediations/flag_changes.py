"""Changing feature flags: what both actions plan, and how the world says what became of it.

The deployed document is edited, never the newest draft. Every write is conditional or can be
found again by the run's id in its description: a version that was created and not deployed is
deployed, not created twice. A conflict is answered by reading: what somebody else has deployed
meanwhile is never overwritten. Rules from the API references of CreateHostedConfigurationVersion
(LatestVersionNumber), StartDeployment (LatestDeploymentNumber, one deployment for each
environment) and StopDeployment (AllowRevert).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from remediations.action import (
    BlockedError,
    Context,
    Finding,
    Later,
    Observation,
    ObsoleteError,
    UnavailableError,
)
from remediations.flag_documents import edited
from remediations.flags import MARK, STRATEGY, mark
from remediations.model import Call, Plan, Run

CONFLICT = "ConflictException"
_SERVICE = "appconfig"
_CREATE = "CreateHostedConfigurationVersion"
_START = "StartDeployment"
_STOP = "StopDeployment"
_STRATEGY = "CreateDeploymentStrategy"
_CREATIONS = 3
_STOPPABLE = frozenset({"DEPLOYING", "BAKING", "VALIDATING"})


def plan(
    context: Context,
    run: Run,
    seen: Observation,
    wanted: Mapping[str, bool],
    *,
    stop: bool,
    spared: Sequence[str] = (),
) -> Plan:
    """Set the ``wanted`` flags in the deployed document.

    ``stop`` allows to stop a deployment of the flags in progress, unless that would change one of
    the ``spared`` flags; otherwise it is waited for.

    Raises:
        BlockedError: if there is no document to edit, or a deployment is in progress.
        ObsoleteError: if the flags are as wanted.
    """
    now = deployed(seen)
    busy = _stopped(seen, wanted, stop=stop, spared=spared)
    changes = {flag: enabled for flag, enabled in wanted.items() if now[flag] is not enabled}
    if not changes and busy is None:
        raise ObsoleteError("already_done", "the flags are as wanted")
    calls: list[Call] = []
    if changes:
        if seen["strategy"] is None:
            calls.append(Call(_SERVICE, _STRATEGY, dict(STRATEGY)))
        calls.append(_create(run, seen, edited(seen["content"], changes)))
    if busy is not None:
        calls.append(Call(_SERVICE, _STOP, _stop_arguments(seen, busy["number"])))
    return Plan(
        action=run.action,
        target=run.target,
        before={
            "flags": dict(now),
            "deployment": seen["deployment"],
            "version": seen["version"],
            "busy": busy["number"] if busy else None,
        },
        after={"flags": {**now, **changes}},
        calls=tuple(calls),
        undo=() if busy else (_back(run, seen),),
        diff=_diff(seen, changes, busy),
        notes=("flag_deployment_stopped",) if busy else (),
        expires_at=context.now() + context.inventory.engine.plan_expiry,
    )


def deployed(seen: Observation) -> Mapping[str, bool | None]:
    """Return the deployed flags.

    Raises:
        BlockedError: if nothing is deployed, or what is deployed cannot be read.
    """
    if seen["deployment"] is None:
        raise BlockedError("nothing_deployed", "no flags were ever deployed")
    if seen["flags"] is None:
        raise BlockedError(
            "flags_unreadable", f"version {seen['version']} is deployed: {seen['problem']}"
        )
    found: Mapping[str, bool | None] = seen["flags"]
    return found


def _stopped(
    seen: Observation, wanted: Mapping[str, bool], *, stop: bool, spared: Sequence[str]
) -> Mapping[str, Any] | None:
    """Return the deployment that must be stopped; None if none is in progress."""
    busy: Mapping[str, Any] | None = seen["busy"]
    if busy is None:
        return None
    detail = f"deployment {busy['number']} is {busy['state']}"
    coming = busy["flags"]
    helps = coming is not None and all(coming.get(flag) is v for flag, v in wanted.items())
    if not stop or coming is None or busy["state"] not in _STOPPABLE or helps:
        raise BlockedError("flag_deployment_in_progress", detail)
    for flag in spared:
        if coming.get(flag) is not seen["flags"].get(flag):
            raise BlockedError("critical_flag_in_progress", f"{detail} and changes {flag}")
    return busy


def _where(seen: Observation) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    application, environment, profile = seen["where"]
    return (
        {"ApplicationId": application},
        {"EnvironmentId": environment},
        {"ConfigurationProfileId": profile},
    )


def _create(run: Run, seen: Observation, content: str) -> Call:
    application, _, profile = _where(seen)
    arguments = {
        **application,
        **profile,
        "Description": mark(run),
        "Content": content,
        "ContentType": seen["content_type"],
    }
    if seen["latest_version"]:
        arguments["LatestVersionNumber"] = seen["latest_version"]
    return Call(_SERVICE, _CREATE, arguments)


def _stop_arguments(seen: Observation, number: int) -> dict[str, Any]:
    application, environment, _ = _where(seen)
    return {**application, **environment, "DeploymentNumber": number, "AllowRevert": True}


def _start(seen: Observation, version: str, description: str) -> Call:
    application, environment, profile = _where(seen)
    return Call(
        _SERVICE,
        _START,
        {
            **application,
            **environment,
            **profile,
            "ConfigurationVersion": version,
            "DeploymentStrategyId": seen["strategy"],
            "Description": description,
            "LatestDeploymentNumber": seen["newest"],
        },
    )


def _back(run: Run, seen: Observation) -> Call:
    return _start(seen, seen["version"], f"{mark(run)} undone")


def _diff(
    seen: Observation, changes: Mapping[str, bool], busy: Mapping[str, Any] | None
) -> tuple[str, ...]:
    now = seen["flags"]
    lines = [f"flag {flag}: {_say(now[flag])} -> {_say(v)}" for flag, v in sorted(changes.items())]
    if changes:
        lines.append(f"a version from version {seen['version']} is created and deployed")
    if busy is not None:
        lines.append(f"deployment {busy['number']}: {busy['state']} -> ROLLED_BACK")
        for flag in sorted({*now, *busy["flags"]} - changes.keys()):
            was, will = busy["flags"].get(flag), now.get(flag)
            if was is not will:
                lines.append(f"flag {flag}: {_say(was)} -> {_say(will)}")
    return tuple(lines)


def _say(enabled: bool | None) -> str:  # noqa: FBT001 a flag's state is a truth value
    return {True: "on", False: "off", None: "absent"}[enabled]


def more(
    _context: Context, run: Run, seen: Observation, made: Sequence[Call]
) -> tuple[Call, ...] | Later:
    """Deploy what was created, or create it again where somebody else created in between."""
    if run.plan is None:
        raise AssertionError(f"{run.id} acts without a plan")
    creation = next((call for call in run.plan.calls if call.operation == _CREATE), None)
    if creation is None or mark(run) in seen["started"]:
        return ()
    if seen["deployment"] != run.plan.before["deployment"]:
        # Somebody else has deployed: ours would overwrite it with what was true before.
        return ()
    if seen["busy"] is not None:
        raise UnavailableError("flag_deployment_in_progress", str(seen["busy"]["number"]))
    if seen["strategy"] is None:
        return _limited(made, Call(_SERVICE, _STRATEGY, dict(STRATEGY)))
    version = seen["drafts"].get(mark(run))
    if version is None:
        latest = {"LatestVersionNumber": seen["latest_version"]}
        return _limited(made, Call(_SERVICE, _CREATE, {**creation.arguments, **latest}))
    return _limited(made, _start(seen, str(version), mark(run)))


def _limited(made: Sequence[Call], call: Call) -> tuple[Call, ...]:
    if sum(one.operation == call.operation for one in made) >= _CREATIONS:
        raise UnavailableError("flags_conflict", f"{call.operation} was refused again and again")
    return (call,)


def settled(_plan: Plan, call: Call, seen: Observation) -> Finding:
    """Tell from the world whether a call took effect."""
    arguments = call.arguments
    if call.operation == _STRATEGY:
        return Finding.ABSENT if seen["strategy"] is None else Finding.HAPPENED
    if call.operation == _STOP:
        return _stop_settled(arguments["DeploymentNumber"], seen)
    if call.operation == _CREATE:
        # On a conflict AWS refuses it by itself: sending it again harms nothing.
        found = arguments["Description"] in seen["drafts"]
        return Finding.HAPPENED if found else Finding.ABSENT
    if arguments["Description"] in seen["started"]:
        return Finding.HAPPENED
    free = seen["newest"] == arguments["LatestDeploymentNumber"]
    return Finding.ABSENT if free else Finding.DRIFTED


def _stop_settled(number: int, seen: Observation) -> Finding:
    busy = seen["busy"]
    if busy is None or busy["number"] != number:
        return Finding.HAPPENED
    return Finding.ABSENT if busy["state"] in _STOPPABLE else Finding.PENDING


def effect(plan_: Plan, seen: Observation) -> Finding:
    """Say whether the deployed document holds the flags as planned."""
    unchanged = seen["deployment"] == plan_.before["deployment"]
    busy = seen["busy"]
    if busy is not None and busy["number"] == plan_.before["busy"] and unchanged:
        return Finding.ABSENT
    if busy is not None and any(
        busy["description"] == call.arguments["Description"] for call in plan_.undo
    ):
        return Finding.PENDING
    if seen["flags"] is not None and seen["flags"] == plan_.after["flags"]:
        return Finding.HAPPENED
    if busy is not None:
        return Finding.PENDING
    return Finding.ABSENT if unchanged else Finding.DRIFTED


def undo(plan_: Plan, seen: Observation) -> tuple[Call, ...]:
    """Deploy the version from before, if what is deployed is still ours; AWS checks it too."""
    ours = [
        number
        for description, (number, _state) in seen["started"].items()
        if description == _description(plan_)
    ]
    if not ours or seen["deployment"] != ours[0]:
        return ()
    return tuple(
        _start(seen, call.arguments["ConfigurationVersion"], call.arguments["Description"])
        for call in plan_.undo
    )


def _description(plan_: Plan) -> str:
    found = (call.arguments["Description"] for call in plan_.calls if call.operation == _CREATE)
    return str(next(found, MARK))
