"""Keep instances of a function's alias ready, or stop doing so (0).

Asynchronous: AWS needs minutes until the instances are READY, and bills them until they are
removed (API reference of PutProvisionedConcurrencyConfig). Lambda refuses it on an alias with
weights, and a deployment in progress sets weights: neither is the moment to change it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from botocore.exceptions import ClientError
from pydantic import Field

from inventory.model import Inventory
from inventory.resources import Function
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
from remediations.deployments import in_progress
from remediations.model import Call, Plan, Run

NAME = "set_provisioned_concurrency"
_PATIENCE = 1800.0
_NONE = "ProvisionedConcurrencyConfigNotFoundException"


class Wanted(Params):
    """``instances`` to keep ready; 0 removes the configuration."""

    instances: Annotated[int, Field(ge=0, le=1000)]


def targets(inventory: Inventory) -> tuple[str, ...]:
    """Return the functions of the main account whose alias is followed."""
    return tuple(f.key for f in inventory.functions if f.follow_alias and f.scope is None)


def observe(context: Context, run: Run) -> Observation:
    """Read what the alias has provisioned, its weights, and what is about to move it."""
    function = context.inventory.function(run.target)
    alias = context.reader("lambda").get_alias(FunctionName=function.name, Name=function.alias)
    return {
        **_provisioned(context, function),
        "weights": (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {},
        "busy": in_progress(context, function) if function.deployment_group is not None else [],
    }


def _provisioned(context: Context, function: Function) -> Mapping[str, Any]:
    """Return what is configured; 0 where nothing is."""
    try:
        found = context.reader("lambda").get_provisioned_concurrency_config(
            FunctionName=function.name, Qualifier=function.alias
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != _NONE:
            raise
        return {"instances": 0, "status": "READY"}
    return {
        "instances": found["RequestedProvisionedConcurrentExecutions"],
        "status": found["Status"],
    }


def plan(context: Context, run: Run, seen: Observation) -> Plan:
    """Ask for the instances, or remove what is configured."""
    function = context.inventory.function(run.target)
    wanted = Wanted.model_validate(run.params).instances
    if seen["instances"] == wanted:
        raise ObsoleteError("already_done", f"{run.target} has {wanted} instances provisioned")
    if seen["busy"]:
        raise BlockedError("deployment_in_progress", f"{seen['busy'][0]} is in progress")
    if seen["weights"]:
        shares = ", ".join(f"version {v}: {w}" for v, w in sorted(seen["weights"].items()))
        raise BlockedError("alias_weighted", f"{run.target}:{function.alias} has weights: {shares}")
    where: Mapping[str, Any] = {"FunctionName": function.name, "Qualifier": function.alias}
    put = {**where, "ProvisionedConcurrentExecutions": wanted}
    call = (
        Call("lambda", "PutProvisionedConcurrencyConfig", put)
        if wanted
        else Call("lambda", "DeleteProvisionedConcurrencyConfig", where)
    )
    return Plan(
        action=NAME,
        target=run.target,
        before={"instances": seen["instances"]},
        after={"instances": wanted},
        calls=(call,),
        undo=(),
        diff=(f"{run.target}:{function.alias} instances {seen['instances']} -> {wanted}",),
        notes=("costs_until_removed",) if wanted else (),
        expires_at=context.now() + context.inventory.engine.plan_expiry,
    )


def settled(plan_: Plan, _call: Call, seen: Observation) -> Finding:
    """Tell whether the request was taken; being ready comes later."""
    found = compared(plan_, {"instances": seen["instances"]})
    divided = seen["weights"] or seen["busy"]
    return Finding.DRIFTED if found is Finding.ABSENT and divided else found


def effect(plan_: Plan, seen: Observation) -> Finding:
    """Say whether the instances are ready."""
    found = settled(plan_, plan_.calls[0], seen)
    if found is Finding.HAPPENED and seen["status"] != "READY":
        return Finding.ABSENT if seen["status"] == "FAILED" else Finding.PENDING
    return found


ACTION = Action(
    name=NAME,
    risk=Risk.LOW,
    reads=(
        "codedeploy:ListDeployments",
        "lambda:GetAlias",
        "lambda:GetProvisionedConcurrencyConfig",
    ),
    writes=(
        "lambda:DeleteProvisionedConcurrencyConfig",
        "lambda:PutProvisionedConcurrencyConfig",
    ),
    target=no_target,
    targets=targets,
    observe=observe,
    plan=plan,
    settled=settled,
    effect=effect,
    params=Wanted,
    measured=False,
    patience=_PATIENCE,
)
