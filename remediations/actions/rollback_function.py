"""Roll a function's alias back to the version that served it healthily before.

The right action only where the serving version changed recently and the trouble began after
that. ``UpdateAlias`` is conditional on the alias's RevisionId and clears weights explicitly: AWS
keeps them otherwise. A CodeDeploy deployment in progress owns the alias, so it is stopped with
its own rollback instead. A version freezes configuration: environment, memory, time-out roll
back too, and the plan says so. Rules from the API references of Lambda and CodeDeploy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from catalogue.promql import Match, series, sum_by
from catalogue.recorded import LAMBDA_VERSION_ERRORS, LAMBDA_VERSION_INVOCATIONS
from inventory.model import Inventory
from remediations import error_ratio, stopping
from remediations.action import (
    LATER,
    Action,
    BlockedError,
    Context,
    Finding,
    Later,
    Observation,
    Risk,
)
from remediations.deployments import IN_PROGRESS, in_progress, newest_first, ways_back
from remediations.model import Call, Plan, Run, Sample

NAME = "rollback_function"
_CONFIGURATION = ("Runtime", "MemorySize", "Timeout", "Handler", "CodeSha256")


def target(labels: Mapping[str, str]) -> str | None:
    """Return the function that the alert names."""
    return labels.get("function") or None


def targets(inventory: Inventory) -> tuple[str, ...]:
    """Return the functions of the main account whose alias is followed."""
    return tuple(f.key for f in inventory.functions if f.follow_alias and f.scope is None)


def observe(context: Context, run: Run) -> Observation:
    """Read the deployments of the alias' group, newest first, then the alias.

    In this order: a deployment that has ended by then has moved the alias that is read next. One
    that began meanwhile is among those in progress, which are read last.
    """
    function = context.inventory.function(run.target)
    stopped = stopping.follow(context, run)
    deployments = newest_first(context, function)
    alias = context.reader("lambda").get_alias(FunctionName=function.name, Name=function.alias)
    busy = in_progress(context, function) if function.deployment_group is not None else []
    return {
        "version": alias["FunctionVersion"],
        "weights": (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {},
        "revision": alias["RevisionId"],
        "deployments": deployments,
        "stopped": stopped,
        "busy": busy,
    }


def plan(context: Context, run: Run, seen: Observation) -> Plan:
    """Decide on the exact calls, or say why not."""
    going_on = [d for d in seen["deployments"] if d["status"] in IN_PROGRESS]
    unread = set(seen["busy"]) - {d["id"] for d in going_on}
    if unread:
        raise BlockedError(
            "deployment_in_progress", f"what {min(unread)} does to the alias could not be read"
        )
    if going_on:
        by_itself = (d for d in going_on if d["creator"] == stopping.ROLLBACK)
        return _stop(context, run, seen, next(by_itself, going_on[0]))
    _recent_change(context, run, seen)
    _trouble_followed(context, run, str(seen["version"]))
    version = _healthy_version(context, run, seen)
    return _move(context, run, seen, version)


def _recent_change(context: Context, run: Run, seen: Observation) -> None:
    lookback = context.inventory.engine.lookback
    served = [d for d in seen["deployments"] if d["status"] == "Succeeded"]
    latest = served[0] if served else None
    if (
        latest is None
        or latest["target"] != seen["version"]
        or latest["created"] < context.now() - lookback
    ):
        raise BlockedError(
            "no_recent_deployment",
            f"version {seen['version']} of {run.target} was not deployed within {lookback:.0f} s",
        )
    _alert_followed(run, latest)


def _alert_followed(run: Run, deployment: Mapping[str, Any]) -> None:
    if run.starts_at < deployment["created"]:
        raise BlockedError(
            "trouble_before_deployment", f"the alert is older than deployment {deployment['id']}"
        )


def _trouble_followed(context: Context, run: Run, version: str) -> None:
    """Compare the version that a deployment brought with all others, over the look-back."""

    def ratio(versions: str | Match) -> tuple[float | None, float]:
        matchers = {"function": run.target, "version": versions}
        bad, every = (
            context.metrics.value(str(sum_by(series(spec, matchers))))
            for spec in (LAMBDA_VERSION_ERRORS, LAMBDA_VERSION_INVOCATIONS)
        )
        return (None if bad is None or not every else bad / every), every or 0.0

    regression = context.inventory.regression
    now, _ = ratio(version)
    before, count = ratio(Match("!=", version))
    if now is None:
        raise BlockedError("no_data", f"no measurements of version {version} of {run.target}")
    if before is None or count < regression.min_baseline:
        raise BlockedError("no_baseline", f"too few measurements from before version {version}")
    if now <= regression.factor * before:
        raise BlockedError(
            "trouble_before_deployment",
            f"{before:.1%} failed before version {version} served, {now:.1%} since",
        )


def _healthy_version(context: Context, run: Run, seen: Observation) -> str:
    """Return the newest version that served this alias healthily: ledger, then CodeDeploy."""
    verdicts = context.verdicts(run.target)
    for version in ways_back(seen["deployments"], str(seen["version"]), verdicts):
        if _is_active(context, run.target, version):
            return version
    raise BlockedError("no_rollback_target", f"no healthy earlier version of {run.target} is known")


def _is_active(context: Context, function: str, version: str) -> bool:
    """Say whether the version exists and can serve at once (SnapStart may leave it Inactive)."""
    try:
        found = _configuration(context, function, version)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return False
        raise
    return bool(found.get("State", "Active") == "Active")


def _configuration(context: Context, function: str, version: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = context.reader("lambda").get_function_configuration(
        FunctionName=function, Qualifier=version
    )
    return found


def _move(context: Context, run: Run, seen: Observation, version: str) -> Plan:
    alias = context.inventory.function(run.target).alias
    there = {"FunctionName": run.target, "Name": alias, **_routing(version, {})}
    back = {"FunctionName": run.target, "Name": alias, **_routing(seen["version"], seen["weights"])}
    notes = ["configuration_rolls_back"]
    if seen["weights"]:
        notes.append("weights_cleared")
    if _provisioned(context, run.target, alias):
        notes.append("provisioned_concurrency_moves")
    return Plan(
        action=NAME,
        target=run.target,
        before=_state(seen),
        after={"version": version, "weights": {}},
        calls=(Call("lambda", "UpdateAlias", {**there, "RevisionId": seen["revision"]}),),
        undo=(Call("lambda", "UpdateAlias", back),),
        diff=(
            f"{run.target}:{alias} version {seen['version']} -> {version}",
            *(f"weight of version {v}: {w} -> 0" for v, w in sorted(seen["weights"].items())),
            *_differences(context, run.target, str(seen["version"]), version),
        ),
        notes=tuple(notes),
        expires_at=context.now() + context.inventory.engine.plan_expiry,
    )


def _stop(context: Context, run: Run, seen: Observation, busy: Mapping[str, Any]) -> Plan:
    if busy["creator"] == stopping.ROLLBACK:
        raise BlockedError(
            "rollback_in_progress", f"CodeDeploy is rolling back by itself ({busy['id']})"
        )
    # Else it is somebody's cure for what the serving version does.
    _alert_followed(run, busy)
    _trouble_followed(context, run, str(busy["target"]))
    if not _own(seen, busy):
        raise BlockedError("drift", f"the alias is not where {busy['id']} puts it")
    return Plan(
        action=NAME,
        target=run.target,
        before={**_state(seen), "deployment": busy["id"]},
        after={"version": busy["current"], "weights": {}},
        calls=(stopping.stop(busy["id"]),),
        undo=(),
        diff=(
            f"deployment {busy['id']}: {busy['status']} -> Stopped",
            f"{run.target} version {busy['target']} -> {busy['current']} (by CodeDeploy)",
        ),
        notes=("deployment_stopped", "configuration_rolls_back"),
        expires_at=context.now() + context.inventory.engine.plan_expiry,
    )


def _own(seen: Observation, deployment: Mapping[str, Any]) -> bool:
    """Say whether the alias serves nothing but what the deployment moves between."""
    return {seen["version"], *seen["weights"]} <= {deployment["current"], deployment["target"]}


def _state(seen: Observation) -> dict[str, Any]:
    return {key: seen[key] for key in ("version", "weights", "revision")}


def _routing(version: str, weights: Mapping[str, float]) -> dict[str, Any]:
    return {
        "FunctionVersion": version,
        "RoutingConfig": {"AdditionalVersionWeights": dict(weights)},
    }


def _provisioned(context: Context, function: str, alias: str) -> bool:
    try:
        context.reader("lambda").get_provisioned_concurrency_config(
            FunctionName=function, Qualifier=alias
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "ProvisionedConcurrencyConfigNotFoundException":
            return False
        raise
    return True


def _differences(context: Context, function: str, now: str, then: str) -> tuple[str, ...]:
    """Return what else rolls back; names of variables only, their values may be secrets."""
    old, new = (_configuration(context, function, version) for version in (now, then))
    lines = [
        f"{key}: {old.get(key)} -> {new.get(key)}"
        for key in _CONFIGURATION
        if old.get(key) != new.get(key)
    ]
    before, after = (
        (found.get("Environment") or {}).get("Variables") or {} for found in (old, new)
    )
    changed = sorted(key for key in {*before, *after} if before.get(key) != after.get(key))
    return (*lines, *(f"environment variable {key} changes" for key in changed))


def more(
    _context: Context, _run: Run, seen: Observation, _made: Sequence[Call]
) -> tuple[Call, ...] | Later:
    """Wait until a deployment that was asked to stop has stopped."""
    return LATER if stopping.going_on(seen["stopped"]) else ()


def settled(plan_: Plan, call: Call, seen: Observation) -> Finding:
    """Tell from the world whether a call took effect."""
    if "deployment" in plan_.before:
        return stopping.taken(seen["stopped"], call)
    return _compare(plan_, seen)


def effect(plan_: Plan, seen: Observation) -> Finding:
    """Say whether the alias is as planned.

    Raises:
        FailedError: if CodeDeploy's own rollback of a deployment that was stopped failed.
    """
    if "deployment" not in plan_.before:
        return _compare(plan_, seen)
    if seen["stopped"]:
        back = stopping.back(seen["stopped"])
        return _compare(plan_, seen) if back is Finding.HAPPENED else back
    planned = (d for d in seen["deployments"] if d["id"] == plan_.before["deployment"])
    waiting = any(d["status"] in IN_PROGRESS and _own(seen, d) for d in planned)
    return Finding.ABSENT if waiting else Finding.DRIFTED


def _compare(plan_: Plan, seen: Observation) -> Finding:
    if seen["version"] == plan_.after["version"] and seen["weights"] == plan_.after["weights"]:
        return Finding.HAPPENED
    if seen["revision"] == plan_.before["revision"] and not seen["busy"]:
        return Finding.ABSENT
    return Finding.DRIFTED


def undo(plan_: Plan, seen: Observation) -> tuple[Call, ...]:
    """Return the way back, conditional on the alias being exactly as our own call left it.

    Raises:
        BlockedError: if the answer to that call was lost, so that nobody can know.
    """
    revision = seen["answered"].get("RevisionId")
    if revision is None:
        raise BlockedError("own_change_unknown", "which revision of the alias is our own")
    if revision != seen["revision"] or seen["busy"]:
        return ()
    return tuple(
        Call(call.service, call.operation, {**call.arguments, "RevisionId": revision})
        for call in plan_.undo
    )


def baseline(context: Context, run: Run) -> Mapping[str, float | None]:
    """Measure the trouble just before acting; raises if there is none, or nothing to see."""
    return error_ratio.baseline(context, run.target)


def judge(context: Context, run: Run) -> Sample:
    """Say whether the trouble is gone; no traffic or no data proves nothing."""
    return error_ratio.judge(context, run, run.target)


def healthy(plan_: Plan, recovered: bool) -> Mapping[str, bool]:  # noqa: FBT001 one fact, one name
    """Return what the ending proves: the version left was bad only if leaving it helped."""
    after, before = str(plan_.after["version"]), str(plan_.before["version"])
    return {after: True, before: False} if recovered else {}


ACTION = Action(
    name=NAME,
    risk=Risk.MEDIUM,
    reads=(
        "codedeploy:BatchGetDeployments",
        "codedeploy:ListDeployments",
        "lambda:GetAlias",
        "lambda:GetFunctionConfiguration",
        "lambda:GetProvisionedConcurrencyConfig",
    ),
    writes=("codedeploy:StopDeployment", "lambda:UpdateAlias"),
    target=target,
    targets=targets,
    observe=observe,
    plan=plan,
    settled=settled,
    effect=effect,
    more=more,
    undo=undo,
    baseline=baseline,
    judge=judge,
    healthy=healthy,
)
