"""S3, ours: conditional copies, the copy limit, archived tiers, entity tags of copies.

Rules from the API references of CopyObject and UploadPartCopy: ``If-None-Match: *`` refuses to
overwrite, ``x-amz-copy-source-if-match`` refuses another source than the one named; an object above
5 GB can only be copied in parts; what is archived cannot be copied before it is restored; a copy
that was not made in parts has an entity tag of its own.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlparse

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.exceptions import (
    InvalidObjectState,
    MissingKey,
    ObjectNotInActiveTierError,
    PreconditionFailed,
    S3ClientError,
)
from moto.s3.models import FakeKey, S3Backend, s3_backends
from moto.s3.responses import S3Response
from moto.s3.utils import ARCHIVE_STORAGE_CLASSES

from simulator.aws.extend import extend, original

COPY_LIMIT = 5 * 1024**3
_TIERED = "INTELLIGENT_TIERING"


class _TooLargeError(S3ClientError):
    code = "InvalidRequest"

    def __init__(self, limit: int) -> None:
        super().__init__(
            "The specified copy source is larger than the maximum allowable size for a copy"
            f" source: {limit}"
        )


class Objects:
    """What S3 has beyond moto's: the largest copy in bytes, and objects in an archive tier.

    ``archived`` are (bucket, key) of INTELLIGENT_TIERING objects that moved to an archive tier.
    """

    def __init__(self) -> None:
        self.copy_limit = COPY_LIMIT
        self.archived: set[tuple[str, str]] = set()

    def check(self, source: FakeKey, wanted: str | None) -> None:
        """Refuse what S3 would not copy; raises moto's error."""
        if wanted and wanted.strip('"') != source.etag.strip('"'):
            raise PreconditionFailed("x-amz-copy-source-If-Match")
        if self.is_archived(source):
            raise ObjectNotInActiveTierError(source)

    def is_archived(self, key: FakeKey) -> bool:
        """Say whether an INTELLIGENT_TIERING object lies in an archive tier."""
        return key.storage_class == _TIERED and (key.bucket_name, key.name) in self.archived


def install(objects: Objects) -> None:
    """Extend moto's S3."""
    copy_object_ = original(S3Response, "copy_object")
    upload_part_copy_ = original(S3Response, "upload_part_copy")
    head_object_ = original(S3Response, "head_object")

    def copy_object(self: S3Response) -> Any:
        source = _source(self)
        objects.check(source, self.headers.get("x-amz-copy-source-if-match"))
        if source.size > objects.copy_limit:
            raise _TooLargeError(objects.copy_limit)
        there = self.backend.get_object(self.bucket_name, self.parse_key_name())
        if self.headers.get("If-None-Match") == "*" and there is not None:
            raise PreconditionFailed("If-None-Match")
        return copy_object_(self)

    def upload_part_copy(self: S3Response) -> Any:
        source = _source(self)
        objects.check(source, self.headers.get("x-amz-copy-source-if-match"))
        if source.storage_class in ARCHIVE_STORAGE_CLASSES and not _restored(source):
            raise InvalidObjectState(storage_class=source.storage_class)
        return upload_part_copy_(self)

    def head_object(self: S3Response, *args: Any, **named: Any) -> Any:
        status, headers, body = head_object_(self, *args, **named)
        key = self.backend.get_object(self.bucket_name, self.parse_key_name())
        if key is not None and objects.is_archived(key):
            headers["x-amz-archive-status"] = "ARCHIVE_ACCESS"
        return status, headers, body

    extend(S3Response, copy_object, upload_part_copy, head_object)
    _own_entity_tags()


def _own_entity_tags() -> None:
    copy_ = original(S3Backend, "copy_object")

    def copy_object(
        self: S3Backend, src_key: FakeKey, dest_bucket_name: str, dest_key_name: str, **named: Any
    ) -> None:
        copy_(self, src_key, dest_bucket_name, dest_key_name, **named)
        # A copy in one piece is no upload in parts, whatever its source was.
        made: Any = self.get_object(dest_bucket_name, dest_key_name)
        made.multipart, made._etag = None, None  # noqa: SLF001 moto keeps it nowhere else

    extend(S3Backend, copy_object)


def _source(response: S3Response) -> FakeKey:
    found = urlparse(response.headers["x-amz-copy-source"])
    bucket, name = unquote(found.path).lstrip("/").split("/", 1)
    key: FakeKey | None = response.backend.get_object(bucket, name)
    if key is None:
        raise MissingKey(key=name)
    return key


def _restored(key: FakeKey) -> bool:
    return 'ongoing-request="false"' in str(key.response_dict.get("x-amz-restore"))


def keys(bucket: str) -> dict[str, FakeKey]:
    """Return the newest version of every object that a bucket really holds."""
    backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    found = backend.get_bucket(bucket).keys
    return {name: found[name] for name in found if isinstance(found[name], FakeKey)}
