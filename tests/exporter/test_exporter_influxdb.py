"""The InfluxDB collector against the stand-in."""

from __future__ import annotations

import time

import pytest

from exporter.collector import CollectError, Reason
from exporter.samples import AgeOf, HistogramValue
from inventory.model import Inventory
from simulator.influxdb import InfluxStandIn
from tests.exporter.support import Bench, compressed

BUCKET = "energy_data"
LATENCY = ("influxdb_write_latency_seconds", BUCKET)
QUERY = ("influxdb_query_duration_seconds", BUCKET)


def errors(found: dict[tuple[str, ...], object]) -> dict[str, object]:
    """Return the write errors that are not zero, by reason."""
    return {
        labels[2]: value
        for labels, value in found.items()
        if labels[0] == "influxdb_write_errors_total" and value
    }


def pointed_at(url: str, **collection: float) -> Inventory:
    """Return an inventory whose database is at ``url``."""
    inventory = compressed(**collection)
    there = {"url": url, "metrics_url": f"{url}/metrics"}
    database = inventory.influxdb.model_copy(update=there)
    return inventory.model_copy(update={"influxdb": database})


@pytest.fixture
def database(bench: Bench, influx: InfluxStandIn) -> InfluxStandIn:
    """The stand-in, known to the bench."""
    bench.inventory = pointed_at(influx.url)
    return influx


def test_canary_freshness_and_count(bench: Bench, database: InfluxStandIn) -> None:
    """A healthy database is up, timed, fresh and counted without our own canary."""
    at = time.time() - 60
    for measurement in ("generation", "load"):
        database.write(measurement, {"plant": "a"}, {"mw": 1.5}, at)
    bench.collect("influxdb")
    reading = bench.reading("influxdb")
    found = bench.collect("influxdb")
    assert found["influxdb_up", BUCKET] == 1.0
    latency = found[LATENCY]
    assert isinstance(latency, HistogramValue)
    assert latency.count == 3
    assert latency.cumulative == tuple(sorted(latency.cumulative))
    age = found["influxdb_record_age_seconds", BUCKET, "generation"]
    assert isinstance(age, AgeOf)
    assert age.timestamp == pytest.approx(at, abs=0.01)
    assert ("influxdb_record_age_seconds", BUCKET, "transmission") not in found
    assert found["influxdb_records_24h", BUCKET] == 2.0
    assert errors(found) == {}
    assert (reading.seen, reading.expected) == (5, 5)


def test_histogram_survives_a_restart(bench: Bench, database: InfluxStandIn) -> None:
    """Counts go on where they were, and slow writes reach the slow buckets."""
    bench.collect("influxdb")
    database.write_delay = lambda: 0.3
    bench.restart()
    latency = bench.collect("influxdb")[LATENCY]
    assert isinstance(latency, HistogramValue)
    assert latency.count == 2
    assert latency.sum >= 0.3
    assert latency.cumulative[5] == 1


def test_slow_query_is_timed_by_itself(bench: Bench, database: InfluxStandIn) -> None:
    """The read-back's duration reaches its bucket, the write's does not, and both survive."""
    bench.inventory = pointed_at(database.url, influxdb_deadline=20.0)
    database.query_delay = lambda: 1.1
    bench.collect("influxdb")
    database.query_delay = lambda: 0.0
    bench.restart()
    found = bench.collect("influxdb")
    query, write = found[QUERY], found[LATENCY]
    assert isinstance(query, HistogramValue)
    assert isinstance(write, HistogramValue)
    assert (query.count, write.count) == (2, 2)
    assert query.sum >= 1.1
    # Up to a second.
    assert query.cumulative[7] == 1
    assert write.cumulative[7] == 2


def test_unanswered_query_has_no_duration(bench: Bench, database: InfluxStandIn) -> None:
    """A query beyond its share of the patience is no duration, and the database is not up."""
    bench.inventory = pointed_at(database.url, influxdb_deadline=0.8)
    database.query_delay = lambda: 0.5
    found = bench.collect("influxdb")
    query = found[QUERY]
    assert isinstance(query, HistogramValue)
    assert query.count == 0
    assert found["influxdb_up", BUCKET] == 0.0


def test_state_from_before_queries_were_timed_goes_on(
    bench: Bench, database: InfluxStandIn
) -> None:
    """A document that knows no queries keeps its writes."""
    bench.collect("influxdb")
    state = bench.store.of("influxdb")
    document = state.load()["canary"]
    del document["queries"]
    state.commit({"canary": document})
    found = bench.collect("influxdb")
    query, write = found[QUERY], found[LATENCY]
    assert isinstance(query, HistogramValue)
    assert isinstance(write, HistogramValue)
    assert (query.count, write.count) == (1, 2)


def test_write_that_takes_too_long_is_a_timeout(bench: Bench, database: InfluxStandIn) -> None:
    """A write beyond its deadline counts as an error and not as a duration."""
    bench.inventory = pointed_at(database.url, influxdb_deadline=0.4)
    database.write_delay = lambda: 1.5
    found = bench.collect("influxdb")
    assert found["influxdb_up", BUCKET] == 0.0
    assert errors(found) == {"timeout": 1.0}
    latency = found[LATENCY]
    assert isinstance(latency, HistogramValue)
    assert latency.count == 0


def test_refused_writes_are_told_apart(bench: Bench, database: InfluxStandIn) -> None:
    """Server errors, refusals and denials have their own reasons, and all survive a restart."""
    for status in (503, 422):
        database.fail_writes = status
        bench.collect("influxdb")
    database.fail_writes = None
    bench.token = "wrong"
    bench.restart()
    found = bench.collect("influxdb")
    assert found["influxdb_up", BUCKET] == 0.0
    assert errors(found) == {"server_error": 1.0, "rejected": 1.0, "denied": 1.0}


def test_database_that_is_gone_is_a_measurement(bench: Bench) -> None:
    """An unreachable database is up 0, not a failed collection."""
    gone = InfluxStandIn(BUCKET, "made-up-token")
    gone.stop()
    bench.inventory = pointed_at(gone.url)
    found = bench.collect("influxdb")
    assert found["influxdb_up", BUCKET] == 0.0
    assert errors(found) == {"unreachable": 1.0}
    assert ("influxdb_records_24h", BUCKET) not in found
    assert bench.collect("influxdb")["influxdb_write_errors_total", BUCKET, "unreachable"] == 2.0


def test_accepted_but_lost_write_is_noticed(bench: Bench, database: InfluxStandIn) -> None:
    """A write that cannot be read back is an error, though it was answered with success."""
    bench.collect("influxdb")
    database._append = lambda *_: None  # type: ignore[method-assign]  # a database that forgets
    found = bench.collect("influxdb")
    assert found["influxdb_up", BUCKET] == 0.0
    assert errors(found) == {"not_read_back": 1.0}


def test_missing_token_fails_the_run(bench: Bench, database: InfluxStandIn) -> None:
    """Our own missing secret is not blamed on the database."""

    def no_token() -> str:
        raise CollectError(Reason.CREDENTIALS, "no token")

    from dataclasses import replace  # noqa: PLC0415 used here alone

    context = replace(bench.context("influxdb"), influx_token=no_token)
    with pytest.raises(CollectError):
        bench.collectors["influxdb"].collect(context)
