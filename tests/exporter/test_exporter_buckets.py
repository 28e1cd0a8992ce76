"""The reachability of buckets, against the embedded AWS."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError

from exporter.collector import CollectError, Reading
from inventory.aws import AwsClients
from simulator.aws.server import EmbeddedAws
from tests.exporter.arrived import arrived
from tests.exporter.calls import announced
from tests.exporter.support import Bench, compressed, values

RAW, PROCESSED = "ons-data-platform-raw-prod", "ons-data-platform-processed-prod"


@pytest.fixture
def both(bench: Bench, aws: EmbeddedAws) -> Bench:
    """A bench whose two buckets exist, and that waits long for an answer."""
    for name in (RAW, PROCESSED):
        aws.client("s3").create_bucket(Bucket=name)
    bench.inventory = compressed(probe_deadline=20.0)
    return bench


def test_buckets_that_answer_are_up_and_timed(both: Bench, aws: EmbeddedAws) -> None:
    """Each bucket is up with its duration, by one request each, as declared and billed."""
    reading = both.reading("buckets")
    found = values(reading)
    for name in (RAW, PROCESSED):
        assert found["bucket_up", name] == 1.0
        seconds = found["bucket_probe_duration_seconds", name]
        assert isinstance(seconds, float)
        assert 0 < seconds < 20
    assert len(found) == 4
    assert (reading.seen, reading.expected, reading.missing) == (2, 2, ())
    collector = both.collectors["buckets"]
    uses = collector.uses(both.inventory)
    said = announced(collector, both.inventory)
    assert said == {("s3", "HeadBucket"): arrived(aws)["s3", "HeadBucket"]}
    assert both.tally.bill().usd_by_service["s3"] == pytest.approx(sum(use.usd for use in uses))


def test_forbidden_bucket_is_a_measurement(both: Bench, aws: EmbeddedAws) -> None:
    """A bucket that answers 403 is down and told so; the other is measured all the same."""
    aws.front.fail("s3", "HeadBucket", code="AccessDenied", status=403, resource=f"/{RAW}")
    reading = both.reading("buckets")
    found = values(reading)
    assert found["bucket_up", RAW] == 0.0
    assert found["bucket_unreachable_info", RAW, "denied"] == 1.0
    assert ("bucket_probe_duration_seconds", RAW) in found
    assert found["bucket_up", PROCESSED] == 1.0
    assert (reading.seen, reading.missing) == (2, ())


def test_missing_bucket_is_told_and_costs_coverage(both: Bench, aws: EmbeddedAws) -> None:
    """A bucket that AWS does not have is down, named as missing and not seen."""
    aws.client("s3").delete_bucket(Bucket=PROCESSED)
    reading = both.reading("buckets")
    found = values(reading)
    assert found["bucket_up", PROCESSED] == 0.0
    assert found["bucket_unreachable_info", PROCESSED, "not_found"] == 1.0
    assert found["bucket_up", RAW] == 1.0
    assert (reading.seen, reading.missing) == (1, (PROCESSED,))


def test_silent_bucket_keeps_no_other_waiting(both: Bench, aws: EmbeddedAws) -> None:
    """A bucket that hangs is down after the patience for a probe, without a duration."""
    both.inventory = compressed(probe_deadline=1.5)
    both.aws.client("s3")
    aws.front.fail("s3", "HeadBucket", delay=8, resource=f"/{RAW}")
    started = time.monotonic()
    found = both.collect("buckets")
    assert 1.5 <= time.monotonic() - started < 5
    assert found["bucket_up", RAW] == 0.0
    assert found["bucket_unreachable_info", RAW, "timeout"] == 1.0
    assert ("bucket_probe_duration_seconds", RAW) not in found
    assert found["bucket_up", PROCESSED] == 1.0


def test_recovered_bucket_leaves_no_reason_behind(both: Bench, aws: EmbeddedAws) -> None:
    """S3's own trouble is told apart, and its reason ends with it."""
    aws.front.fail("s3", "HeadBucket", code="SlowDown", status=503, resource=f"/{RAW}")
    assert both.collect("buckets")["bucket_unreachable_info", RAW, "service_error"] == 1.0
    aws.front.heal()
    healthy = both.collect("buckets")
    assert healthy["bucket_up", RAW] == 1.0
    assert not [labels for labels in healthy if labels[0] == "bucket_unreachable_info"]


def test_absent_aws_is_a_measurement_and_lost_credentials_are_not(
    both: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody listening is the buckets' matter; having no credentials is ours, and fails the run."""
    gone = Bench("sqlite://", both.clock, both.inventory, "http://127.0.0.1:1")
    found = gone.collect("buckets")
    assert found["bucket_unreachable_info", RAW, "unreachable"] == 1.0
    gone.store.close()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    nobody = Bench("sqlite://", both.clock, both.inventory, both.endpoint)
    with pytest.raises(NoCredentialsError):
        nobody.collect("buckets")
    nobody.store.close()


def test_many_buckets_are_asked_in_turns(both: Bench, aws: EmbeddedAws) -> None:
    """More buckets than are asked at once are all measured, each by one request."""
    template = both.inventory.buckets[0]
    names = [f"bucket-{number:02d}" for number in range(40)]
    for name in names:
        aws.client("s3").create_bucket(Bucket=name)
    buckets = tuple(template.model_copy(update={"name": name}) for name in names)
    both.inventory = both.inventory.model_copy(update={"buckets": buckets})
    reading = both.reading("buckets")
    assert [values(reading)["bucket_up", name] for name in names] == [1.0] * 40
    said = announced(both.collectors["buckets"], both.inventory)
    assert said["s3", "HeadBucket"] == arrived(aws)["s3", "HeadBucket"] == 40


def test_no_buckets_and_no_time(both: Bench) -> None:
    """Nothing to watch is whole; no time left is a time-out of the run, and no measurement."""
    both.seconds = 0.0
    with pytest.raises(CollectError):
        both.collect("buckets")
    both.inventory = both.inventory.model_copy(update={"buckets": ()})
    reading = both.reading("buckets")
    assert (reading.series, reading.expected, reading.seen) == ((), 0, 0)


def test_bucket_of_a_scope_is_asked_there(both: Bench, aws: EmbeddedAws) -> None:
    """A bucket of another account is asked for through that account, and labelled with it."""
    raw, processed = both.inventory.buckets
    both.inventory = both.inventory.model_copy(
        update={"buckets": (raw, processed.model_copy(update={"scope": "south"}))}
    )
    here, nowhere = both.aws, AwsClients(both.inventory.aws, "http://127.0.0.1:1", timeout=1)

    def client(service: str, scope: str | None = None, *, region: str | None = None) -> object:
        return (here if scope is None else nowhere).client(service, region=region)

    def reading(name: str) -> Reading:
        context = replace(both.context(name), client=client)
        return both.collectors[name].collect(context)

    found = values(reading("buckets"))
    assert found["bucket_up", RAW] == 1.0
    assert found["bucket_unreachable_info", f"{PROCESSED}@south", "unreachable"] == 1.0
    for name in ("bucket_settings", "bucket_storage"):
        with pytest.raises(EndpointConnectionError):
            reading(name)
    both.inventory = both.inventory.model_copy(update={"buckets": (raw,)})
    assert reading("bucket_settings").seen == 1
