"""Lifecycle, versioning and snapshots of buckets, against the embedded AWS."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from inventory.snapshots import manifest_key
from simulator.aws.server import EmbeddedAws
from tests.exporter.arrived import arrived
from tests.exporter.calls import announced
from tests.exporter.support import START, Bench, values

RAW, PROCESSED = "ons-data-platform-raw-prod", "ons-data-platform-processed-prod"
BACKUP = f"{PROCESSED}-backup"
STAMP = "20261120T120000Z"
MANIFEST = {
    "version": 1,
    "source": PROCESSED,
    "started_at": START,
    "finished_at": START + 60,
    "objects": 12,
    "bytes": 4096,
    "skipped": 0,
    "complete": True,
}


def snapshot(aws: EmbeddedAws, stamp: str, **changed: Any) -> None:
    """Put the manifest of a snapshot."""
    body = json.dumps(MANIFEST | changed).encode()
    aws.client("s3").put_object(Bucket=BACKUP, Key=manifest_key(PROCESSED, stamp), Body=body)


def lifecycle(aws: EmbeddedAws, bucket: str, *statuses: str) -> None:
    """Give a bucket one rule of each status."""
    rules = [
        {"ID": f"rule-{n}", "Status": status, "Filter": {"Prefix": ""}, "Expiration": {"Days": 9}}
        for n, status in enumerate(statuses)
    ]
    aws.client("s3").put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={"Rules": rules}
    )


def snapshots(found: dict[tuple[str, ...], Any]) -> dict[str, Any]:
    """Return what is shown of the snapshots of the processed bucket."""
    return {
        labels[0].removeprefix("bucket_snapshot_"): value
        for labels, value in found.items()
        if labels[0].startswith("bucket_snapshot_") and labels[1] == PROCESSED
    }


@pytest.fixture
def three(bench: Bench, aws: EmbeddedAws) -> Bench:
    """A bench whose buckets exist, the one for snapshots too."""
    for name in (RAW, PROCESSED, BACKUP):
        aws.client("s3").create_bucket(Bucket=name)
    return bench


def test_settings_are_shown_as_they_are(three: Bench, aws: EmbeddedAws) -> None:
    """Enabled rules are counted, none is zero, and versioning has one state."""
    lifecycle(aws, PROCESSED, "Enabled", "Disabled", "Enabled")
    aws.client("s3").put_bucket_versioning(
        Bucket=RAW, VersioningConfiguration={"Status": "Enabled"}
    )
    reading = three.reading("bucket_settings")
    found = values(reading)
    assert found["bucket_lifecycle_rules", PROCESSED] == 2.0
    assert found["bucket_lifecycle_rules", RAW] == 0.0
    versioning = {labels[1:]: n for labels, n in found.items() if labels[0] == "bucket_versioning"}
    assert {labels for labels, n in versioning.items() if n} == {
        (RAW, "enabled"),
        (PROCESSED, "disabled"),
    }
    assert len(versioning) == 6
    assert (reading.seen, reading.expected, reading.missing) == (3, 3, ())


def test_newest_snapshot_is_shown(three: Bench, aws: EmbeddedAws) -> None:
    """Of several snapshots the newest by name counts, and what is no snapshot does not."""
    snapshot(aws, "20261119T120000Z", objects=1)
    snapshot(aws, STAMP)
    for key in (f"snapshots/{PROCESSED}/zz/manifest.json", f"snapshots/{PROCESSED}-2/{STAMP}/m"):
        aws.client("s3").put_object(Bucket=BACKUP, Key=key, Body=b"")
    assert snapshots(three.collect("bucket_settings")) == {
        "never": 0.0,
        "timestamp_seconds": START,
        "objects": 12.0,
        "bytes": 4096.0,
        "complete": 1.0,
    }
    snapshot(aws, "20261121T000000Z", finished_at=None, complete=False)
    assert snapshots(three.collect("bucket_settings"))["complete"] == 0.0


def test_no_snapshot_is_never_and_not_zero(three: Bench) -> None:
    """Before the first snapshot it is told that there is none, and nothing else."""
    found = three.collect("bucket_settings")
    assert snapshots(found) == {"never": 1.0}
    assert not [labels for labels in found if labels[1] == RAW and "snapshot" in labels[0]]


def test_snapshots_on_several_pages(
    three: Bench, aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest one is found on the last page."""
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "2")
    for day in range(1, 8):
        snapshot(aws, f"202611{day:02d}T000000Z", objects=day)
    assert snapshots(three.collect("bucket_settings"))["objects"] == 7.0
    assert arrived(aws)["s3", "ListObjectsV2"] == 4


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"version": 2}', b" " * 70_000, json.dumps({**MANIFEST, "source": RAW})]
)
def test_unreadable_manifest_is_visible(three: Bench, aws: EmbeddedAws, body: bytes) -> None:
    """A manifest that cannot be understood is told so, costs coverage and hides nothing else."""
    key = manifest_key(PROCESSED, STAMP)
    aws.client("s3").put_object(Bucket=BACKUP, Key=key, Body=body)
    reading = three.reading("bucket_settings")
    found = values(reading)
    assert snapshots(found) == {}
    assert found["bucket_setting_unknown_info", PROCESSED, "snapshot", "invalid_answer"] == 1.0
    assert found["bucket_lifecycle_rules", PROCESSED] == 0.0
    assert (reading.seen, reading.expected, reading.missing) == (2, 3, ())


