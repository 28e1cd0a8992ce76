"""Copying one object: never over something else, never another state than the one named."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from inventory.snapshots import Entry, Fate
from remediations.snapshots import large
from remediations.snapshots.place import (
    KEY_MOST_BYTES,
    Gone,
    Listed,
    Place,
    gone,
    is_unmet,
)

_DIGEST = re.compile(r'^"?[0-9a-f]{32}"?$')


def copy(place: Place, one: Listed, found: Mapping[str, Any] | None, until: float) -> Entry | None:
    """Copy an object and return what became of it; None while it is under way.

    ``found`` is what lies where the copy would, ``until`` when to stop (unix seconds).

    Raises:
        ClientError: for what may pass, and for what is not about this object.
        BotoCoreError: if S3 does not answer.
    """
    if len((place.data + one.key).encode()) > KEY_MOST_BYTES:
        return one.entry(Fate.KEY_TOO_LONG)
    try:
        if found is not None:
            return _there(place, one, int(found["Size"]), found["ETag"])
        return _copy(place, one, until)
    except Gone as error:
        return one.entry(error.fate, detail=error.detail)


def _copy(place: Place, one: Listed, until: float) -> Entry | None:
    if one.size > place.limits.copy_bytes:
        return large.copy(place, one, until)
    try:
        made = place.writer.copy_object(
            **place.of(one.key),
            **place.origin(one),
            StorageClass=place.class_of(one),
            IfNoneMatch="*",
        )
    except ClientError as error:
        if is_unmet(error):
            return _refused(place, one, until)
        raise gone(error) from error
    return one.held(made.get("CopySourceVersionId"), made["CopyObjectResult"]["ETag"])


def _refused(place: Place, one: Listed, until: float) -> Entry | None:
    """Find out which condition did not hold: something lies there, or the source has changed."""
    there = place.copy_now(one.key)
    if there is not None:
        return _there(place, one, there["ContentLength"], there["ETag"])
    if one.changed:
        return one.entry(Fate.CHANGING)
    seen = place.source_now(one.key)
    storage_class = seen.get("StorageClass", "STANDARD")
    newer = Listed(one.key, seen["ETag"], seen["ContentLength"], storage_class, changed=True)
    return _copy(place, newer, until)


def _there(place: Place, one: Listed, size: int, etag: str) -> Entry:
    """Judge what lies where the copy would: what an earlier attempt copied, or something else."""
    seen = place.source_now(one.key)
    same = size == one.size and (etag == one.etag or not _comparable(place, one, seen, etag))
    if not same:
        return one.entry(Fate.OCCUPIED)
    # The version is that of the copied state only while the source is still in it.
    return one.held(seen.get("VersionId") if seen["ETag"] == one.etag else None, etag)


def _comparable(place: Place, one: Listed, seen: Mapping[str, Any], etag: str) -> bool:
    """Say whether both tags are digests of the content: not if made in parts, nor by a KMS key."""
    if not (_DIGEST.match(etag) and _DIGEST.match(one.etag)):
        return False
    there = place.copy_now(one.key) or {}
    return not any("kms" in str(each.get("ServerSideEncryption")) for each in (seen, there))
