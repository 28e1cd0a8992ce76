"""Snapshots: what is copied, what is told, what is never written over, what a crash leaves."""

from __future__ import annotations

import pytest

from inventory.snapshots import MANIFEST_MOST_BYTES, Fate, Manifest, manifest_key, stamp_of
from remediations.asking import AskedWronglyError
from remediations.model import Outcome, State, StepState
from simulator.aws.s3 import keys
from tests.remediations.rig import START, CrashError, Rig
from tests.remediations.snapshot_world import (
    COUNT,
    DATA,
    HOME,
    SOURCE,
    TARGET,
    copies,
    die_after,
    entries,
    furnish,
    limit,
    manifest,
    meddle,
    originals,
    put,
    remove,
    take,
)


@pytest.fixture
def platform(bare: Rig) -> Rig:
    """A rig whose embedded AWS has the two buckets alone."""
    furnish(bare)
    return bare


def test_every_object_is_copied_and_listed(platform: Rig) -> None:
    """All objects lie in the snapshot, each has its line, and the manifest says complete."""
    done = take(platform)
    assert (done.outcome, done.reason) == (Outcome.SUCCEEDED, "done")
    assert done.detail == "12 objects, 624 bytes"
    assert copies() == originals()
    found = manifest()
    assert (found.objects, found.bytes, found.skipped, found.complete) == (COUNT, 624, 0, True)
    assert (found.run, found.point_in_time) == (done.id, False)
    assert {name: (one.etag, one.size) for name, one in entries().items()} == {
        name: (key.etag, key.size) for name, key in keys(SOURCE).items()
    }


def test_the_source_is_only_read(platform: Rig) -> None:
    """No call that changes anything names the source's path."""
    before = len(platform.aws.front.seen)
    take(platform)
    calls = list(platform.aws.front.seen)[before:]
    writes = {"CopyObject", "PutObject", "DeleteObject", "PutObjectTagging", "UploadPartCopy"}
    assert {one.resource.split("/")[1] for one in calls if one.operation in writes} == {TARGET}


def test_the_plan_says_what_it_is_not(platform: Rig) -> None:
    """A dry run shows what would be copied and that it is no point in time, and writes nothing."""
    shown = take(platform, dry=True)
    assert shown.plan is not None
    assert shown.plan.diff[0] == f"s3://{SOURCE}: 12 objects, 624 bytes -> s3://{TARGET}/{HOME}"
    assert "not_point_in_time" in shown.plan.notes
    assert copies() == {}
    assert manifest_key(SOURCE, stamp_of(START)) not in keys(TARGET)


def test_metadata_tags_and_class_are_kept(platform: Rig) -> None:
    """Content type, headers, user metadata, tags and storage class are those of the object."""
    put(
        platform,
        "full.csv",
        b"x",
        ContentType="text/csv",
        CacheControl="no-cache",
        Metadata={"origin": "ons"},
        Tagging="team=data&level=1",
        StorageClass="STANDARD_IA",
    )
    take(platform)
    where = {"Bucket": TARGET, "Key": f"{DATA}full.csv"}
    client = platform.aws.client("s3")
    found = client.head_object(**where)
    assert (found["ContentType"], found["CacheControl"]) == ("text/csv", "no-cache")
    assert (found["Metadata"], found["StorageClass"]) == ({"origin": "ons"}, "STANDARD_IA")
    tags = client.get_object_tagging(**where)["TagSet"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"team": "data", "level": "1"}


def test_a_storage_class_can_be_asked_for(platform: Rig) -> None:
    """The copies get the class asked for; the manifest must stay readable and does not."""
    take(platform, storage_class="GLACIER")
    classes = {name: key.storage_class for name, key in keys(TARGET).items() if HOME in name}
    assert {c for name, c in classes.items() if name.startswith(DATA)} == {"GLACIER"}
    assert {c for name, c in classes.items() if not name.startswith(DATA)} == {"STANDARD"}


def test_the_version_that_was_copied_is_told(platform: Rig) -> None:
    """Of a bucket with versions each line names the version of its object."""
    client = platform.aws.client("s3")
    client.put_bucket_versioning(Bucket=SOURCE, VersioningConfiguration={"Status": "Enabled"})
    put(platform, "seed/0000.csv", b"newer")
    version = client.head_object(Bucket=SOURCE, Key="seed/0000.csv")["VersionId"]
    take(platform)
    assert entries()["seed/0000.csv"].version_id == version
    assert copies()["seed/0000.csv"] == b"newer"