def test_snapshot_without_manifest_is_visible(three: Bench, aws: EmbeddedAws) -> None:
    """A snapshot whose manifest is not there is unknown; no bucket is missing."""
    key = manifest_key(PROCESSED, STAMP).replace("manifest", "data")
    aws.client("s3").put_object(Bucket=BACKUP, Key=key, Body=b"x")
    reading = three.reading("bucket_settings")
    assert values(reading)["bucket_setting_unknown_info", PROCESSED, "snapshot", "not_found"] == 1.0
    assert (reading.seen, reading.missing) == (2, ())


def test_what_one_may_not_know_is_absent(three: Bench, aws: EmbeddedAws) -> None:
    """A denied setting is absent, never 0, and its reason is told; everything else is shown."""
    snapshot(aws, STAMP)
    aws.front.fail(
        "s3",
        "GetBucketLifecycleConfiguration",
        code="AccessDenied",
        status=403,
        resource=f"/{PROCESSED}",
    )
    reading = three.reading("bucket_settings")
    found = values(reading)
    assert ("bucket_lifecycle_rules", PROCESSED) not in found
    assert found["bucket_setting_unknown_info", PROCESSED, "lifecycle", "denied"] == 1.0
    assert found["bucket_versioning", PROCESSED, "disabled"] == 1.0
    assert found["bucket_lifecycle_rules", RAW] == 0.0
    assert snapshots(found)["objects"] == 12.0
    assert (reading.seen, reading.expected) == (2, 3)


def test_missing_buckets_are_named(three: Bench, aws: EmbeddedAws) -> None:
    """Buckets that AWS does not have are named, the one for snapshots too."""
    aws.client("s3").delete_bucket(Bucket=RAW)
    aws.client("s3").delete_bucket(Bucket=BACKUP)
    reading = three.reading("bucket_settings")
    found = values(reading)
    assert (reading.seen, reading.expected, reading.missing) == (1, 3, (RAW, BACKUP))
    assert ("bucket_lifecycle_rules", RAW) not in found
    assert found["bucket_lifecycle_rules", PROCESSED] == 0.0


def test_failing_s3_fails_the_run(three: Bench, aws: EmbeddedAws) -> None:
    """An error that says nothing of a bucket is the collection's."""
    aws.front.fail("s3", "GetBucketVersioning", code="InternalError", status=500)
    with pytest.raises(ClientError, match="InternalError"):
        three.collect("bucket_settings")


def test_requests_and_bill_are_as_declared(three: Bench, aws: EmbeddedAws) -> None:
    """One run sends what is declared, and the bill is that of S3's price list."""
    snapshot(aws, STAMP)
    before = arrived(aws)
    three.collect("bucket_settings")
    collector = three.collectors["bucket_settings"]
    assert announced(collector, three.inventory) == dict(arrived(aws) - before)
    uses = collector.uses(three.inventory)
    assert three.tally.bill().usd_by_service["s3"] == pytest.approx(sum(use.usd for use in uses))


def test_empty_account_is_all_missing(bench: Bench) -> None:
    """With no bucket there at all nothing is shown but why."""
    reading = bench.reading("bucket_settings")
    assert {series.spec.name for series in reading.series} == {
        "dataplatform_bucket_setting_unknown_info"
    }
    assert (reading.seen, reading.missing) == (0, (RAW, PROCESSED, BACKUP))
