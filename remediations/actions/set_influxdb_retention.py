"""Keep the energy data in InfluxDB for a time, or for ever.

A shorter time than before deletes data for good, so that always waits for a person. The API knows
no conditional change: what the plan rests on is read once more right before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import field_validator

from inventory.durations import format_duration, parse_duration
from inventory.influx import SERVICE, InfluxError, Retention
from inventory.model import Inventory
from remediations.action import (
    Action,
    BlockedError,
    Context,
    Finding,
    Hands,
    NotMadeError,
    Observation,
    ObsoleteError,
    Params,
    Risk,
    UnavailableError,
    no_target,
)
from remediations.model import OWN_SERVICE, Call, Plan, Run

NAME = "set_influxdb_retention"
FOR_EVER = "forever"
_SET = "SetRetention"
_HOUR = 3600
_MOST = 100 * 31_536_000


class Wanted(Params):
    """``keep`` is a time of at least an hour, such as ``7y`` or ``90d``, or ``forever``."""

    keep: str

    @field_validator("keep")
    @classmethod
    def _takeable(cls, value: str) -> str:
        seconds_of(value)
        return value


def seconds_of(keep: str) -> int:
    """Return the seconds, 0 for ever; raises ValueError for what InfluxDB does not take."""
    if keep == FOR_EVER:
        return 0
    seconds = parse_duration(keep)
    if seconds % 1 or not _HOUR <= seconds <= _MOST:
        raise ValueError("must be whole seconds, at least 1h, at most 100y, or 'forever'")
    return int(seconds)


def targets(inventory: Inventory) -> tuple[str, ...]:
    """Return the bucket of the energy data."""
    return (inventory.influxdb.bucket,)


def observe(context: Context, run: Run) -> Observation:
    """Read how long the bucket keeps its data."""
    return _observed(lambda: _read(context.reader, run.target))


def _observed(read: Callable[[], Retention | None]) -> Observation:
    try:
        found = read()
    except InfluxError as error:
        raise UnavailableError(f"influxdb_{error.reason}", str(error)) from error
    if found is None:
        return {"bucket_id": None, "seconds": None, "shard_seconds": None}
    return {
        "bucket_id": found.bucket_id,
        "seconds": found.seconds,
        "shard_seconds": found.shard_seconds,
    }


def _read(client_of: Callable[[str], Any], bucket: str) -> Retention | None:
    found: Retention | None = client_of(SERVICE).get_retention(bucket=bucket)
    return found


def plan(context: Context, run: Run, seen: Observation) -> Plan:
    """Set the time, by a person's word where that deletes data."""
    wanted = seconds_of(Wanted.model_validate(run.params).keep)
    if seen["bucket_id"] is None:
        raise BlockedError("target_missing", f"InfluxDB has no bucket {run.target}")
    now = seen["seconds"]
    if now == wanted:
        raise ObsoleteError("already_done", f"{run.target}: {_said(wanted)}")
    shorter = bool(wanted) and (not now or wanted < now)
    shard = seen["shard_seconds"]
    return Plan(
        action=NAME,
        target=run.target,
        before={"bucket_id": seen["bucket_id"], "seconds": now},
        after={"bucket_id": seen["bucket_id"], "seconds": wanted},
        calls=(
            Call(
                OWN_SERVICE,
                _SET,
                {
                    "bucket": run.target,
                    "bucket_id": seen["bucket_id"],
                    "seconds": wanted,
                    "instead_of": now,
                    # A shard group may not span more than the bucket keeps.
                    "shard_seconds": shard if shard and (not wanted or shard <= wanted) else None,
                },
            ),
        ),
        undo=(),
        diff=(f"{run.target}: {_said(now)} -> {_said(wanted)}",),
        notes=("data_are_deleted",) if shorter else (),
        expires_at=context.now() + context.inventory.engine.plan_expiry,
        approval=shorter,
    )


def _said(seconds: int) -> str:
    return f"kept {format_duration(seconds)}" if seconds else "kept for ever"


def set_retention(hands: Hands, asked: Mapping[str, Any]) -> None:
    """Change the time, if the one that was planned against still holds.

    Raises:
        NotMadeError: if it does not, or the database refuses or does not answer.
    """
    try:
        found = _read(hands.context.reader, asked["bucket"])
        if found is None or (found.bucket_id, found.seconds) != (
            asked["bucket_id"],
            asked["instead_of"],
        ):
            raise NotMadeError("Drift", "somebody else has changed the bucket", certain=False)
        hands.writer(SERVICE).set_retention(
            bucket_id=asked["bucket_id"],
            seconds=asked["seconds"],
            shard_seconds=asked["shard_seconds"],
        )
    except InfluxError as error:
        raise NotMadeError(error.reason, str(error), certain=error.certain) from error


def settled(plan_: Plan, _call: Call, seen: Observation) -> Finding:
    """Tell from the bucket whether the change was made."""
    return effect(plan_, seen)


def effect(plan_: Plan, seen: Observation) -> Finding:
    """Say whether the bucket keeps its data as planned."""
    state = {"bucket_id": seen["bucket_id"], "seconds": seen["seconds"]}
    if state == dict(plan_.after):
        return Finding.HAPPENED
    return Finding.ABSENT if state == dict(plan_.before) else Finding.DRIFTED


ACTION = Action(
    name=NAME,
    risk=Risk.HIGH,
    # InfluxDB's own permissions, of its token: read and write of buckets. None of AWS.
    reads=(),
    writes=(),
    target=no_target,
    targets=targets,
    observe=observe,
    plan=plan,
    settled=settled,
    effect=effect,
    own={_SET: set_retention},
    params=Wanted,
    measured=False,
)
