"""Copying one large object in parts, over several calls if need be.

Of which state the parts are stands in a note beside the snapshot, so that parts of two states of an
object are never put together. An upload that fails is aborted: its parts would be billed for ever.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import closing, suppress
from typing import Any
from urllib.parse import urlencode

from botocore.exceptions import BotoCoreError, ClientError

from inventory.snapshots import Entry, Fate, home
from remediations.snapshots.place import Gone, Listed, Place, code_of, gone, is_passing, is_unmet

PARTS_MOST = 10_000
"""The most parts of an upload (S3's quotas)."""
_KEPT = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "Expires",
    "Metadata",
    "WebsiteRedirectLocation",
)
_ARCHIVES = ("GLACIER", "DEEP_ARCHIVE")


def copy(place: Place, one: Listed, until: float) -> Entry | None:
    """Copy an object in parts; None where time ran out, and the next call goes on.

    Raises:
        Gone: if it cannot be copied.
        ClientError: for what may pass, once the upload is aborted.
        BotoCoreError: as above.
    """
    note, parts = _resumed(place, one)
    try:
        finished = _copy_parts(place, one, note, parts, until)
    except (ClientError, BotoCoreError, Gone):
        _abort(place, place.data + one.key, note["upload_id"])
        raise
    return _complete(place, one, note, parts) if finished else None


def leftovers(place: Place) -> None:
    """Abort every upload of the snapshot that was begun and not completed."""
    wanted = {"Bucket": place.bucket, "Prefix": home(place.source, place.stamp)}
    for page in place.reader.get_paginator("list_multipart_uploads").paginate(**wanted):
        for upload in page.get("Uploads", ()):
            _abort(place, upload["Key"], upload["UploadId"])


def _abort(place: Place, key: str, upload_id: str) -> None:
    # What could not be aborted now is aborted when the snapshot is finished.
    with suppress(ClientError, BotoCoreError):
        place.writer.abort_multipart_upload(Bucket=place.bucket, Key=key, UploadId=upload_id)


def _note_key(place: Place, one: Listed) -> str:
    digests = [hashlib.sha256(text.encode()).hexdigest()[:32] for text in (one.key, one.etag)]
    return f"{home(place.source, place.stamp)}uploads/{'-'.join(digests)}.json"


def _resumed(place: Place, one: Listed) -> tuple[Mapping[str, Any], dict[int, str]]:
    """Return the note of the upload, and the tags of the parts that are there already."""
    where = {"Bucket": place.bucket, "Key": _note_key(place, one)}
    try:
        answer = place.reader.get_object(**where)
    except ClientError as error:
        if code_of(error) != "NoSuchKey":
            raise
        return _begun(place, one, {"IfNoneMatch": "*"}), {}
    with closing(answer["Body"]) as stream:
        note: Mapping[str, Any] = json.loads(stream.read())
    try:
        return note, _there(place, one, note)
    except ClientError as error:
        if code_of(error) != "NoSuchUpload":
            raise
        return _begun(place, one, {"IfMatch": answer["ETag"]}), {}


def _there(place: Place, one: Listed, note: Mapping[str, Any]) -> dict[int, str]:
    pages = place.reader.get_paginator("list_parts").paginate(
        **place.of(one.key), UploadId=note["upload_id"]
    )
    return {part["PartNumber"]: part["ETag"] for page in pages for part in page.get("Parts", ())}


def _begun(place: Place, one: Listed, condition: Mapping[str, str]) -> Mapping[str, Any]:
    seen = place.source_now(one.key)
    if seen["ETag"] != one.etag:
        raise Gone(Fate.CHANGING)
    archived = seen.get("StorageClass") in _ARCHIVES and 'ongoing-request="false"' not in seen.get(
        "Restore", ""
    )
    if archived or "ArchiveStatus" in seen:
        raise Gone(Fate.ARCHIVED)
    kept = {name: seen[name] for name in _KEPT if name in seen}
    try:
        tags = place.reader.get_object_tagging(Bucket=place.source, Key=one.key)["TagSet"]
        if tags:
            kept["Tagging"] = urlencode({tag["Key"]: tag["Value"] for tag in tags})
        upload = place.writer.create_multipart_upload(
            **place.of(one.key), **kept, StorageClass=place.class_of(one)
        )
    except ClientError as error:
        raise gone(error) from error
    size = max(place.limits.part_bytes, -(-one.size // PARTS_MOST))
    note = {
        "upload_id": upload["UploadId"],
        "part_bytes": size,
        "version_id": seen.get("VersionId"),
    }
    try:
        place.writer.put_object(
            Bucket=place.bucket,
            Key=_note_key(place, one),
            Body=json.dumps(note).encode(),
            **condition,
        )
    except (ClientError, BotoCoreError):
        _abort(place, place.data + one.key, note["upload_id"])
        raise
    return note


def _copy_parts(
    place: Place, one: Listed, note: Mapping[str, Any], parts: dict[int, str], until: float
) -> bool:
    """Copy the parts that are missing into ``parts``; False where that has to go on later."""
    size = note["part_bytes"]
    before = len(parts)
    for number in range(1, -(-one.size // size) + 1):
        if number in parts:
            continue
        advanced = len(parts) > before
        if advanced and place.now() >= until:
            return False
        first = (number - 1) * size
        last = min(first + size, one.size) - 1
        try:
            made = place.writer.upload_part_copy(
                **place.of(one.key),
                **place.origin(one),
                CopySourceRange=f"bytes={first}-{last}",
                PartNumber=number,
                UploadId=note["upload_id"],
            )
        except (ClientError, BotoCoreError) as error:
            if is_passing(error) and advanced:
                return False
            if isinstance(error, ClientError):
                raise (Gone(Fate.CHANGING) if is_unmet(error) else gone(error)) from error
            raise
        parts[number] = made["CopyPartResult"]["ETag"]
    return True


def _complete(
    place: Place, one: Listed, note: Mapping[str, Any], parts: Mapping[int, str]
) -> Entry:
    listed = [{"PartNumber": number, "ETag": parts[number]} for number in sorted(parts)]
    try:
        made = place.writer.complete_multipart_upload(
            **place.of(one.key),
            UploadId=note["upload_id"],
            MultipartUpload={"Parts": listed},
            IfNoneMatch="*",
        )
    except ClientError as error:
        # Where the answer may be lost the upload is left: whether it is complete shows next time.
        if is_passing(error):
            raise
        _abort(place, place.data + one.key, note["upload_id"])
        raise (Gone(Fate.OCCUPIED) if is_unmet(error) else gone(error)) from error
    return one.held(note["version_id"], made["ETag"])