def test_no_key_is_too_odd(platform: Rig) -> None:
    """Keys like those of the snapshot's own files, and odd ones, are copied as they are."""
    odd = ("manifest.json", "parts/000001.jsonl", "a b+c%20ü/ção?.csv", "folder/", "..", "a//b")
    for key in odd:
        put(platform, key, key.encode())
    assert take(platform).outcome is Outcome.SUCCEEDED
    assert {key: copies()[key].decode() for key in odd} == {key: key for key in odd}
    assert {entries()[key].fate for key in odd} == {Fate.COPIED}


def test_a_key_that_would_be_too_long_is_told(platform: Rig) -> None:
    """S3's keys have an end: what does not fit below the prefix is not silently left out."""
    put(platform, "k" * 1000, b"long")
    done = take(platform)
    assert (done.outcome, done.reason) == (Outcome.INEFFECTIVE, "snapshot_incomplete")
    assert manifest().reasons == {"key_too_long": 1}


def test_what_lies_there_is_not_overwritten(platform: Rig) -> None:
    """Something else in the place of a copy stays, is told, and the snapshot is incomplete."""
    put(platform, f"{DATA}seed/0003.csv", b"of somebody else", bucket=TARGET)
    done = take(platform)
    assert done.outcome is Outcome.INEFFECTIVE
    assert done.detail == "11 objects, 592 bytes; 1 not copied: occupied 1"
    assert copies()["seed/0003.csv"] == b"of somebody else"
    assert (manifest().complete, entries()["seed/0003.csv"].fate) == (False, Fate.OCCUPIED)


def test_what_comes_in_between_is_not_overwritten(platform: Rig) -> None:
    """Something is put there after the look and before the copy: S3 itself refuses."""
    done: list[str] = []

    def before(name: str) -> None:
        if name == "copy_object" and not done:
            done.append(name)
            put(platform, f"{DATA}seed/0000.csv", b"of somebody else", bucket=TARGET)

    limit(platform, threads=1)
    meddle(platform, before)
    assert take(platform).outcome is Outcome.INEFFECTIVE
    assert copies()["seed/0000.csv"] == b"of somebody else"
    assert manifest().reasons == {"occupied": 1}


def test_what_is_no_copy_is_told(platform: Rig) -> None:
    """An object among the copies that the source never had makes the snapshot incomplete."""
    put(platform, f"{DATA}zzz", b"planted", bucket=TARGET)
    assert take(platform).outcome is Outcome.INEFFECTIVE
    assert manifest().reasons == {"unexpected": 1}


def test_archived_objects_are_told_not_claimed(platform: Rig) -> None:
    """What lies in GLACIER or in an archive tier cannot be copied: its line says so."""
    put(platform, "cold", b"x", StorageClass="GLACIER")
    put(platform, "deep", b"x", StorageClass="DEEP_ARCHIVE")
    put(platform, "tier", b"x", StorageClass="INTELLIGENT_TIERING")
    put(platform, "warm", b"x", StorageClass="INTELLIGENT_TIERING")
    platform.aws.objects.archived.add((SOURCE, "tier"))
    done = take(platform)
    assert (done.outcome, done.reason) == (Outcome.INEFFECTIVE, "snapshot_incomplete")
    found = manifest()
    assert (found.objects, found.skipped, found.reasons) == (COUNT + 1, 3, {"archived": 3})
    assert not {"cold", "deep", "tier"} & set(copies())
    assert entries()["tier"].fate is Fate.ARCHIVED


def test_more_objects_than_a_listing_has(platform: Rig) -> None:
    """Lists have at most 1,000 objects: those after them are copied as well."""
    from moto.s3.models import s3_backends  # noqa: PLC0415 a thousand puts would take too long

    backend = s3_backends["123456789012"]["aws"]
    for number in range(1000):
        # Too long to be copied, which saves the time of a thousand copies.
        backend.put_object(SOURCE, f"many/{number:04d}{'k' * 960}", b"x")
    done = take(platform)
    assert done.plan is not None
    assert "1012 objects" in done.plan.diff[0]
    assert (manifest().objects, manifest().reasons) == (COUNT, {"key_too_long": 1000})
    assert manifest().parts == 2
    assert len(entries()) == COUNT + 1000
    assert set(copies()) == {name for name in originals() if name.startswith("seed/")}


