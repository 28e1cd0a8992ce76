"""What tests of several packages share: waiting, and a real PostgreSQL."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from simulator.processes import Child, free_port, program
from tests.exporter.permissions import Judge
from tests.postgres import PostgresServer, programs
from tests.remediations.permissions import ActionsJudge


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let pictures be kept, as the documentation's are."""
    parser.addoption("--screenshots", type=Path, metavar="DIR", help="where pictures are written")


@pytest.fixture
def pictures(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Where pictures go: away with the test, unless ``--screenshots`` says otherwise."""
    kept: Path | None = request.config.getoption("--screenshots")
    return kept or tmp_path


def pytest_configure(config: pytest.Config) -> None:
    """Let the permissions that the tests use be noted, and judged at the end."""
    config.pluginmanager.register(Judge(config))
    config.pluginmanager.register(ActionsJudge(config))


def wait_for(condition: Callable[[], object], seconds: float = 10) -> None:
    """Wait until ``condition()`` is true; fail the test after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"not so within {seconds:g} s")
        time.sleep(0.02)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this session; skips where none is installed."""
    if programs() is None:
        pytest.skip("PostgreSQL is not installed; run 'make setup'")
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_url(postgres: PostgresServer) -> str:
    """URL of that server's database, empty at first."""
    return postgres.url


@pytest.fixture(scope="session")
def alertmanager_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a real Alertmanager of this session, which tells nobody anything."""
    root = tmp_path_factory.mktemp("alertmanager")
    config = root / "alertmanager.yml"
    config.write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n", "utf-8")
    url = f"http://127.0.0.1:{free_port()}"
    server = Child(
        name="alertmanager",
        command=(
            program("prometheus-alertmanager", "alertmanager"),
            f"--config.file={config}",
            f"--storage.path={root / 'data'}",
            f"--web.listen-address={url.removeprefix('http://')}",
            "--cluster.listen-address=",
        ),
        log=root / "log",
        ready_url=f"{url}/-/ready",
    )
    server.start()
    try:
        wait_for(server.is_ready, 30)
        yield url
    finally:
        server.stop()


@pytest.fixture
def alertmanager(alertmanager_url: str) -> Iterator[str]:
    """URL of the Alertmanager; the silences of the test are gone after it."""
    yield alertmanager_url
    for silence in requests.get(f"{alertmanager_url}/api/v2/silences", timeout=5).json():
        if silence["status"]["state"] != "expired":
            identity = silence["id"]
            requests.delete(f"{alertmanager_url}/api/v2/silence/{identity}", timeout=5)
