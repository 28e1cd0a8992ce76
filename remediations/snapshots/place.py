"""From where to where a snapshot copies, within which limits, and what S3's errors mean for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from inventory import snapshots
from inventory.snapshots import Entry, Fate
from remediations.action import Hands
from remediations.calls import THROTTLED

KEY_MOST_BYTES = 1024
"""The longest key of S3, in UTF-8."""
_SERVER_ERROR = 500
_GIB = 1024**3
_PASSING = frozenset({*THROTTLED, "SlowDown", "ConditionalRequestConflict", "OperationAborted"})
_ARCHIVED = frozenset({"ObjectNotInActiveTierError", "InvalidObjectState"})
_GONE = frozenset({"NoSuchKey", "404"})
_DENIED = frozenset({"AccessDenied", "403"})
_UNMET = frozenset({"PreconditionFailed", "412"})


@dataclass(frozen=True)
class Limits:
    """How much one call does: ``page`` objects, for ``seconds``, ``threads`` at a time.

    S3 copies up to 5 GB at once; above ``copy_bytes``, which is less so that a copy ends within the
    time that a call has, an object is copied in parts of ``part_bytes``.
    """

    page: int = 1000
    seconds: float = 20.0
    threads: int = 8
    copy_bytes: int = _GIB
    part_bytes: int = _GIB // 4


class Gone(Exception):  # noqa: N818 a finding, not a failure
    """The object cannot be copied; ``fate`` says why."""

    def __init__(self, fate: Fate, detail: str | None = None) -> None:
        super().__init__(fate)
        self.fate = fate
        self.detail = detail


@dataclass(frozen=True)
class Listed:
    """An object of the source as it was last seen; ``changed`` since it was listed."""

    key: str
    etag: str
    size: int
    storage_class: str
    changed: bool = False

    def entry(self, fate: Fate, **more: Any) -> Entry:
        """Return the line of the object in a part."""
        fields = {"version_id": None, **more}
        return Entry(key=self.key, etag=self.etag, size=self.size, fate=fate, **fields)

    def held(self, version_id: str | None, copy_etag: str | None) -> Entry:
        """Return the line of an object that was copied."""
        fate = Fate.CHANGED if self.changed else Fate.COPIED
        return self.entry(fate, version_id=real_version(version_id), copy_etag=copy_etag)


@dataclass(frozen=True)
class Place:
    """One snapshot: the bucket that is read, the bucket that is written, and by what clients."""

    hands: Hands
    limits: Limits
    source: str
    bucket: str
    stamp: str
    storage_class: str | None

    @cached_property
    def reader(self) -> Any:
        """S3's client that may retry."""
        return self.hands.context.reader("s3")

    @cached_property
    def writer(self) -> Any:
        """S3's client that sends each call once."""
        return self.hands.writer("s3")

    @property
    def now(self) -> Callable[[], float]:
        """The clock, in unix seconds."""
        return self.hands.context.now

    @property
    def data(self) -> str:
        """The prefix of the copies."""
        return f"{snapshots.home(self.source, self.stamp)}data/"

    def of(self, key: str) -> dict[str, str]:
        """Return where the copy of an object lies."""
        return {"Bucket": self.bucket, "Key": self.data + key}

    def origin(self, one: Listed) -> dict[str, Any]:
        """Return what names the source of a copy, and refuses another state of it."""
        return {
            "CopySource": {"Bucket": self.source, "Key": one.key},
            "CopySourceIfMatch": one.etag,
        }

    def class_of(self, one: Listed) -> str:
        """Return the storage class of a copy: the one asked for, else the object's own."""
        return self.storage_class or one.storage_class

    def source_now(self, key: str) -> Any:
        """Read an object's headers; raises Gone where it is there no more."""
        try:
            return self.reader.head_object(Bucket=self.source, Key=key)
        except ClientError as error:
            raise gone(error) from error

    def copy_now(self, key: str) -> Any:
        """Read the headers of what lies where the copy would; None if nothing does."""
        try:
            return self.reader.head_object(**self.of(key))
        except ClientError as error:
            if code_of(error) in _GONE:
                return None
            raise

    def copies(self, after: str | None, last: str | None) -> Iterator[dict[str, Any]]:
        """Yield what lies among the copies after one key and up to another; None is no bound."""
        request = {"Bucket": self.bucket, "Prefix": self.data}
        if after is not None:
            request["StartAfter"] = self.data + after
        for page in self.reader.get_paginator("list_objects_v2").paginate(**request):
            for found in page.get("Contents", ()):
                key = found["Key"].removeprefix(self.data)
                if last is not None and key > last:
                    return
                yield {**found, "Key": key}


def real_version(version_id: str | None) -> str | None:
    """Return a version id; None where the bucket has no versions."""
    return None if version_id in (None, "null") else version_id


def code_of(error: ClientError) -> str:
    """Return AWS' code of an error."""
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def is_passing(error: Exception) -> bool:
    """Say whether the same call may succeed a little later."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", _SERVER_ERROR)
        return status >= _SERVER_ERROR or code_of(error) in _PASSING
    return isinstance(error, BotoCoreError)


def is_unmet(error: ClientError) -> bool:
    """Say whether a condition of the call did not hold."""
    return code_of(error) in _UNMET


def gone(error: ClientError) -> Exception:
    """Return what an error says of one object; the error itself where it says nothing of it."""
    code = code_of(error)
    if is_passing(error) or code == "NoSuchBucket":
        return error
    if code in _ARCHIVED:
        return Gone(Fate.ARCHIVED)
    if code in _GONE:
        return Gone(Fate.VANISHED)
    return Gone(Fate.DENIED if code in _DENIED else Fate.REFUSED, code)
