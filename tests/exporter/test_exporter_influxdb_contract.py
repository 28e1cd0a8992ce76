"""What we rely on in InfluxDB, asked of the stand-in and of any real server.

The real one is that of INFLUXDB_URL, with INFLUXDB_TOKEN, INFLUXDB_ORG and INFLUXDB_BUCKET; the
tests write a few points of their own into that bucket. Without it they skip.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest
import requests
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException

from exporter.samples import AgeOf, HistogramValue, Value
from inventory.model import Inventory
from simulator.influxdb import InfluxStandIn
from tests.exporter.support import Bench, compressed

VARIABLES = ("INFLUXDB_URL", "INFLUXDB_TOKEN", "INFLUXDB_ORG", "INFLUXDB_BUCKET")


@dataclass(frozen=True)
class Server:
    """Where a server is, what lets one in, and a measurement that is nobody else's."""

    url: str
    token: str
    org: str
    bucket: str
    measurement: str

    def inventory(self, bucket: str | None = None) -> Inventory:
        """Return an inventory with this server, or another of its buckets."""
        inventory = compressed(influxdb_deadline=20.0, probe_deadline=10.0)
        database = inventory.influxdb.model_copy(
            update={
                "url": self.url,
                "org": self.org,
                "bucket": bucket or self.bucket,
                "measurements": (self.measurement,),
                "metrics_url": f"{self.url}/metrics",
            }
        )
        return inventory.model_copy(update={"influxdb": database})

    def write(self, line: str) -> None:
        """Write a line as any program of the platform would."""
        with closing(InfluxDBClient(self.url, token=self.token, org=self.org)) as client:
            client.write_api(write_options=SYNCHRONOUS).write(self.bucket, record=line)


@pytest.fixture(params=["stand-in", "real"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The stand-in, and the real server that the environment names."""
    measurement = f"vigia_contract_{secrets.token_hex(4)}"
    if request.param == "stand-in":
        stand_in = InfluxStandIn("energy_data", "made-up-token").start()
        yield Server(stand_in.url, "made-up-token", "ons", "energy_data", measurement)
        stand_in.stop()
        return
    named = [os.environ.get(name, "") for name in VARIABLES]
    if not named[0]:
        pytest.skip("INFLUXDB_URL is not set")
    url, token, org, bucket = named
    yield Server(url.rstrip("/"), token, org, bucket, measurement)


@pytest.fixture
def contract(bench: Bench, server: Server) -> Bench:
    """A bench that looks at the server."""
    bench.inventory, bench.token = server.inventory(), server.token
    return bench


def failures(found: dict[tuple[str, ...], Value]) -> set[str]:
    """Return the reasons for which writes failed."""
    return {
        labels[2]
        for labels, value in found.items()
        if labels[0] == "influxdb_write_errors_total" and value
    }


def counted(value: Value) -> float:
    """Return how many durations a histogram holds."""
    assert isinstance(value, HistogramValue)
    return value.count


def test_canary_is_accepted_read_back_and_timed(contract: Bench, server: Server) -> None:
    """A write is accepted and the Flux query finds it, twice in a row."""
    contract.collect("influxdb")
    found = contract.collect("influxdb")
    assert found["influxdb_up", server.bucket] == 1.0
    assert failures(found) == set()
    assert counted(found["influxdb_write_latency_seconds", server.bucket]) == 2
    assert counted(found["influxdb_query_duration_seconds", server.bucket]) == 2


def test_freshness_and_count_are_found(contract: Bench, server: Server) -> None:
    """The newest record's age and the records of a day are those that were written."""
    server.write(f"{server.measurement},plant=a mw=1.5,hours=2i,state=true")
    found = contract.collect("influxdb")
    age = found["influxdb_record_age_seconds", server.bucket, server.measurement]
    assert isinstance(age, AgeOf)
    assert age.timestamp == pytest.approx(time.time(), abs=60)
    records = found["influxdb_records_24h", server.bucket]
    assert isinstance(records, float)
    assert records >= 3


def test_wrong_token_is_denied(contract: Bench, server: Server) -> None:
    """A token that the server does not know is a denial."""
    contract.token = "wrong"
    assert failures(contract.collect("influxdb")) == {"denied"}


def test_unknown_bucket_is_a_rejection(contract: Bench, server: Server) -> None:
    """A bucket that is not there rejects the write."""
    contract.inventory = server.inventory(bucket=f"nowhere-{secrets.token_hex(4)}")
    assert failures(contract.collect("influxdb")) == {"rejected"}


def test_malformed_line_is_refused(server: Server) -> None:
    """A line that is no point is answered 400."""
    with pytest.raises(ApiException) as caught:
        server.write(f"{server.measurement} mw=")
    assert caught.value.status == 400


def test_listener_answers_without_a_token(contract: Bench, server: Server) -> None:
    """Health and ready answer 200 to anybody."""
    for path in ("health", "ready"):
        assert requests.get(f"{server.url}/{path}", timeout=10).status_code == 200
    found = contract.collect("influxdb_server")
    up = {labels[2]: v for labels, v in found.items() if labels[0] == "influxdb_listener_up"}
    assert up == {"health": 1.0, "ready": 1.0, "metrics": 1.0}


def test_own_metrics_time_writes_and_queries(contract: Bench, server: Server) -> None:
    """The server's own histograms grow by what we send, and its runtime is told."""
    contract.clock.at = time.time()
    contract.collect("influxdb_server")
    contract.collect("influxdb")
    contract.clock.at = time.time()
    found = contract.collect("influxdb_server")
    instance = contract.inventory.influxdb.instance
    assert counted(found["influxdb_server_write_duration_seconds", instance]) >= 1
    assert counted(found["influxdb_server_query_duration_seconds", instance]) >= 1
    for name in ("goroutines", "heap_bytes"):
        value = found[f"influxdb_server_{name}", instance]
        assert isinstance(value, float)
        assert value > 0
