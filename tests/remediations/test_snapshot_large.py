"""Snapshots of objects that are too large for one copy: in parts, and never two states in one."""

from __future__ import annotations

from typing import Any

import pytest

from inventory.snapshots import Fate
from remediations.model import Outcome
from simulator.aws.s3 import keys
from tests.remediations.rig import CrashError, Rig
from tests.remediations.snapshot_world import (
    DATA,
    MIB,
    SOURCE,
    TARGET,
    copies,
    die_after,
    entries,
    furnish,
    limit,
    manifest,
    meddle,
    put,
    take,
    uploads,
)

KEY = "seed/0005-large.bin"
LIMIT = 5 * MIB
PARTS = 3


def body(mark: bytes) -> bytes:
    """Return the content of an object that takes three parts, each of its own."""
    return b"".join(bytes([number]) * LIMIT for number in (1, 2)) + mark * MIB


@pytest.fixture
def platform(bare: Rig) -> Rig:
    """A rig with the buckets and one large object, in an AWS that copies 5 MiB at once."""
    furnish(bare)
    put(
        bare,
        KEY,
        body(b"a"),
        ContentType="application/x-grid",
        Metadata={"origin": "ons"},
        Tagging="team=data&level=1%202",
        StorageClass="STANDARD_IA",
    )
    bare.aws.objects.copy_limit = LIMIT
    small(bare)
    return bare


def small(rig: Rig, **more: Any) -> None:
    """Let the action copy in parts above 5 MiB."""
    limit(rig, threads=1, copy_bytes=LIMIT, part_bytes=LIMIT, **more)


def test_a_large_object_is_copied_in_parts(platform: Rig) -> None:
    """Above the limit an object goes over in parts, and loses nothing: content, headers, tags."""
    assert take(platform).outcome is Outcome.SUCCEEDED
    assert copies()[KEY] == body(b"a")
    assert platform.aws.front.count("s3", "UploadPartCopy") == PARTS
    client = platform.aws.client("s3")
    where = {"Bucket": TARGET, "Key": f"{DATA}{KEY}"}
    found = client.head_object(**where)
    assert (found["ContentType"], found["Metadata"]) == ("application/x-grid", {"origin": "ons"})
    assert found["StorageClass"] == "STANDARD_IA"
    tags = client.get_object_tagging(**where)["TagSet"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"team": "data", "level": "1 2"}
    assert uploads(platform) == []
    assert entries()[KEY].etag == keys(SOURCE)[KEY].etag


def test_without_parts_it_would_be_refused(platform: Rig) -> None:
    """The limit is real: an action that copied in one piece would be refused, and says so."""
    limit(platform, copy_bytes=100 * LIMIT)
    assert take(platform).outcome is Outcome.INEFFECTIVE
    assert entries()[KEY].fate is Fate.REFUSED
    assert KEY not in copies()


@pytest.mark.parametrize("crash_at", [6, 7, 8, 9, 10, 11, 12])
def test_killed_within_a_large_object_it_goes_on(platform: Rig, crash_at: int) -> None:
    """Killed after any write of the large object, its parts are not copied a second time."""
    die_after(platform, crash_at)
    with pytest.raises(CrashError):
        take(platform)
    platform.restart()
    small(platform)
    assert platform.end().outcome is Outcome.SUCCEEDED
    assert copies()[KEY] == body(b"a")
    assert platform.aws.front.count("s3", "UploadPartCopy") == PARTS
    assert platform.aws.front.count("s3", "CompleteMultipartUpload") == 1
    assert uploads(platform) == []


def test_parts_of_two_states_are_never_put_together(platform: Rig) -> None:
    """Killed between parts, and the object changes: it is copied anew, in its newer state alone."""
    die_after(platform, 9)
    with pytest.raises(CrashError):
        take(platform)
    put(platform, KEY, body(b"b"))
    platform.restart()
    small(platform)
    assert platform.end().outcome is Outcome.SUCCEEDED
    assert copies()[KEY] == body(b"b")
    assert entries()[KEY].etag == keys(SOURCE)[KEY].etag
    assert uploads(platform) == []


