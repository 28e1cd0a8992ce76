"""Buckets, their storage and the database on the platform that the demo seeds."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.samples import HistogramValue, Value
from simulator.aws.metric_store import Identity
from simulator.aws.server import EmbeddedAws
from simulator.influxdb import InfluxStandIn
from simulator.seed import seed
from simulator.workload import Workload
from tests.exporter.support import Bench, Clock, values
from tests.exporter.test_exporter_influxdb import pointed_at

RAW, PROCESSED = "ons-data-platform-raw-prod", "ons-data-platform-processed-prod"
NAME, BUCKET = "ons-influxdb-prod", "energy_data"
COLLECTORS = (
    "bucket_settings",
    "bucket_storage",
    "buckets",
    "influxdb",
    "influxdb_instance",
    "influxdb_server",
)
DAY = 86_400.0


@pytest.fixture
def seeded(
    tmp_path: Path, clock: Clock, aws: EmbeddedAws, influx: InfluxStandIn
) -> Iterator[tuple[Bench, Workload]]:
    """A bench over the whole seeded platform, and the work that it does."""
    inventory = pointed_at(influx.url)
    seed(aws, inventory, clock.now)
    made = Bench(f"sqlite:///{tmp_path / 'exporter.db'}", clock, inventory, aws.url)
    rng = random.Random(7)  # noqa: S311 traffic
    # The stand-in dates by the machine's own time.
    yield made, Workload(aws, influx, inventory, time.time, rng)
    made.store.close()


def test_every_reading_is_whole_and_right(seeded: tuple[Bench, Workload], clock: Clock) -> None:
    """Nothing that the inventory names is missing, and values are those that were seeded."""
    bench, workload = seeded
    clock.at += 10
    bench.collect("influxdb_server")
    workload.load()
    found: dict[tuple[str, ...], Value] = {}
    for name in COLLECTORS:
        reading = bench.reading(name)
        assert (name, reading.seen, reading.missing) == (name, reading.expected, ())
        found |= values(reading)
    size = sum(8.0 * (number + 1) for number in range(12))
    assert {key: found[key] for key in found if key[0].startswith(("bucket_s", "bucket_o"))} == {
        ("bucket_size_bytes", RAW, "StandardStorage"): size,
        ("bucket_size_bytes", PROCESSED, "StandardStorage"): size,
        ("bucket_objects", RAW): 12.0,
        ("bucket_objects", PROCESSED): 12.0,
        ("bucket_snapshot_never", PROCESSED): 0.0,
        ("bucket_snapshot_timestamp_seconds", PROCESSED): clock.at - 10 - DAY,
        ("bucket_snapshot_objects", PROCESSED): 12.0,
        ("bucket_snapshot_bytes", PROCESSED): size,
        ("bucket_snapshot_complete", PROCESSED): 1.0,
    }
    assert [found["bucket_up", name] for name in (RAW, PROCESSED)] == [1.0, 1.0]
    assert found["bucket_lifecycle_rules", RAW] == 0.0
    assert found["bucket_lifecycle_rules", PROCESSED] == 1.0
    assert found["influxdb_instance_status", NAME, "available"] == 1.0
    assert found["influxdb_instance_allocated_storage_bytes", NAME] == 100.0 * 1024**3
    assert found["influxdb_cpu_utilization_ratio", NAME] == pytest.approx(0.3)
    assert found["influxdb_disk_utilization_ratio", NAME] == pytest.approx(0.38)
    assert found["influxdb_up", BUCKET] == 1.0
    writes = found["influxdb_server_write_duration_seconds", NAME]
    assert isinstance(writes, HistogramValue)
    # The loader's points, and the canary.
    assert writes.count == 3 + 1


def test_busy_database_shows_and_a_larger_class_cures(
    seeded: tuple[Bench, Workload], aws: EmbeddedAws, influx: InfluxStandIn, clock: Clock
) -> None:
    """What AWS measures of the instance follows slow writes, and the class that it has."""
    _, workload = seeded
    workload.clock = clock.now
    where = Identity.of("AWS/Timestream/InfluxDB", "CPUUtilization", {"DbInstanceName": NAME})

    def busy() -> float:
        clock.at += 10
        workload.load()
        [(_, percent)] = aws.metrics.statistic(where, "Average", 1, clock.at, clock.at + 1)
        return percent

    assert busy() == pytest.approx(30, abs=2)
    influx.write_delay = lambda: 0.3
    assert busy() >= 33
    client = aws.client("timestream-influxdb")
    instance = client.list_db_instances()["items"][0]["id"]
    client.update_db_instance(identifier=instance, dbInstanceType="db.influx.large")
    assert busy() == pytest.approx(17, abs=1)
