"""Copy the objects of a bucket into a snapshot of its own.

Nothing is overwritten, neither there nor in the source, which is only read. Killed and started
again, it goes on where it was: the snapshot is found by its run. Objects are copied one after the
other, so it never shows one point in time; what is archived cannot be copied and is listed as such.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import partial
from typing import Any, Literal

from botocore.exceptions import ClientError

from inventory.model import Inventory
from inventory.resources import Bucket
from inventory.snapshots import (
    MANIFEST_MOST_BYTES,
    Head,
    Manifest,
    home,
    manifest_key,
    part_number,
    read_manifest,
    stamp_of,
)
from remediations.action import (
    Action,
    BlockedError,
    Context,
    Finding,
    Hands,
    Later,
    NotMadeError,
    Observation,
    Params,
    Result,
    Risk,
    UnavailableError,
)
from remediations.model import OWN_SERVICE, Call, Plan, Run
from remediations.snapshots.large import leftovers
from remediations.snapshots.pages import copy_page, head_of
from remediations.snapshots.place import Limits, Place, code_of

NAME = "snapshot_data"
_BEGIN, _COPY, _FINISH = "BeginSnapshot", "CopyPage", "FinishSnapshot"
_PAGES_COUNTED = 10


class Wanted(Params):
    """``storage_class`` is that of the copies; without it each copy keeps that of its object."""

    storage_class: (
        Literal[
            "STANDARD",
            "STANDARD_IA",
            "ONEZONE_IA",
            "INTELLIGENT_TIERING",
            "GLACIER_IR",
            "GLACIER",
            "DEEP_ARCHIVE",
        ]
        | None
    ) = None


def targets(inventory: Inventory) -> tuple[str, ...]:
    """Return the buckets of the main account whose snapshots have a place to go to."""
    return tuple(b.key for b in inventory.buckets if b.snapshots and b.scope is None)


def target(labels: Mapping[str, str]) -> str | None:
    """Return the bucket that the alert names."""
    return labels.get("bucket") or None


def _bucket(inventory: Inventory, name: str) -> tuple[Bucket, str]:
    for bucket in inventory.buckets:
        if bucket.key == name and bucket.snapshots is not None:
            return bucket, bucket.snapshots
    raise BlockedError("not_allowed", f"{name} has no bucket for snapshots")


def observe(context: Context, run: Run) -> Observation:
    """Read how far this run's snapshot has come."""
    bucket, to = _bucket(context.inventory, run.target)
    stamp = stamp_of(run.created_at)
    client = context.reader("s3")
    found = _manifest(client, bucket.name, to, stamp)
    parts = _parts(client, bucket.name, to, stamp) if found else 0
    return {
        "run": run.id,
        "manifest": found[0].model_dump(mode="json") if found else None,
        "parts": parts,
        "over": parts > 0 and _head(context, bucket.name, to, stamp, parts).over,
    }


def _manifest(client: Any, source: str, to: str, stamp: str) -> tuple[Manifest, str] | None:
    """Read the manifest and its entity tag; None if there is none."""
    try:
        answer = client.get_object(Bucket=to, Key=manifest_key(source, stamp))
    except ClientError as error:
        # That the bucket itself is missing is found out where the plan is made.
        if code_of(error) in ("NoSuchKey", "NoSuchBucket"):
            return None
        raise
    with closing(answer["Body"]) as stream:
        body = stream.read(MANIFEST_MOST_BYTES)
    try:
        return read_manifest(body, source), answer["ETag"]
    except ValueError as error:
        raise UnavailableError("snapshot_unreadable", str(error)) from error


def _parts(client: Any, source: str, to: str, stamp: str) -> int:
    pages = client.get_paginator("list_objects_v2").paginate(
        Bucket=to, Prefix=f"{home(source, stamp)}parts/"
    )
    numbers = (part_number(one["Key"]) for page in pages for one in page.get("Contents", ()))
    return max((number for number in numbers if number is not None), default=0)


def _head(context: Context, source: str, to: str, stamp: str, number: int) -> Head:
    # Only read: these hands have nothing to write with.
    place = Place(Hands(context, context.reader), Limits(), source, to, stamp, None)
    try:
        return head_of(place, number)
    except ValueError as error:
        raise UnavailableError("snapshot_unreadable", str(error)) from error


def plan(context: Context, run: Run, seen: Observation) -> Plan:
    """Begin; how many calls copying takes shows on the way."""
    bucket, to = _bucket(context.inventory, run.target)
    if seen["manifest"] is not None:
        raise BlockedError("snapshot_exists", f"{to} has a snapshot of this second already")
    stamp = stamp_of(run.created_at)
    storage_class = Wanted.model_validate(run.params).storage_class
    return Plan(
        action=NAME,
        target=run.target,
        before={"run": run.id, "manifest": None},
        after={"run": run.id},
        calls=(
            Call(
                OWN_SERVICE,
                _BEGIN,
                {
                    "run": run.id,
                    "source": bucket.name,
                    "bucket": to,
                    "stamp": stamp,
                    "started_at": run.created_at,
                    "storage_class": storage_class,
                },
            ),
        ),
        undo=(),
        diff=(
            f"{_count(context, bucket.name, to)} -> s3://{to}/{home(bucket.name, stamp)}",
            f"storage class: {storage_class or 'as each object has'}",
        ),
        notes=("not_point_in_time", "copies_are_billed"),
        expires_at=context.now() + context.inventory.engine.plan_expiry,
    )