def test_an_empty_bucket_has_an_empty_snapshot(platform: Rig) -> None:
    """Nothing to copy is a complete snapshot of nothing."""
    client = platform.aws.client("s3")
    for key in originals():
        client.delete_object(Bucket=SOURCE, Key=key)
    assert take(platform).outcome is Outcome.SUCCEEDED
    assert (manifest().objects, manifest().complete) == (0, True)


def test_an_object_that_vanishes_is_told(platform: Rig) -> None:
    """Deleted between the listing and its copy: the line says so, the snapshot is incomplete."""

    def before(name: str) -> None:
        if name == "copy_object":
            remove("seed/0005.csv")

    limit(platform, threads=1)
    meddle(platform, before)
    assert take(platform).outcome is Outcome.INEFFECTIVE
    assert entries()["seed/0005.csv"].fate is Fate.VANISHED
    assert manifest().objects == COUNT - 1


def test_an_object_that_changes_is_copied_as_it_is_now(platform: Rig) -> None:
    """Changed between the listing and its copy: the newer state is copied, and told as such."""
    changed: list[str] = []

    def before(name: str) -> None:
        if name == "copy_object" and not changed:
            changed.append(name)
            put(platform, "seed/0005.csv", b"newer state")

    limit(platform, threads=1)
    meddle(platform, before)
    done = take(platform)
    assert done.outcome is Outcome.SUCCEEDED
    assert "1 of them changed meanwhile" in str(done.detail)
    found = entries()["seed/0005.csv"]
    assert (found.fate, found.size) == (Fate.CHANGED, len(b"newer state"))
    assert found.etag == keys(SOURCE)["seed/0005.csv"].etag
    assert copies()["seed/0005.csv"] == b"newer state"


def test_an_object_that_never_rests_is_told(platform: Rig) -> None:
    """Changed before every attempt: it is not claimed."""
    number = 0

    def before(name: str) -> None:
        nonlocal number
        if name == "copy_object":
            number += 1
            put(platform, "seed/0011.csv", b"state %d" % number)

    limit(platform, threads=1)
    meddle(platform, before)
    assert take(platform).outcome is Outcome.INEFFECTIVE
    assert entries()["seed/0011.csv"].fate is Fate.CHANGING
    assert "seed/0011.csv" not in copies()


@pytest.mark.parametrize("crash_at", [0, 1, 4, 5, 6, 12, 14, 15, 16])
def test_killed_anywhere_it_goes_on(platform: Rig, crash_at: int) -> None:
    """Killed after any write, the same snapshot goes on: each object is copied once."""
    limit(platform, threads=1, page=5)
    die_after(platform, crash_at)
    with pytest.raises(CrashError):
        take(platform)
    platform.restart()
    limit(platform, threads=1, page=5)
    assert platform.end().outcome is Outcome.SUCCEEDED
    assert copies() == originals()
    assert (manifest().objects, manifest().parts, manifest().complete) == (COUNT, 3, True)
    assert platform.aws.front.count("s3", "CopyObject") == COUNT
    assert len([name for name in keys(TARGET) if name.startswith(HOME)]) == COUNT + 3 + 1


def test_an_object_made_in_parts_is_known_again(platform: Rig) -> None:
    """A copy's entity tag differs from that of a source made in parts: a restart still knows it."""
    client = platform.aws.client("s3")
    where = {"Bucket": SOURCE, "Key": "a-first"}
    upload = client.create_multipart_upload(**where)["UploadId"]
    part = client.upload_part(**where, UploadId=upload, PartNumber=1, Body=b"in parts")["ETag"]
    client.complete_multipart_upload(
        **where, UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part}]}
    )
    limit(platform, threads=1)
    die_after(platform, 1)
    with pytest.raises(CrashError):
        take(platform)
    assert keys(TARGET)[f"{DATA}a-first"].etag != keys(SOURCE)["a-first"].etag
    platform.restart()
    assert platform.end().outcome is Outcome.SUCCEEDED
    assert entries()["a-first"].fate is Fate.COPIED


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("operation", ["CopyObject", "PutObject"])
def test_an_answer_that_is_lost_does_no_harm(platform: Rig, operation: str, *, after: bool) -> None:
    """S3 fails once, before or after it acted: all is copied, and nothing twice."""
    platform.aws.front.fail("s3", operation, times=1, after=after)
    assert take(platform).outcome is Outcome.SUCCEEDED
    assert copies() == originals()
    assert platform.aws.front.count("s3", "CopyObject") == COUNT


