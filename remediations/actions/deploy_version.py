"""Publish a version from $LATEST, or take one that exists, and let CodeDeploy move the alias to it.

PublishVersion is conditional on the revision and the code that were looked at. Neither call has a
token that makes it safe to repeat, so each carries the run's id in its description, by which it is
found again after a crash. Lambda publishes nothing where nothing changed since the last version:
then that version is taken. A deployment that fails or is stopped is rolled back by CodeDeploy
itself, if its group says so, and the outcome tells. Rules from the API references of PublishVersion
(Lambda) and CreateDeployment (CodeDeploy).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, field_validator

from inventory.model import Inventory
from inventory.resources import Function
from remediations import versions
from remediations.action import (
    LATER,
    Action,
    BlockedError,
    Context,
    FailedError,
    Finding,
    Later,
    Observation,
    ObsoleteError,
    Params,
    Risk,
    no_target,
)
from remediations.deployments import IN_PROGRESS, in_progress, newest_first
from remediations.model import Call, Plan, Run

NAME = "deploy_version"
_PATIENCE = 6 * 3600.0
_PENDING = 1800.0
_SUBSTANCE = (
    *("CodeSha256", "Runtime", "Handler", "Role", "MemorySize", "Timeout", "PackageType"),
    *("Architectures", "EphemeralStorage", "TracingConfig", "FileSystemConfigs", "KMSKeyArn"),
    *("DeadLetterConfig", "LoggingConfig", "ImageConfigResponse"),
)


class Wanted(Params):
    """An existing ``version``, or none to publish one; ``config`` of CodeDeploy, or the group's."""

    version: Annotated[str, Field(pattern=r"^[0-9]+$")] | None = None
    config: Annotated[str, Field(pattern=r"^[A-Za-z0-9._+=,@-]{1,100}$")] | None = None

    @field_validator("version", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        # Typed at a shell, a number is a number.
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def targets(inventory: Inventory) -> tuple[str, ...]:
    """Return the functions of the main account that have a deployment group."""
    return tuple(
        f.key for f in inventory.functions if f.deployment_group is not None and f.scope is None
    )


def observe(context: Context, run: Run) -> Observation:
    """Read $LATEST, the alias, the published versions and the group's deployments."""
    function = context.inventory.function(run.target)
    # Deployments before the alias: one that has ended by now has moved the alias that is read next.
    deployments = newest_first(context, function)
    busy = in_progress(context, function)
    client = context.reader("lambda")
    alias = client.get_alias(FunctionName=function.name, Name=function.alias)
    latest = client.get_function_configuration(
        FunctionName=function.name, Qualifier=versions.LATEST
    )
    found = versions.published(context, function)
    published = _by_run(run, [(one.get("Description"), one["Version"]) for one in found])
    wanted = run.params.get("version") or published
    return {
        "version": alias["FunctionVersion"],
        "weights": (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {},
        "latest": {
            "revision": latest["RevisionId"],
            "code": latest["CodeSha256"],
            "substance": _substance(latest),
            "ready": latest.get("LastUpdateStatus", "Successful") == "Successful",
        },
        "versions": {one["Version"]: _substance(one) for one in found},
        "published": published,
        "state": versions.state(context, function, wanted) if wanted else None,
        "busy": busy,
        "ours": _by_run(run, [(one["description"], one["id"]) for one in deployments]),
        "deployments": {one["id"]: one for one in deployments},
    }


def _by_run(run: Run, described: Sequence[tuple[str | None, str]]) -> str | None:
    return next((name for text, name in described if text == _description(run)), None)


def _description(run: Run) -> str:
    return f"Vigia {run.id}"


def _substance(configuration: Mapping[str, Any]) -> str:
    """Return a digest of code and configuration: variables may be secrets, and stay out of it."""
    network = configuration.get("VpcConfig") or {}
    document = {
        **{key: configuration.get(key) for key in _SUBSTANCE},
        "environment": (configuration.get("Environment") or {}).get("Variables") or {},
        "layers": [layer["Arn"] for layer in configuration.get("Layers") or []],
        "network": [sorted(network.get(key) or []) for key in ("SubnetIds", "SecurityGroupIds")],
        "snap_start": (configuration.get("SnapStart") or {}).get("ApplyOn"),
    }
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def plan(context: Context, run: Run, seen: Observation) -> Plan:
    """Publish where needed, then deploy; refuse what is served already, or while one runs."""
    asked = Wanted.model_validate(run.params)
    function = context.inventory.function(run.target)
    if seen["busy"]:
        raise BlockedError("deployment_in_progress", f"{seen['busy'][0]} is in progress")
    version, substance = _version(run, asked, seen)
    if seen["versions"].get(seen["version"]) == substance:
        raise ObsoleteError(
            "already_serving", f"{function.alias} serves this as version {seen['version']}"
        )
    if version is not None and seen["state"] not in (None, "Active"):
        raise BlockedError("function_not_ready", f"version {version} is {seen['state']}")
    publish = _publish(function, run, seen)
    call = _deploy(context, run, seen["version"], version) if version is not None else publish
    return Plan(
        action=NAME,
        target=run.target,
        before={
            "version": seen["version"],
            "weights": dict(seen["weights"]),
            "revision": seen["latest"]["revision"],
        },
        after={"version": version, "weights": {}, "substance": substance},
        calls=(call,),
        undo=(),
        diff=(
            *(
                (f"{run.target}: publish $LATEST, code {seen['latest']['code']}",)
                if version is None
                else ()
            ),
            f"{run.target}:{function.alias} version {seen['version']} -> {version or 'that one'}",
            f"at the pace of {asked.config or 'the deployment group'}",
        ),
        notes=("traffic_moves",),
        expires_at=context.now() + context.inventory.engine.plan_expiry,
        approval=True,
    )


def _version(run: Run, asked: Wanted, seen: Observation) -> tuple[str | None, str]:
    """Return the existing version to deploy, None where one must be published, and its digest."""
    if asked.version is not None:
        if asked.version not in seen["versions"]:
            raise BlockedError("target_missing", f"{run.target} has no version {asked.version}")
        return asked.version, seen["versions"][asked.version]
    if not seen["latest"]["ready"]:
        raise BlockedError("function_not_ready", f"an update of {run.target} is under way")
    substance = str(seen["latest"]["substance"])
    newest = max(seen["versions"], key=int, default=None)
    same = newest is not None and seen["versions"][newest] == substance
    return (newest if same else None), substance


def _publish(function: Function, run: Run, seen: Observation) -> Call:
    return Call(
        "lambda",
        "PublishVersion",
        {
            "FunctionName": function.name,
            "RevisionId": seen["latest"]["revision"],
            "CodeSha256": seen["latest"]["code"],
            "Description": _description(run),
        },
    )


def _deploy(context: Context, run: Run, current: str, version: str) -> Call:
    function = context.inventory.function(run.target)
    properties = {
        "Name": function.name,
        "Alias": function.alias,
        "CurrentVersion": current,
        "TargetVersion": version,
    }
    resource = {function.name: {"Type": "AWS::Lambda::Function", "Properties": properties}}
    content = json.dumps({"version": 0.0, "Resources": [resource]})
    config = Wanted.model_validate(run.params).config
    return Call(
        "codedeploy",
        "CreateDeployment",
        {
            "applicationName": context.inventory.codedeploy.application,
            "deploymentGroupName": function.deployment_group,
            "description": _description(run),
            "revision": {
                "revisionType": "AppSpecContent",
                "appSpecContent": {
                    "content": content,
                    "sha256": hashlib.sha256(content.encode()).hexdigest(),
                },
            },
            **({"deploymentConfigName": config} if config is not None else {}),
        },
    )


def more(
    context: Context, run: Run, seen: Observation, made: Sequence[Call]
) -> tuple[Call, ...] | Later:
    """Deploy the version that was published, once it is ready and if the alias is where it was."""
    if run.plan is None or made[-1].operation == "CreateDeployment":
        return ()
    before, version = run.plan.before, seen["published"]
    if version is None or (seen["version"], seen["weights"]) != (
        before["version"],
        before["weights"],
    ):
        return ()
    if seen["state"] == "Active":
        return (_deploy(context, run, before["version"], version),)
    waited = context.now() - (run.intended_at or context.now())
    return LATER if seen["state"] == "Pending" and waited < _PENDING else ()


def settled(plan_: Plan, call: Call, seen: Observation) -> Finding:
    """Tell by its description whether the version or the deployment was made."""
    if call.operation == "PublishVersion":
        if seen["published"] is not None:
            return Finding.HAPPENED
        same = seen["latest"]["revision"] == plan_.before["revision"]
        return Finding.ABSENT if same else Finding.DRIFTED
    if seen["ours"] is not None:
        return Finding.HAPPENED
    return Finding.ABSENT if _untouched(plan_, seen) and not seen["busy"] else Finding.DRIFTED


def _untouched(plan_: Plan, seen: Observation) -> bool:
    return all(seen[key] == plan_.before[key] for key in ("version", "weights"))


def effect(plan_: Plan, seen: Observation) -> Finding:
    """Say how far the deployment has come.

    Raises:
        FailedError: if it failed or was stopped, once CodeDeploy's own rollback is over.
    """
    ours = seen["deployments"].get(seen["ours"])
    if ours is None:
        published = plan_.after["version"] is None
        drifted = published and seen["latest"]["revision"] != plan_.before["revision"]
        free = _untouched(plan_, seen) and not drifted and not seen["busy"]
        return Finding.ABSENT if free else Finding.DRIFTED
    if ours["status"] in IN_PROGRESS:
        return Finding.PENDING
    if ours["status"] == "Succeeded":
        there = seen["version"] == ours["target"] and not seen["weights"]
        return Finding.HAPPENED if there else Finding.DRIFTED
    back = seen["deployments"].get(ours["undone_by"])
    if back is not None and back["status"] in IN_PROGRESS:
        return Finding.PENDING
    undone = f"rolled back by {back['id']} ({back['status']})" if back else "not rolled back"
    detail = f"{ours['id']}: {ours['status']}, {undone}; version {seen['version']} serves"
    raise FailedError("deployment_failed", detail)


ACTION = Action(
    name=NAME,
    risk=Risk.HIGH,
    reads=(
        "codedeploy:BatchGetDeployments",
        "codedeploy:ListDeployments",
        "lambda:GetAlias",
        "lambda:GetFunctionConfiguration",
        "lambda:ListVersionsByFunction",
    ),
    # GetDeploymentConfig and the two on revisions are asked of whoever calls CreateDeployment.
    writes=(
        "codedeploy:CreateDeployment",
        "codedeploy:GetApplicationRevision",
        "codedeploy:GetDeploymentConfig",
        "codedeploy:RegisterApplicationRevision",
        "lambda:PublishVersion",
    ),
    target=no_target,
    targets=targets,
    observe=observe,
    plan=plan,
    settled=settled,
    effect=effect,
    more=more,
    params=Wanted,
    measured=False,
    patience=_PATIENCE,
)
