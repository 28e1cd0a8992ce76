"""What InfluxDB's server tells of itself: against the stand-in, and against misbehaving servers."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.collector import CollectError
from exporter.collectors.influxdb_server import Durations, Page, Record, fold, parse
from exporter.samples import HistogramValue, Value
from inventory.model import Inventory
from simulator.influxdb import InfluxStandIn
from simulator.processes import free_port
from tests.exporter.servers import Server, answer, dripping
from tests.exporter.support import Bench, compressed, values

Serve = Callable[..., Server]
NAME = "ons-influxdb-prod"
WRITES = ("influxdb_server_write_duration_seconds", NAME)
QUERIES = ("influxdb_server_query_duration_seconds", NAME)
URL = "http://influxdb/metrics"


def pointed_at(url: str, metrics_url: str | None, **collection: float) -> Inventory:
    """Return an inventory whose database, and its metrics, are there."""
    inventory = compressed(**{"probe_deadline": 10.0, **collection})
    database = inventory.influxdb.model_copy(update={"url": url, "metrics_url": metrics_url})
    return inventory.model_copy(update={"influxdb": database})


def look(bench: Bench, ahead: float = 0.0) -> dict[tuple[str, ...], Value]:
    """Collect ``ahead`` seconds from now; the stand-in's uptime follows the machine's time."""
    bench.clock.at = time.time() + ahead
    return bench.collect("influxdb_server")


def count(found: dict[tuple[str, ...], Value], key: tuple[str, ...]) -> float:
    """Return how many durations a histogram holds; its buckets must add up."""
    histogram = found[key]
    assert isinstance(histogram, HistogramValue)
    assert list(histogram.cumulative) == sorted(histogram.cumulative)
    assert histogram.cumulative[-1] <= histogram.count
    return histogram.count


@pytest.fixture
def server(bench: Bench, influx: InfluxStandIn) -> InfluxStandIn:
    """The stand-in, known to the bench with its metrics."""
    bench.inventory = pointed_at(influx.url, f"{influx.url}/metrics")
    return influx


def test_own_durations_are_passed_on(bench: Bench, server: InfluxStandIn) -> None:
    """Writes and queries of all clients and outcomes are summed from the first look on."""
    server.write("load", {}, {"mw": 1.0}, time.time())
    found = look(bench)
    assert (count(found, WRITES), count(found, QUERIES)) == (0, 0)
    server.write_delay = lambda: 0.3
    server.write("load", {}, {"mw": 1.0}, time.time())
    bench.collect("influxdb")
    server.fail_writes = 503
    bench.collect("influxdb")
    server.fail_writes = 422
    bench.collect("influxdb")
    reading = bench.reading("influxdb_server")
    found = values(reading)
    # The refused one (422) is not timed by influxd.
    assert count(found, WRITES) == 3
    assert count(found, QUERIES) >= 5
    writes = found[WRITES]
    assert isinstance(writes, HistogramValue)
    assert writes.sum >= 3 * 0.3
    assert (writes.cumulative[5], writes.cumulative[-1]) == (0.0, 3.0)
    assert found["influxdb_server_goroutines", NAME] == pytest.approx(
        threading.active_count(), abs=9
    )
    assert ("influxdb_server_heap_bytes", NAME) in found
    assert ("influxdb_server_open_fds", NAME) not in found
    assert (reading.seen, reading.expected) == (3, 3)


def test_listener_is_told_apart_from_metrics(bench: Bench, server: InfluxStandIn) -> None:
    """Each address has its own up; without an address for the metrics there is none for them."""
    found = look(bench)
    up = {labels[2]: v for labels, v in found.items() if labels[0] == "influxdb_listener_up"}
    assert up == {"health": 1.0, "ready": 1.0, "metrics": 1.0}
    bench.inventory = pointed_at(server.url, None)
    found = look(bench)
    assert {labels[2] for labels in found} == {"health", "ready"}


def test_server_that_is_down_is_a_measurement(bench: Bench) -> None:
    """Nobody listening is three zeros, no histogram that stands still, and no failed run."""
    url = f"http://127.0.0.1:{free_port()}"
    bench.inventory = pointed_at(url, f"{url}/metrics")
    reading = bench.reading("influxdb_server")
    assert set(values(reading).values()) == {0.0}
    assert len(reading.series) == 3
    assert (reading.seen, reading.expected) == (2, 3)


def test_restart_of_influxd_lowers_no_total(bench: Bench, server: InfluxStandIn) -> None:
    """After influxd began anew the totals go on, as they do after a restart of the exporter."""
    look(bench)
    for _ in range(3):
        server.write("load", {}, {"mw": 1.0}, time.time())
    assert count(look(bench), WRITES) == 3
    server.restart()
    server.write("load", {}, {"mw": 1.0}, time.time())
    bench.restart()
    assert count(look(bench), WRITES) == 4
    server.restart()
    for _ in range(5):
        server.write("load", {}, {"mw": 1.0}, time.time())
    # More than before the restart: only the uptime tells that the counters began anew.
    assert count(look(bench, 60), WRITES) == 9
    assert count(look(bench, 60), WRITES) == 9


def test_gap_hides_the_histogram_and_loses_nothing(bench: Bench, server: InfluxStandIn) -> None:
    """While the metrics are out of reach their series are absent; then they catch up."""
    look(bench)
    bench.inventory = pointed_at(server.url, f"{server.url}/nothing")
    found = look(bench)
    assert WRITES not in found
    assert found["influxdb_listener_up", NAME, "metrics"] == 0.0
    server.write("load", {}, {"mw": 1.0}, time.time())
    bench.inventory = pointed_at(server.url, f"{server.url}/metrics")
    assert count(look(bench), WRITES) == 1


@pytest.mark.parametrize("page", [b"<html></html>", b"", b"go_goroutines", b"go_goroutines -1"])
def test_page_that_is_no_metrics_hides_only_itself(bench: Bench, serve: Serve, page: bytes) -> None:
    """A listener that answers 200 with something else is up, shows nothing, costs coverage."""
    url = serve(answer(200, page)).url
    bench.inventory = pointed_at(url, f"{url}/metrics")
    reading = bench.reading("influxdb_server")
    assert set(values(reading).values()) == {1.0}
    assert (len(reading.series), reading.seen, reading.expected) == (3, 2, 3)


def test_cut_and_endless_pages_are_no_answers(bench: Bench, serve: Serve) -> None:
    """A page that ends before its end, or has none, is not read as a whole one."""
    page = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\ngo_goroutines 12"
    cut = serve(lambda connection, _head: connection.sendall(page))

    def endless(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while not cut.stopping.is_set():
            connection.sendall(b"go_goroutines 12\n" * 10_000)

    for url in (cut.url, serve(endless).url):
        bench.inventory = pointed_at(url, f"{url}/metrics", probe_deadline=20.0)
        assert set(bench.collect("influxdb_server").values()) == {0.0}


def test_dripping_answer_ends_with_the_patience(bench: Bench, serve: Serve) -> None:
    """A server that sends a byte now and then is given up, though it is never silent for long."""
    stopping = threading.Event()
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
    url = serve(dripping(head, lambda: stopping)).url
    bench.inventory = pointed_at(url, f"{url}/metrics", probe_deadline=0.4)
    started = time.monotonic()
    found = bench.collect("influxdb_server")
    assert time.monotonic() - started < 20
    stopping.set()
    assert set(found.values()) == {0.0}


HEAD = 'http_api_request_duration_seconds_bucket{method="POST",path="/api/v2/write"'


def test_other_bounds_are_refused() -> None:
    """Counts under bounds that are not ours cannot be shown under ours."""
    with pytest.raises(ValueError, match="other bounds"):
        parse(f'{HEAD},le="3"}} 1\n{HEAD},le="+Inf"}} 1\n')


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-1", "1" * 400, "x"])
def test_no_number_is_refused(value: str) -> None:
    """A count that is no finite, positive number is no count."""
    with pytest.raises(ValueError, match=r".+"):
        parse(f"go_goroutines {value}\n")


LINES = st.tuples(
    st.sampled_from(["go_goroutines", "go_goroutines{", "influxdb_uptime_seconds{", HEAD]),
    st.lists(
        st.sampled_from([',le="', '"', "}", "{", " ", "1", "\\", ",", "=", "#", "e", "+Inf"])
        | st.characters()
    ).map("".join),
).map("".join)


@given(st.text() | st.lists(LINES).map("\n".join))
def test_no_page_does_worse_than_be_refused(text: str) -> None:
    """Whatever a server answers, reading it raises ValueError or returns a page."""
    try:
        page = parse(text)
    except ValueError:
        return
    assert set(page.durations) == {"/api/v2/write", "/api/v2/query"}


def durations(total: float) -> Durations:
    """Return so many durations of a second."""
    return Durations((0.0,) * 7 + (total,) * 5, total)


@given(st.lists(st.tuples(st.integers(0, 50), st.booleans()), min_size=1, max_size=30))
def test_total_is_what_happened_whatever_restarts(steps: list[tuple[int, bool]]) -> None:
    """Over any order of requests and restarts the total is the number of requests since first."""
    now, began, own, happened = 1000.0, 900.0, 0.0, 0.0
    record: Record | None = None
    for requests_made, restarted in steps:
        if restarted:
            began, own = now + 1, 0.0
        now += 10
        own += requests_made
        happened += requests_made if record is not None else 0.0
        page = Page(
            {"/api/v2/write": durations(own), "/api/v2/query": durations(0)}, {}, now - began
        )
        before = record
        record = fold(record, page, URL, now)
        assert record.totals["/api/v2/write"] == durations(happened)
        assert before is None or before.totals["/api/v2/write"].sum <= happened


def test_another_server_begins_where_it_is_found() -> None:
    """Under another address the counters are another's: only what they grow by is added."""
    nothing = durations(0)
    page = Page({"/api/v2/write": durations(5), "/api/v2/query": nothing}, {})
    record = fold(fold(None, page, URL, 10.0), page, "http://other/metrics", 20.0)
    assert record.totals["/api/v2/write"] == nothing
    more = Page({"/api/v2/write": durations(7), "/api/v2/query": nothing}, {})
    assert fold(record, more, "http://other/metrics", 30.0).totals["/api/v2/write"] == durations(2)


def test_no_time_left_fails_the_run(bench: Bench, server: InfluxStandIn) -> None:
    """Without time nothing is asked, and nothing is called down."""
    bench.seconds = 0.0
    with pytest.raises(CollectError, match="no time left"):
        bench.collect("influxdb_server")