def test_a_change_while_it_is_copied_is_told(platform: Rig) -> None:
    """The object changes after its first part: the upload is aborted, nothing is claimed."""
    made: list[str] = []

    def after(name: str) -> None:
        if name == "upload_part_copy" and not made:
            made.append(name)
            put(platform, KEY, body(b"b"))

    meddle(platform, after=after)
    assert take(platform).outcome is Outcome.INEFFECTIVE
    assert (KEY in copies(), uploads(platform)) == (False, [])
    assert manifest().reasons == {"changing": 1}


def test_a_large_object_takes_several_calls(platform: Rig) -> None:
    """Where time runs out between parts the next call goes on with the same upload."""
    small(platform, seconds=1.0)
    meddle(platform, before=lambda _name: platform.clock.forward(1.0))
    done = take(platform)
    assert done.outcome is Outcome.SUCCEEDED
    assert copies()[KEY] == body(b"a")
    assert platform.aws.front.count("s3", "CreateMultipartUpload") == 1
    assert platform.aws.front.count("s3", "UploadPartCopy") == PARTS


def test_a_failed_upload_is_aborted(platform: Rig) -> None:
    """A part that S3 refuses for good ends the upload: no part is left behind to be billed."""
    platform.aws.front.fail("s3", "UploadPartCopy", code="AccessDenied", status=403)
    assert take(platform).outcome is Outcome.INEFFECTIVE
    assert (manifest().reasons, uploads(platform)) == ({"denied": 1}, [])


def test_while_s3_is_away_no_upload_is_left(platform: Rig) -> None:
    """Parts fail again and again: the run ends, and every upload that it began is aborted."""
    platform.aws.front.fail("s3", "UploadPartCopy", code="SlowDown", status=503)
    assert take(platform).outcome is Outcome.FAILED
    assert platform.aws.front.count("s3", "CreateMultipartUpload") >= 2
    assert uploads(platform) == []


@pytest.mark.parametrize("operation", ["UploadPartCopy", "CompleteMultipartUpload"])
def test_a_lost_answer_is_found_out(platform: Rig, operation: str) -> None:
    """S3 acted and its answer was lost: the object is there once, whole."""
    platform.aws.front.fail("s3", operation, times=1, after=True)
    assert take(platform).outcome is Outcome.SUCCEEDED
    assert copies()[KEY] == body(b"a")
    assert platform.aws.front.count("s3", "CompleteMultipartUpload") == 1
    assert uploads(platform) == []


def test_something_else_is_not_overwritten(platform: Rig) -> None:
    """Something is put in the copy's place while the parts go over: the completion is refused."""

    def after(name: str) -> None:
        if name == "create_multipart_upload":
            put(platform, f"{DATA}{KEY}", b"of somebody else", bucket=TARGET)

    meddle(platform, after=after)
    assert take(platform).outcome is Outcome.INEFFECTIVE
    assert copies()[KEY] == b"of somebody else"
    assert (manifest().reasons, uploads(platform)) == ({"occupied": 1}, [])


@pytest.mark.parametrize("storage_class", ["DEEP_ARCHIVE", "INTELLIGENT_TIERING"])
def test_an_archived_large_object_is_told(platform: Rig, storage_class: str) -> None:
    """Archived, also within INTELLIGENT_TIERING, it is listed as such and no upload is begun."""
    put(platform, KEY, body(b"a"), StorageClass=storage_class)
    platform.aws.objects.archived.add((SOURCE, KEY))
    assert take(platform).outcome is Outcome.INEFFECTIVE
    assert manifest().reasons == {"archived": 1}
    assert platform.aws.front.count("s3", "CreateMultipartUpload") == 0