def _count(context: Context, source: str, to: str) -> str:
    """Say what a listing of the first pages shows."""
    client = context.reader("s3")
    objects = size = pages = 0
    try:
        client.head_bucket(Bucket=to)
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=source):
            pages += 1
            objects += len(page.get("Contents", ()))
            size += sum(one["Size"] for one in page.get("Contents", ()))
            if pages == _PAGES_COUNTED and page["IsTruncated"]:
                return f"s3://{source}: more than {objects} objects"
    except ClientError as error:
        if code_of(error) in ("NoSuchBucket", "404"):
            missing = to if code_of(error) == "404" else source
            raise BlockedError("target_missing", f"there is no bucket {missing}") from error
        raise
    return f"s3://{source}: {objects} objects, {size} bytes"


def more(
    _context: Context, run: Run, seen: Observation, made: Sequence[Call]
) -> tuple[Call, ...] | Later:
    """Copy page after page, then finish; stop where the snapshot is not ours any more."""
    manifest = seen["manifest"]
    if manifest is None or manifest["run"] != run.id or manifest["finished_at"] is not None:
        return ()
    arguments = made[0].arguments
    if seen["over"]:
        return (Call(OWN_SERVICE, _FINISH, {**arguments, "parts": seen["parts"]}),)
    return (Call(OWN_SERVICE, _COPY, {**arguments, "page": seen["parts"] + 1}),)


def begin(hands: Hands, asked: Mapping[str, Any]) -> None:
    """Write the manifest of a snapshot that is being taken."""
    manifest = Manifest(
        version=1,
        source=asked["source"],
        started_at=asked["started_at"],
        finished_at=None,
        objects=0,
        bytes=0,
        skipped=0,
        complete=False,
        run=asked["run"],
    )
    _put_manifest(hands, asked, manifest, {"IfNoneMatch": "*"})


def copy(limits: Limits, hands: Hands, asked: Mapping[str, Any]) -> None:
    """Copy one page."""
    copy_page(_place(limits, hands, asked), asked["page"])


def finish(hands: Hands, asked: Mapping[str, Any]) -> None:
    """Sum up: all that should be there is there, or not, and why."""
    place = _place(Limits(), hands, asked)
    leftovers(place)
    found = _manifest(place.reader, place.source, place.bucket, place.stamp)
    if found is None or found[0].run != asked["run"]:
        raise NotMadeError("SnapshotGone", "the manifest is not ours", certain=True)
    head = head_of(place, asked["parts"])
    skipped = sum(head.reasons.values())
    manifest = found[0].model_copy(
        update={
            "finished_at": hands.context.now(),
            "objects": head.objects,
            "bytes": head.bytes,
            "skipped": skipped,
            "changed": head.changed,
            "reasons": head.reasons,
            "parts": head.number,
            "complete": skipped == 0,
        }
    )
    _put_manifest(hands, asked, manifest, {"IfMatch": found[1]})


def _place(limits: Limits, hands: Hands, asked: Mapping[str, Any]) -> Place:
    return Place(
        hands, limits, asked["source"], asked["bucket"], asked["stamp"], asked["storage_class"]
    )


def _put_manifest(
    hands: Hands, asked: Mapping[str, Any], manifest: Manifest, condition: Mapping[str, str]
) -> None:
    hands.writer("s3").put_object(
        Bucket=asked["bucket"],
        Key=manifest_key(asked["source"], asked["stamp"]),
        Body=manifest.model_dump_json().encode(),
        ContentType="application/json",
        **condition,
    )


def settled(_plan: Plan, call: Call, seen: Observation) -> Finding:
    """Tell whether a call did what it was for."""
    manifest = seen["manifest"]
    if manifest is None:
        return Finding.ABSENT if call.operation == _BEGIN else Finding.DRIFTED
    if manifest["run"] != seen["run"]:
        return Finding.DRIFTED
    if call.operation == _BEGIN:
        return Finding.HAPPENED
    if call.operation == _COPY:
        return Finding.HAPPENED if seen["parts"] >= call.arguments["page"] else Finding.ABSENT
    return Finding.ABSENT if manifest["finished_at"] is None else Finding.HAPPENED


def effect(_plan: Plan, seen: Observation) -> Finding:
    """Say whether this run's snapshot is finished."""
    manifest = seen["manifest"]
    if manifest is None:
        return Finding.ABSENT
    ours = manifest["run"] == seen["run"] and manifest["finished_at"] is not None
    return Finding.HAPPENED if ours else Finding.DRIFTED


def result(_plan: Plan, seen: Observation) -> Result:
    """Tell what the snapshot holds, and what it lacks."""
    manifest = seen["manifest"]
    held = f"{manifest['objects']} objects, {manifest['bytes']} bytes"
    if manifest["changed"]:
        held += f", {manifest['changed']} of them changed meanwhile"
    if manifest["complete"]:
        return Result(detail=held)
    reasons = ", ".join(f"{name} {count}" for name, count in sorted(manifest["reasons"].items()))
    detail = f"{held}; {manifest['skipped']} not copied: {reasons}"
    return Result(good=False, reason="snapshot_incomplete", detail=detail)


def action_of(limits: Limits) -> Action:
    """Return the action, copying within ``limits``."""
    return Action(
        name=NAME,
        risk=Risk.LOW,
        reads=(
            "s3:GetObject",
            "s3:GetObjectTagging",
            "s3:ListBucket",
            "s3:ListBucketMultipartUploads",
            "s3:ListMultipartUploadParts",
        ),
        writes=("s3:AbortMultipartUpload", "s3:PutObject", "s3:PutObjectTagging"),
        target=target,
        targets=targets,
        observe=observe,
        plan=plan,
        settled=settled,
        effect=effect,
        more=more,
        params=Wanted,
        own={_BEGIN: begin, _COPY: partial(copy, limits), _FINISH: finish},
        measured=False,
        result=result,
    )


ACTION = action_of(Limits())
