"""What S3 measures of buckets once a day, against the embedded AWS."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from simulator.aws.server import EmbeddedAws
from tests.exporter.arrived import arrived
from tests.exporter.calls import announced
from tests.exporter.support import START, Bench, values

RAW, PROCESSED = "ons-data-platform-raw-prod", "ons-data-platform-processed-prod"
DAY = 86_400
MIDNIGHT = START - DAY / 2
HOUR = 3600


def size(aws: EmbeddedAws, bucket: str, storage_type: str, days_ago: int, value: float) -> None:
    """Let S3 have measured the bytes of a bucket."""
    where = {"BucketName": bucket, "StorageType": storage_type}
    aws.metrics.put("AWS/S3", "BucketSizeBytes", where, MIDNIGHT - days_ago * DAY, [value])


def objects(aws: EmbeddedAws, bucket: str, days_ago: int, value: float) -> None:
    """Let S3 have counted the objects of a bucket."""
    where = {"BucketName": bucket, "StorageType": "AllStorageTypes"}
    aws.metrics.put("AWS/S3", "NumberOfObjects", where, MIDNIGHT - days_ago * DAY, [value])


def test_bytes_by_type_and_objects(bench: Bench, aws: EmbeddedAws) -> None:
    """Each storage type that a bucket has is shown with its newest value, its age is visible."""
    for ago in (1, 2):
        size(aws, RAW, "StandardStorage", ago, 1000.0 - ago)
        size(aws, RAW, "GlacierStorage", ago, 500.0)
        objects(aws, RAW, ago, 7.0)
    size(aws, PROCESSED, "StandardStorage", 2, 30.0)
    where = {"BucketName": RAW, "FilterId": "all"}
    aws.metrics.put("AWS/S3", "AllRequests", where, START - 60, [9.0])
    reading = bench.reading("bucket_storage")
    assert values(reading) == {
        ("bucket_size_bytes", RAW, "StandardStorage"): 999.0,
        ("bucket_size_bytes", RAW, "GlacierStorage"): 500.0,
        ("bucket_objects", RAW): 7.0,
        ("bucket_size_bytes", PROCESSED, "StandardStorage"): 30.0,
    }
    assert (reading.seen, reading.expected) == (2, 2)
    assert reading.newest == {RAW: MIDNIGHT - DAY, PROCESSED: MIDNIGHT - 2 * DAY}


def test_value_is_shown_for_three_days_and_then_absent(bench: Bench, aws: EmbeddedAws) -> None:
    """A value that is not renewed stays until it is three days old; then it is absent, not 0."""
    size(aws, RAW, "StandardStorage", 1, 100.0)
    shown = []
    for _ in range(16):
        found = bench.collect("bucket_storage")
        shown.append(found.get(("bucket_size_bytes", RAW, "StandardStorage")))
        bench.clock.at += 6 * HOUR
    # Three days and the lag after it was measured: 36 hours had passed when it was first read.
    assert shown == [100.0] * 8 + [None] * 8
    reading = bench.reading("bucket_storage")
    assert (reading.seen, reading.newest[RAW]) == (0, MIDNIGHT - DAY)


def test_value_that_arrives_two_days_late_is_shown(bench: Bench, aws: EmbeddedAws) -> None:
    """A day that was read empty is read again: what arrives late replaces what was shown."""
    size(aws, RAW, "StandardStorage", 2, 100.0)
    assert bench.collect("bucket_storage")["bucket_size_bytes", RAW, "StandardStorage"] == 100.0
    size(aws, RAW, "StandardStorage", 1, 200.0)
    bench.clock.at = MIDNIGHT + DAY + 6 * HOUR + 1
    bench.restart()
    assert bench.collect("bucket_storage")["bucket_size_bytes", RAW, "StandardStorage"] == 200.0


def test_metrics_on_several_pages(bench: Bench, aws: EmbeddedAws) -> None:
    """Storage metrics are found behind more than a page of request metrics."""
    for number in range(1200):
        where = {"BucketName": RAW, "FilterId": f"filter-{number}"}
        aws.metrics.put("AWS/S3", "AllRequests", where, START - 60, [1.0])
    size(aws, RAW, "StandardStorage", 1, 5.0)
    assert bench.collect("bucket_storage") == {("bucket_size_bytes", RAW, "StandardStorage"): 5.0}
    assert arrived(aws)["cloudwatch", "ListMetrics"] == 3 + 1


def test_empty_account_asks_for_no_values(bench: Bench, aws: EmbeddedAws) -> None:
    """Where S3 measured nothing there are no series, no coverage and no metrics to pay."""
    reading = bench.reading("bucket_storage")
    assert (reading.series, reading.seen, reading.expected) == ((), 0, 2)
    assert reading.newest == {RAW: None, PROCESSED: None}
    assert bench.tally.bill().billed_metrics == 0


def test_denied_listing_fails_the_run(bench: Bench, aws: EmbeddedAws) -> None:
    """Without ListMetrics there is nothing to show, and the last values are the wrapper's."""
    aws.front.fail("cloudwatch", "ListMetrics", code="AccessDenied", status=403)
    with pytest.raises(ClientError, match="AccessDenied"):
        bench.collect("bucket_storage")


def test_a_day_of_runs_sends_what_is_declared(bench: Bench, aws: EmbeddedAws) -> None:
    """Names are listed in each run, values asked for once a day, for no more than declared."""
    size(aws, RAW, "StandardStorage", 1, 1.0)
    objects(aws, RAW, 1, 1.0)
    bench.collect("bucket_storage")
    before, billed = arrived(aws), bench.tally.bill()
    for _ in range(4):
        bench.clock.at += bench.inventory.collection.storage_every
        bench.collect("bucket_storage")
    collector = bench.collectors["bucket_storage"]
    said = announced(collector, bench.inventory)
    assert {call: 4 * number for call, number in said.items()} == dict(arrived(aws) - before)
    uses = collector.uses(bench.inventory)
    bill = bench.tally.bill()
    assert bill.billed_metrics - billed.billed_metrics == 2 <= 4 * sum(use.metrics for use in uses)
    paid = bill.usd_by_service["cloudwatch"] - billed.usd_by_service["cloudwatch"]
    assert paid == pytest.approx(8 * 0.01 / 1000 + 2 * 0.01 / 1000)
    assert paid <= 4 * sum(use.usd for use in uses)