def test_s3_that_stays_away_ends_the_run(platform: Rig) -> None:
    """While nothing can be copied the run does not go on for ever: it fails, unfinished."""
    platform.aws.front.fail("s3", "CopyObject", code="SlowDown", status=503)
    done = take(platform)
    assert (done.outcome, done.reason) == (Outcome.FAILED, "no_effect")
    assert (manifest().finished_at, manifest().complete) == (None, False)


def test_one_denied_object_is_told(platform: Rig) -> None:
    """An object that may not be read is told; the others are copied."""
    platform.aws.front.fail("s3", "CopyObject", code="AccessDenied", status=403, times=1)
    assert take(platform).outcome is Outcome.INEFFECTIVE
    assert (manifest().objects, manifest().reasons) == (COUNT - 1, {"denied": 1})


def test_without_permission_nothing_is_claimed(platform: Rig) -> None:
    """Where every object is denied the run fails at once."""
    platform.aws.front.fail("s3", "CopyObject", code="AccessDenied", status=403)
    done = take(platform)
    assert (done.outcome, done.reason) == (Outcome.FAILED, "refused")
    assert "AccessDenied" in str(done.detail)


def test_what_disappears_after_its_copy_is_not_claimed(platform: Rig) -> None:
    """The copies are read back before they are claimed."""

    def after(name: str) -> None:
        if name == "copy_object":
            remove(f"{DATA}seed/0002.csv", TARGET)

    limit(platform, threads=1)
    meddle(platform, after=after)
    assert take(platform).outcome is Outcome.INEFFECTIVE
    assert manifest().reasons == {"lost": 1}


def test_a_call_is_short(platform: Rig) -> None:
    """When its time is over a call ends and writes down what it did; the next one goes on."""
    limit(platform, threads=2, seconds=1.0)
    meddle(platform, before=lambda _name: platform.clock.forward(1.0))
    done = take(platform)
    assert done.outcome is Outcome.SUCCEEDED
    steps = platform.ledger.runs.steps(done.id)
    assert [step.call.operation for step in steps].count("CopyPage") == COUNT // 2
    assert {step.state for step in steps} == {StepState.DONE}
    assert copies() == originals()


def test_a_snapshot_of_somebody_else_is_left_alone(platform: Rig) -> None:
    """Where a snapshot of this very second lies already the run is held, and it stays."""
    theirs = Manifest(
        version=1,
        source=SOURCE,
        started_at=START,
        finished_at=START,
        objects=0,
        bytes=0,
        skipped=0,
        complete=True,
        run="r-of-another",
    )
    key = manifest_key(SOURCE, stamp_of(START))
    put(platform, key, theirs.model_dump_json().encode(), bucket=TARGET)
    held = take(platform)
    assert (held.state, held.reason) == (State.BLOCKED, "snapshot_exists")
    assert manifest() == theirs


def test_a_missing_bucket_for_snapshots_is_named(platform: Rig) -> None:
    """Without a place to go to the run is held, and says which bucket is missing."""
    client = platform.aws.client("s3")
    for key in keys(TARGET):
        client.delete_object(Bucket=TARGET, Key=key)
    client.delete_bucket(Bucket=TARGET)
    held = take(platform)
    assert (held.state, held.reason) == (State.BLOCKED, "target_missing"), held
    assert TARGET in str(held.detail)


def test_only_buckets_with_a_place_for_snapshots(platform: Rig) -> None:
    """The raw bucket names no bucket for snapshots: it is refused."""
    with pytest.raises(AskedWronglyError):
        platform.ask("snapshot_data", "ons-data-platform-raw-prod")


def test_the_manifest_stays_small_enough_to_be_read(platform: Rig) -> None:
    """The exporter reads no manifest above its limit: ours says nothing of single objects."""
    take(platform)
    size = keys(TARGET)[manifest_key(SOURCE, stamp_of(START))].size
    assert size < MANIFEST_MOST_BYTES / 50
