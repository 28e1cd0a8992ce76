"""The embedded AWS, an InfluxDB stand-in, and a bench for single collectors."""

from __future__ import annotations

import secrets
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import requests

from inventory.limiter import Quota
from inventory.model import Inventory
from simulator.aws.server import EmbeddedAws
from simulator.influxdb import InfluxStandIn
from tests.exporter.permissions import noting
from tests.exporter.servers import Behave, Server
from tests.exporter.support import REGION, Bench, Clock, compressed, only, placed


@pytest.fixture(scope="session", autouse=True)
def noted() -> Iterator[None]:
    """Every call to AWS is noted with its permission."""
    with noting():
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_quotas() -> Iterator[None]:
    """Let the embedded AWS be asked as often as a test wants: it has no quotas."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("inventory.limiter.QUOTAS", {})
        patched.setattr("inventory.limiter.OTHERS", Quota(rate=1e6, burst=1e6, at_once=64))
        yield


@pytest.fixture
def clock() -> Clock:
    """A clock at noon UTC, a multiple of every period."""
    return Clock()


@pytest.fixture
def aws(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedAws]:
    """An empty embedded AWS."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "embedded")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    server = EmbeddedAws(REGION, clock.now).start()
    requests.post(f"{server.url}/moto-api/reset", timeout=10).raise_for_status()
    yield server
    # Its stores are its own: the next test need not wait until the socket is closed.
    threading.Thread(target=server.stop).start()


@pytest.fixture
def influx() -> Iterator[InfluxStandIn]:
    """An empty InfluxDB."""
    server = InfluxStandIn("energy_data", "made-up-token").start()
    yield server
    threading.Thread(target=server.stop).start()


@pytest.fixture
def bench(tmp_path: Path, clock: Clock, aws: EmbeddedAws) -> Iterator[Bench]:
    """Collectors over one function and the demo's periods."""
    inventory = only(compressed(), "lambda_router")
    made = Bench(f"sqlite:///{tmp_path / 'exporter.db'}", clock, inventory, aws.url)
    yield made
    made.store.close()


@pytest.fixture
def watched(influx: InfluxStandIn, alertmanager_url: str) -> Inventory:
    """The platform with short periods, the InfluxDB stand-in and a real Alertmanager."""
    return placed(compressed(), influx.url, alertmanager_url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database, of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'exporter.db'}"
    server: str = request.getfixturevalue("postgres_url")
    name = f"exporter_{secrets.token_hex(4)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"{server.rpartition('/')[0]}/{name}"


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Start servers; all are stopped at the end."""
    started: list[Server] = []

    def start(behave: Behave, tls: ssl.SSLContext | None = None) -> Server:
        started.append(Server(behave, tls))
        return started[-1]

    yield start
    for server in started:
        server.stop()
