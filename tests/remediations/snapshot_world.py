"""What the tests of snapshots share: the buckets as they really are, and limits that bite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from inventory.snapshots import (
    Entry,
    Manifest,
    home,
    manifest_key,
    read_manifest,
    read_part,
    stamp_of,
)
from remediations.actions.snapshot_data import action_of
from remediations.model import Run
from remediations.snapshots.place import Limits
from simulator.aws.s3 import keys
from tests.remediations.rig import START, CrashError, Rig

SOURCE = "ons-data-platform-processed-prod"
TARGET = "ons-data-platform-processed-prod-backup"
HOME = home(SOURCE, stamp_of(START))
DATA = f"{HOME}data/"
MIB = 1024**2
COUNT = 12


def furnish(rig: Rig) -> None:
    """Make the buckets, and the objects that the tests count on; nothing else of the platform."""
    client = rig.aws.client("s3")
    for bucket in (SOURCE, TARGET):
        client.create_bucket(Bucket=bucket)
    for number in range(COUNT):
        put(rig, f"seed/{number:04d}.csv", b"hour,mw\n" * (number + 1))


def limit(rig: Rig, **limits: Any) -> None:
    """Let the action copy within other limits."""
    actions: dict[str, Any] = rig.worker.actions  # type: ignore[assignment]
    actions["snapshot_data"] = action_of(Limits(**limits))


def take(rig: Rig, **params: Any) -> Run:
    """Take a snapshot."""
    return rig.ask("snapshot_data", SOURCE, **params)


def put(rig: Rig, key: str, body: bytes, bucket: str = SOURCE, **more: Any) -> None:
    """Put an object as somebody else would."""
    rig.aws.client("s3").put_object(Bucket=bucket, Key=key, Body=body, **more)


def remove(key: str, bucket: str = SOURCE) -> None:
    """Delete an object as somebody else would, also while the action is at work."""
    s3_backends[DEFAULT_ACCOUNT_ID]["aws"].delete_object(bucket, key)


def originals() -> dict[str, bytes]:
    """Return the source's objects."""
    return {name: key.value for name, key in keys(SOURCE).items()}


def copies() -> dict[str, bytes]:
    """Return what lies among the copies of the snapshot that began at START."""
    found = keys(TARGET)
    return {n.removeprefix(DATA): k.value for n, k in found.items() if n.startswith(DATA)}


def manifest() -> Manifest:
    """Return the manifest that really lies there."""
    return read_manifest(keys(TARGET)[manifest_key(SOURCE, stamp_of(START))].value, SOURCE)


def entries() -> dict[str, Entry]:
    """Return what the parts say of each object."""
    parts = {n: k for n, k in keys(TARGET).items() if n.startswith(f"{HOME}parts/")}
    return {one.key: one for name in sorted(parts) for one in read_part(parts[name].value)[1]}


def uploads(rig: Rig) -> list[str]:
    """Return the uploads that were begun and neither completed nor aborted."""
    found = rig.aws.client("s3").list_multipart_uploads(Bucket=TARGET).get("Uploads", [])
    return [one["Key"] for one in found]


class Meddling:
    """A client that calls ``before`` and ``after`` around every call, with the call's name."""

    def __init__(
        self, client: Any, before: Callable[[str], None], after: Callable[[str], None]
    ) -> None:
        self._client = client
        self._before = before
        self._after = after

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def call(**arguments: Any) -> Any:
            self._before(name)
            answer = method(**arguments)
            self._after(name)
            return answer

        return call


def nothing(_name: str) -> None:
    """Do nothing."""


def meddle(
    rig: Rig, before: Callable[[str], None] = nothing, after: Callable[[str], None] = nothing
) -> None:
    """Do something around every write."""
    real = rig.writer
    rig.writer = lambda service: Meddling(real(service), before, after)


def die_after(rig: Rig, number: int) -> None:
    """Die right after the write with this number, counted from 0; the next ones go through."""
    made = 0

    def after(_name: str) -> None:
        nonlocal made
        made += 1
        if made == number + 1:
            raise CrashError

    meddle(rig, after=after)
