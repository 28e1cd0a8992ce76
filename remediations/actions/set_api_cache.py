"""Switch the cache of an API's stage on or off, or give it another size; if asked, for a time.

No deployment is needed, but AWS takes minutes to make, exchange or delete the cluster, and bills it
by the hour (API Gateway developer guide, "Cache settings for REST APIs"). With an end another run
is promised, which switches it off then, unless somebody else has changed it meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from botocore.exceptions import ClientError
from pydantic import field_validator, model_validator

from inventory.durations import Duration
from inventory.model import Inventory
from inventory.resources import Api
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
from remediations.model import Call, Plan, Run

NAME = "set_api_cache"
_PATIENCE = 3600.0
_SMALLEST = "0.5"
_SHORTEST, _LONGEST = 15 * 60.0, 90 * 86_400.0
_PAGE = 500


class Wanted(Params):
    """``enabled``, the ``size`` in GB, and for how long (``last``, such as ``8h``).

    Switching off with a ``size`` does so only while the cache has that size.
    """

    enabled: bool
    size: Literal["0.5", "1.6", "6.1", "13.5", "28.4", "58.2", "118", "237"] | None = None
    last: Duration | None = None

    @field_validator("size", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, (int, float)) else value

    @model_validator(mode="after")
    def _sensible(self) -> Wanted:
        if self.last is not None and not self.enabled:
            raise ValueError("last: only a cache that is switched on has an end")
        if self.last is not None and not _SHORTEST <= self.last <= _LONGEST:
            raise ValueError("last: at least 15m, at most 90d")
        return self


def targets(inventory: Inventory) -> tuple[str, ...]:
    """Return the APIs of the main account."""
    return tuple(api.key for api in inventory.apis if api.scope is None)


def _api(inventory: Inventory, name: str) -> Api:
    for api in inventory.apis:
        if api.key == name:
            return api
    raise BlockedError("not_allowed", f"the inventory has no API {name}")


def observe(context: Context, run: Run) -> Observation:
    """Read the stage's cache; ``size`` is None while there is none."""
    api = _api(context.inventory, run.target)
    client = context.reader("apigateway")
    pages = client.get_paginator("get_rest_apis").paginate(PaginationConfig={"PageSize": _PAGE})
    found = [one["id"] for page in pages for one in page["items"] if one["name"] == api.name]
    gone = {"api_id": None, "count": len(found), "enabled": None, "size": None}
    if len(found) != 1:
        return {**gone, "status": None, "methods": False}
    try:
        stage = client.get_stage(restApiId=found[0], stageName=api.stage)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NotFoundException":
            raise
        return {**gone, "count": 0, "status": None, "methods": False}
    enabled = bool(stage.get("cacheClusterEnabled"))
    return {
        "api_id": found[0],
        "count": 1,
        "enabled": enabled,
        "size": str(stage.get("cacheClusterSize", _SMALLEST)) if enabled else None,
        "status": stage.get("cacheClusterStatus", "NOT_AVAILABLE"),
        "methods": any(
            one.get("cachingEnabled") for one in stage.get("methodSettings", {}).values()
        ),
    }


def plan(context: Context, run: Run, seen: Observation) -> Plan:
    """Switch it, and promise the end where there is one."""
    api, wanted = _api(context.inventory, run.target), Wanted.model_validate(run.params)
    if seen["api_id"] is None:
        many = "no stage" if seen["count"] == 0 else f"{seen['count']} APIs"
        raise BlockedError("target_missing", f"there is {many} of the name {run.target}")
    size = (wanted.size or seen["size"] or _SMALLEST) if wanted.enabled else None
    before, after = _state(seen), {"enabled": wanted.enabled, "size": size}
    if before == after and wanted.last is None:
        raise ObsoleteError("already_done", f"{run.target} {_said(after)}")
    if before == after:
        raise BlockedError("cache_is_on", f"{run.target} {_said(after)}: it would be switched off")
    if not wanted.enabled and wanted.size not in (None, seen["size"]):
        raise BlockedError("cache_changed", f"{run.target} {_said(before)}, not {wanted.size} GB")
    if str(seen["status"]).endswith("_IN_PROGRESS"):
        raise BlockedError("cache_busy", f"{run.target}: {seen['status']}")
    end = None if wanted.last is None else context.now() + wanted.last
    return Plan(
        action=NAME,
        target=run.target,
        before=before,
        after=after,
        calls=(_update(api, seen["api_id"], before, after),),
        undo=(_update(api, seen["api_id"], after, before),),
        diff=(
            f"{run.target}/{api.stage}: {_said(before)} -> {_said(after)}",
            *(() if end is None else (f"switched off again at {_moment(end)}",)),
        ),
        notes=_notes(seen, wanted, end),
        expires_at=context.now() + context.inventory.engine.plan_expiry,
        follow=None if end is None else {"at": end, "params": _later(size)},
    )


def _later(size: str | None) -> dict[str, Any]:
    return Wanted.model_validate({"enabled": False, "size": size}).model_dump(mode="json")


def _state(seen: Observation) -> dict[str, Any]:
    return {"enabled": seen["enabled"], "size": seen["size"]}


def _said(state: Mapping[str, Any]) -> str:
    return f"cache of {state['size']} GB" if state["enabled"] else "no cache"


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%MZ")


def _notes(seen: Observation, wanted: Wanted, end: float | None) -> tuple[str, ...]:
    if not wanted.enabled:
        return ()
    notes = ["cache_is_billed" if end is None else "cache_is_billed_until"]
    if seen["enabled"]:
        notes.append("cache_is_emptied")
    if not seen["methods"]:
        notes.append("no_method_caches")
    return tuple(notes)


def _update(api: Api, api_id: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Call:
    changes = []
    if before["enabled"] != after["enabled"]:
        changes.append(("/cacheClusterEnabled", str(after["enabled"]).lower()))
    if after["size"] is not None:
        changes.append(("/cacheClusterSize", after["size"]))
    operations = [{"op": "replace", "path": path, "value": value} for path, value in changes]
    where = {"restApiId": api_id, "stageName": api.stage}
    return Call("apigateway", "UpdateStage", {**where, "patchOperations": operations})


def settled(plan_: Plan, _call: Call, seen: Observation) -> Finding:
    """Tell whether the change was taken; being ready comes later."""
    if _state(seen) == dict(plan_.after):
        return Finding.HAPPENED
    return Finding.ABSENT if _state(seen) == dict(plan_.before) else Finding.DRIFTED


def effect(plan_: Plan, seen: Observation) -> Finding:
    """Say whether the cache is as planned, and AWS is done with it."""
    found = settled(plan_, plan_.calls[0], seen)
    ready = "AVAILABLE" if plan_.after["enabled"] else "NOT_AVAILABLE"
    return Finding.PENDING if found is Finding.HAPPENED and seen["status"] != ready else found


def undo(plan_: Plan, seen: Observation) -> tuple[Call, ...]:
    """Return to the cache of before, unless somebody has changed it since."""
    return plan_.undo if effect(plan_, seen) is Finding.HAPPENED else ()


ACTION = Action(
    name=NAME,
    risk=Risk.LOW,
    reads=("apigateway:GET",),
    writes=("apigateway:PATCH",),
    target=no_target,
    targets=targets,
    observe=observe,
    plan=plan,
    settled=settled,
    effect=effect,
    undo=undo,
    params=Wanted,
    measured=False,
    patience=_PATIENCE,
)
