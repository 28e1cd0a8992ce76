"""Give the InfluxDB instance another class, or more storage.

Storage only grows, and a change restarts the instance: always by a person's word. Needs an
AVAILABLE instance, and is done when it is AVAILABLE again (API reference of UpdateDbInstance,
Timestream for InfluxDB). Where an alert asked for it, the alert must be over too, and the instance
still measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, model_validator

from catalogue.exposed import INFLUXDB_DISK
from catalogue.promql import once, series
from inventory.model import Inventory
from remediations import alert_over
from remediations.action import (
    Action,
    BlockedError,
    Context,
    Finding,
    Observation,
    ObsoleteError,
    Params,
    Risk,
    by_alert,
)
from remediations.comparing import compared
from remediations.model import Call, Plan, Run, Sample

NAME = "scale_influxdb"
_PATIENCE = 2 * 3600.0
_AVAILABLE = "AVAILABLE"


class Wanted(Params):
    """The instance class, or the storage in GiB, or both."""

    instance_type: Annotated[str, Field(pattern=r"^db\.influx\.[a-z0-9]+$")] | None = None
    storage_gib: Annotated[int, Field(ge=20, le=16_384)] | None = None

    @model_validator(mode="after")
    def _something(self) -> Wanted:
        if self.instance_type is None and self.storage_gib is None:
            raise ValueError("give instance_type or storage_gib")
        return self


def targets(inventory: Inventory) -> tuple[str, ...]:
    """Return the instance."""
    return (inventory.influxdb.instance,)


def target(labels: Mapping[str, str]) -> str | None:
    """Return the instance that the alert names."""
    return labels.get("instance_id") or None


def observe(context: Context, run: Run) -> Observation:
    """Read the instance by its name or identifier."""
    client = context.reader("timestream-influxdb")
    for page in client.get_paginator("list_db_instances").paginate():
        for one in page["items"]:
            if run.target in (one["name"], one["id"]):
                found = client.get_db_instance(identifier=one["id"])
                return {
                    "identifier": found["id"],
                    "status": found["status"],
                    "instance_type": found["dbInstanceType"],
                    "storage_gib": found["allocatedStorage"],
                }
    raise BlockedError("target_missing", f"there is no instance {run.target}")


def plan(context: Context, run: Run, seen: Observation) -> Plan:
    """Change what was asked for, and nothing else."""
    asked = Wanted.model_validate(run.params).model_dump(exclude_none=True)
    changed = {name: value for name, value in asked.items() if value != seen[name]}
    if not changed:
        raise ObsoleteError("already_done", f"{run.target} is as asked for")
    if changed.get("storage_gib", seen["storage_gib"]) < seen["storage_gib"]:
        raise BlockedError("storage_only_grows", f"{run.target} has {seen['storage_gib']} GiB")
    if seen["status"] != _AVAILABLE:
        raise BlockedError("not_available", f"{run.target} is {seen['status']}")
    names = {"instance_type": "dbInstanceType", "storage_gib": "allocatedStorage"}
    arguments: dict[str, Any] = {names[name]: value for name, value in changed.items()}
    return Plan(
        action=NAME,
        target=run.target,
        before=_state(seen),
        after={**_state(seen), **changed},
        calls=(
            Call(
                "timestream-influxdb",
                "UpdateDbInstance",
                {"identifier": seen["identifier"], **arguments},
            ),
        ),
        undo=(),
        diff=tuple(
            f"{run.target} {name}: {seen[name]} -> {value}" for name, value in changed.items()
        ),
        notes=("instance_restarts",),
        expires_at=context.now() + context.inventory.engine.plan_expiry,
        approval=True,
    )


def _state(seen: Observation) -> dict[str, Any]:
    return {name: seen[name] for name in ("instance_type", "storage_gib")}


def settled(plan_: Plan, _call: Call, seen: Observation) -> Finding:
    """Tell whether the change was taken: it is then under way, or over."""
    found = compared(plan_, _state(seen))
    under_way = found is not Finding.HAPPENED and seen["status"] != _AVAILABLE
    return Finding.PENDING if under_way else found


def effect(plan_: Plan, seen: Observation) -> Finding:
    """Say whether the instance is as planned and available again."""
    found = settled(plan_, plan_.calls[0], seen)
    if found is Finding.HAPPENED and seen["status"] != _AVAILABLE:
        return Finding.PENDING
    return found


def judge(context: Context, run: Run) -> Sample:
    """Say whether the alert is over; where the disk is measured no more, nobody knows."""
    disk = once(series(INFLUXDB_DISK, {"instance_id": run.alert.get("instance_id", "")}))
    return alert_over.judge(context, run, str(disk))


ACTION = Action(
    name=NAME,
    risk=Risk.HIGH,
    reads=("timestream-influxdb:GetDbInstance", "timestream-influxdb:ListDbInstances"),
    writes=("timestream-influxdb:UpdateDbInstance",),
    target=target,
    targets=targets,
    observe=observe,
    plan=plan,
    settled=settled,
    effect=effect,
    params=Wanted,
    judge=judge,
    measured_for=by_alert,
    patience=_PATIENCE,
)
