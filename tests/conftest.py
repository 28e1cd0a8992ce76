"""What tests of several packages share: waiting, and a real PostgreSQL."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from tests.exporter.permissions import Judge
from tests.postgres import PostgresServer, programs
from tests.remediations.permissions import ActionsJudge


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
