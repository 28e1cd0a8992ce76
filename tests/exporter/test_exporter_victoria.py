"""The write path against a real server that is not ours: Debian's victoria-metrics.

It takes writes in line protocol and has no Flux, so that nothing is read back through it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from exporter.samples import HistogramValue
from simulator.processes import free_port
from tests.conftest import wait_for
from tests.exporter.support import Bench
from tests.exporter.test_exporter_influxdb import errors
from tests.exporter.test_exporter_influxdb_server import pointed_at

BUCKET, NAME = "energy_data", "ons-influxdb-prod"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a victoria-metrics of this module; skips where it is not installed."""
    program = shutil.which("victoria-metrics")
    if program is None:
        pytest.skip("victoria-metrics is not installed; run 'make setup'")
    root: Path = tmp_path_factory.mktemp("victoria")
    address = f"127.0.0.1:{free_port()}"
    with (root / "log").open("wb") as log:
        server = subprocess.Popen(
            [program, f"-storageDataPath={root / 'data'}", f"-httpListenAddr={address}"],
            stdout=log,
            stderr=log,
        )
    try:
        wait_for(lambda: _answers(f"http://{address}/health"), 30)
        yield f"http://{address}"
    finally:
        server.terminate()
        server.wait(20)


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).status_code == 200
    except requests.ConnectionError:
        return False


def stored(url: str, name: str) -> list[list[float]]:
    """Return the values of each series of that name, as the server itself exports them."""
    requests.get(f"{url}/internal/force_flush", timeout=10).raise_for_status()
    answer = requests.get(f"{url}/api/v1/export", {"match[]": name}, timeout=10)
    answer.raise_for_status()
    return [json.loads(line)["values"] for line in answer.text.splitlines()]


def test_canary_writes_are_accepted_and_stored(bench: Bench, url: str) -> None:
    """Every canary write is accepted and timed, and the server holds it as one series."""
    bench.inventory = pointed_at(url, None)
    for _ in range(3):
        found = bench.collect("influxdb")
    assert errors(found) == {}
    latency = found["influxdb_write_latency_seconds", BUCKET]
    assert isinstance(latency, HistogramValue)
    assert latency.count == 3
    # What was just written is found a moment later.
    wait_for(lambda: stored(url, "vigia_canary_sequence") == [[1, 2, 3]])
    # Without Flux nothing is read back: that is never called up, nor a duration.
    assert found["influxdb_up", BUCKET] == 0.0
    queries = found["influxdb_query_duration_seconds", BUCKET]
    assert isinstance(queries, HistogramValue)
    assert queries.count == 0
    assert not [labels for labels in found if labels[0] == "influxdb_record_age_seconds"]


def test_listener_and_runtime_are_read(bench: Bench, url: str) -> None:
    """A real Go server's runtime and descriptors are read; of influxd's histograms it has none."""
    bench.inventory = pointed_at(url, f"{url}/metrics")
    found = bench.collect("influxdb_server")
    assert found["influxdb_listener_up", NAME, "health"] == 1.0
    for name in ("goroutines", "heap_bytes", "open_fds"):
        value = found[f"influxdb_server_{name}", NAME]
        assert isinstance(value, float)
        assert value > 0
    writes = found["influxdb_server_write_duration_seconds", NAME]
    assert isinstance(writes, HistogramValue)
    assert writes.count == 0
