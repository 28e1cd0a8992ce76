"""The InfluxDB instance as AWS sees it, against the embedded AWS."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from exporter.collectors.influxdb_instance import STATES, parse
from simulator.aws.server import EmbeddedAws
from simulator.aws.small import CHANGE_SECONDS
from tests.exporter.arrived import arrived
from tests.exporter.calls import announced
from tests.exporter.support import Bench, compressed, values

NAME = "ons-influxdb-prod"
NAMESPACE = "AWS/Timestream/InfluxDB"
GIB = 1024**3


def create(aws: EmbeddedAws, name: str = NAME, storage: int = 100) -> str:
    """Create an instance and return its id."""
    created: str = aws.client("timestream-influxdb").create_db_instance(
        name=name,
        password="made-up-password",
        dbInstanceType="db.influx.medium",
        allocatedStorage=storage,
        vpcSubnetIds=["subnet-1"],
        vpcSecurityGroupIds=["sg-1"],
    )["id"]
    return created


def put(aws: EmbeddedAws, metric: str, at: float, *numbers: float, **more: str) -> None:
    """Let AWS have measured the instance."""
    aws.metrics.put(NAMESPACE, metric, {"DbInstanceName": NAME, **more}, at, numbers)


def state(found: dict[tuple[str, ...], object]) -> str:
    """Return the one state that is shown as present."""
    status = {
        labels[2]: n for labels, n in found.items() if labels[0] == "influxdb_instance_status"
    }
    assert set(status) == set(STATES)
    (present,) = (name for name, value in status.items() if value == 1.0)
    return present


@pytest.fixture
def quick(bench: Bench) -> Bench:
    """A bench whose metrics have periods of a minute."""
    bench.inventory = compressed(period=60.0, slow_every=60.0, lookback=300.0)
    return bench


def test_state_follows_a_change(quick: Bench, aws: EmbeddedAws) -> None:
    """State, class and storage are those that AWS tells, before, during and after a change."""
    identifier = create(aws)
    found = quick.collect("influxdb_instance")
    assert state(found) == "creating"
    assert found["influxdb_instance_allocated_storage_bytes", NAME] == 100.0 * GIB
    info = ("influxdb_instance_info", NAME, "db.influx.medium", "InfluxIOIncludedT1", "SINGLE_AZ")
    assert found[info] == 1.0
    quick.clock.at += CHANGE_SECONDS
    assert state(quick.collect("influxdb_instance")) == "available"
    aws.client("timestream-influxdb").update_db_instance(
        identifier=identifier, dbInstanceType="db.influx.large"
    )
    found = quick.collect("influxdb_instance")
    assert state(found) == "updating"
    large = ("influxdb_instance_info", NAME, "db.influx.large", "InfluxIOIncludedT1", "SINGLE_AZ")
    assert found[large] == 1.0
    assert info not in found


def test_metrics_become_clean_series(quick: Bench, aws: EmbeddedAws) -> None:
    """Percentages become ratios, counts add up over periods, what is absent stays absent."""
    create(aws)
    put(aws, "CPUUtilization", quick.clock.at - 300, 1.0)
    put(aws, "WriteTimeouts", quick.clock.at - 300, 1.0)
    quick.collect("influxdb_instance")
    for _ in range(3):
        put(aws, "CPUUtilization", quick.clock.at, 40.0, 60.0)
        put(aws, "WriteTimeouts", quick.clock.at, 2.0)
        quick.clock.at += 60
    newest = quick.clock.at - 60
    quick.clock.at += 2
    quick.restart()
    reading = quick.reading("influxdb_instance")
    found = values(reading)
    assert found["influxdb_cpu_utilization_ratio", NAME] == pytest.approx(0.5)
    assert found["influxdb_write_timeouts_total", NAME] == 6.0
    assert not [labels for labels in found if "disk" in labels[0] or "memory" in labels[0]]
    assert (reading.seen, reading.expected) == (2, 2)
    assert reading.newest == {NAME: newest}


def test_every_known_metric_is_shown_however_it_is_spelt(quick: Bench, aws: EmbeddedAws) -> None:
    """Spellings differ between sources; of two of the same metric one is read."""
    create(aws)
    at = quick.clock.at - 120
    for metric, value in (
        ("CpuUtilization", 10.0),
        ("memory_utilization", 20.0),
        ("DiskUtilization", 30.0),
        ("disk_utilization", 99.0),
        ("VolumeBytesUsed", 4096.0),
        ("heapMemoryUsage", 512.0),
        ("SeriesCardinality", 7.0),
        ("QueryRequestsTotal", 3.0),
        ("SomethingElse", 1.0),
    ):
        put(aws, metric, at, value)
    put(aws, "CPUUtilization", at, 77.0, bucket="energy_data")
    found = quick.collect("influxdb_instance")
    assert found["influxdb_cpu_utilization_ratio", NAME] == pytest.approx(0.1)
    assert found["influxdb_memory_utilization_ratio", NAME] == pytest.approx(0.2)
    assert found["influxdb_disk_utilization_ratio", NAME] == pytest.approx(0.3)
    assert found["influxdb_volume_used_bytes", NAME] == 4096.0
    assert found["influxdb_heap_bytes", NAME] == 512.0
    assert found["influxdb_series_cardinality", NAME] == 7.0
    assert found["influxdb_query_requests_total", NAME] == 0.0


def test_parse_reads_one_metric_for_each_series() -> None:
    """No two metrics become one series, and an unknown name becomes none."""
    views = parse(NAME, ("CPUUtilization", "CpuUtilization", "Unknown"))
    assert [view.name for view in views] == ["CPUUtilization"]


def test_instance_on_a_later_page(quick: Bench, aws: EmbeddedAws) -> None:
    """The instance is found among more than a page of others."""
    for number in range(55):
        create(aws, f"other-{number}")
    create(aws, storage=200)
    found = quick.collect("influxdb_instance")
    assert found["influxdb_instance_allocated_storage_bytes", NAME] == 200.0 * GIB
    assert arrived(aws)["timestream-influxdb", "ListDbInstances"] == 2


def test_missing_instance_is_named(quick: Bench, aws: EmbeddedAws) -> None:
    """An instance that AWS does not have is missing: no state, no class, nothing that is 0."""
    create(aws, "another")
    reading = quick.reading("influxdb_instance")
    assert (reading.series, reading.seen, reading.expected) == ((), 0, 2)
    assert (reading.missing, reading.newest) == ((NAME,), {NAME: None})


def test_instance_without_metrics_costs_coverage(quick: Bench, aws: EmbeddedAws) -> None:
    """A metric that never came is not a healthy zero: the reading is not whole."""
    create(aws)
    reading = quick.reading("influxdb_instance")
    assert (reading.seen, reading.expected) == (1, 2)
    assert state(values(reading)) == "creating"


def test_denied_call_fails_the_run(quick: Bench, aws: EmbeddedAws) -> None:
    """What AWS refuses is the collection's failure."""
    aws.front.fail(
        "timestream-influxdb", "ListDbInstances", code="AccessDeniedException", status=403
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        quick.collect("influxdb_instance")


def test_an_hour_of_runs_sends_what_is_declared(bench: Bench, aws: EmbeddedAws) -> None:
    """The state is asked for each time, values once a period, names once an hour."""
    bench.inventory = compressed(period=60.0, control_plane_every=60.0, lookback=900.0)
    create(aws)
    for metric in (
        "CPUUtilization",
        "MemoryUtilization",
        "DiskUtilization",
        "VolumeBytesUsed",
        "HeapMemoryUsage",
        "SeriesCardinality",
        "WriteTimeouts",
        "QueryRequestsTotal",
    ):
        put(aws, metric, bench.clock.at - 60, 1.0)
    bench.collect("influxdb_instance")
    before, billed = arrived(aws), bench.tally.bill().billed_metrics
    for _ in range(60):
        bench.clock.at += 60
        bench.collect("influxdb_instance")
    said = announced(bench.collectors["influxdb_instance"], bench.inventory)
    wanted = {call: 60 * number for call, number in said.items()}
    assert wanted == pytest.approx(dict(arrived(aws) - before))
    assert wanted == pytest.approx(
        {
            ("timestream-influxdb", "ListDbInstances"): 60,
            ("cloudwatch", "ListMetrics"): 1,
            ("cloudwatch", "GetMetricData"): 12,
        }
    )
    assert bench.tally.bill().billed_metrics - billed == 12 * 8
