"""Delete a function's old versions; the newest stay, and whatever anything still names.

Deleting cannot be undone, so a person always approves it. DeleteFunction without a version's number
deletes the whole function: ``remediations.calls`` refuses that before every call. The world is read
again before each deletion, so a version that got an alias meanwhile stays. A rollback and this
action never act on the same function at once: one target, one acting run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from inventory.model import Inventory
from remediations import versions
from remediations.action import (
    Action,
    Context,
    Finding,
    Later,
    Observation,
    ObsoleteError,
    Params,
    Risk,
    no_target,
)
from remediations.model import Call, Plan, Run

NAME = "prune_versions"


class Wanted(Params):
    """``keep`` is how many of the newest versions stay in any case."""

    keep: Annotated[int, Field(ge=1, le=1000)] = 5


def targets(inventory: Inventory) -> tuple[str, ...]:
    """Return the functions of the main account."""
    return tuple(f.key for f in inventory.functions if f.scope is None)


def observe(context: Context, run: Run) -> Observation:
    """Read the published versions, oldest first, and what names them."""
    function = context.inventory.function(run.target)
    found = versions.published(context, function)
    return {
        "versions": [one["Version"] for one in found],
        "modified": {one["Version"]: one["LastModified"] for one in found},
        "named": versions.named(context, function),
    }


def _stay(seen: Observation, keep: int) -> dict[str, str]:
    """Return why each version that must stay does."""
    newest = seen["versions"][-keep:]
    return {**dict.fromkeys(newest, f"among the {keep} newest"), **seen["named"]}


def plan(context: Context, run: Run, seen: Observation) -> Plan:
    """Delete what nothing names and is not among the newest."""
    keep = Wanted.model_validate(run.params).keep
    stay = _stay(seen, keep)
    doomed = [version for version in seen["versions"] if version not in stay]
    if not doomed:
        raise ObsoleteError("nothing_to_prune", f"all {len(seen['versions'])} versions are needed")
    older = [version for version in seen["versions"][:-keep] if version in stay]
    return Plan(
        action=NAME,
        target=run.target,
        before={"versions": doomed},
        after={"deleted": doomed, "keep": keep},
        calls=(_delete(context, run, doomed[0]),),
        undo=(),
        diff=(
            *(f"{run.target}:{one} of {seen['modified'][one]} -> deleted" for one in doomed),
            *(f"{run.target}:{one} stays: {stay[one]}" for one in older),
        ),
        notes=("versions_are_deleted", "callers_by_number"),
        expires_at=context.now() + context.inventory.engine.plan_expiry,
        approval=True,
    )


def _delete(context: Context, run: Run, version: str) -> Call:
    name = context.inventory.function(run.target).name
    return Call("lambda", "DeleteFunction", {"FunctionName": name, "Qualifier": version})


def _left(plan_: Plan, seen: Observation) -> tuple[list[str], list[str]]:
    """Return which planned versions are still there: those that may go, those that must stay."""
    stay = _stay(seen, plan_.after["keep"])
    there = [one for one in plan_.after["deleted"] if one in seen["versions"]]
    return [one for one in there if one not in stay], [one for one in there if one in stay]


def more(
    context: Context, run: Run, seen: Observation, made: Sequence[Call]
) -> tuple[Call, ...] | Later:
    """Delete the next version that nothing has come to name meanwhile."""
    if run.plan is None:
        return ()
    asked = {call.arguments["Qualifier"] for call in made}
    free, _ = _left(run.plan, seen)
    return tuple(_delete(context, run, one) for one in free if one not in asked)


def settled(plan_: Plan, call: Call, seen: Observation) -> Finding:
    """Tell whether the version is gone; one that something names by now is not asked for again."""
    version = call.arguments["Qualifier"]
    if version not in seen["versions"]:
        return Finding.HAPPENED
    free, _ = _left(plan_, seen)
    return Finding.ABSENT if version in free else Finding.DRIFTED


def effect(plan_: Plan, seen: Observation) -> Finding:
    """Say whether what might be deleted is; what something came to name stays and is right."""
    free, _ = _left(plan_, seen)
    if not free:
        return Finding.HAPPENED
    untouched = len(free) == len(plan_.after["deleted"])
    return Finding.ABSENT if untouched else Finding.PENDING


ACTION = Action(
    name=NAME,
    risk=Risk.HIGH,
    reads=(
        "codedeploy:BatchGetDeployments",
        "codedeploy:ListDeployments",
        "lambda:GetFunctionConfiguration",
        "lambda:ListAliases",
        "lambda:ListEventSourceMappings",
        "lambda:ListProvisionedConcurrencyConfigs",
        "lambda:ListVersionsByFunction",
    ),
    writes=("lambda:DeleteFunction",),
    target=no_target,
    targets=targets,
    observe=observe,
    plan=plan,
    settled=settled,
    effect=effect,
    more=more,
    params=Wanted,
    moot=frozenset({"ResourceNotFoundException"}),
    measured=False,
)
