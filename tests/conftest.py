"""What tests of several packages share: waiting, and a real PostgreSQL."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import requests

from simulator.processes import Child, free_port, program
from tests.exporter.permissions import Judge


def pytest_configure(config: pytest.Config) -> None:
    """Let the permissions that the exporter's tests use be noted, and judged at the end."""
    config.pluginmanager.register(Judge(config))


def wait_for(condition: Callable[[], object], seconds: float = 10) -> None:
    """Wait until ``condition()`` is true; fail the test after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"not so within {seconds:g} s")
        time.sleep(0.02)


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


def _unprivileged() -> int | None:
    # PostgreSQL refuses to run as root.
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry.pw_uid for entry in pwd.getpwall()}
    return known.get("postgres", known.get("nobody"))


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """URL of a PostgreSQL server of this session, empty at first; skips where none is installed."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed; run 'make setup'")
    user = _unprivileged()
    # Not pytest's own directory: another user could not enter it.
    root = Path(tempfile.mkdtemp(prefix="vigia-postgres-", dir="/tmp"))
    if user is not None:
        os.chown(root, user, -1)
    data, port = root / "data", free_port()
    subprocess.run(
        [programs / "initdb", "-D", data, "-U", "vigia", "-A", "trust", "-E", "UTF8", "--no-sync"],
        user=user,
        cwd=root,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    with (root / "log").open("wb") as log:
        server = subprocess.Popen(
            [
                *(programs / "postgres", "-D", data, "-p", str(port), "-k", root),
                *("-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"),
            ],
            user=user,
            cwd=root,
            stdout=log,
            stderr=log,
        )
    url = f"postgresql://vigia@127.0.0.1:{port}/postgres"
    try:
        wait_for(lambda: _answers(url), 30)
        yield url
    finally:
        # SIGINT: PostgreSQL's fast shutdown, which does not wait for clients.
        server.send_signal(signal.SIGINT)
        server.wait(20)
        shutil.rmtree(root, ignore_errors=True)


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


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
