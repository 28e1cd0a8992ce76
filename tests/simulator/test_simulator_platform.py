"""``vigia platform serve`` as somebody without an account runs it, with the product before it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from inventory.load import load_inventory
from simulator.layout import DEMO_OVERLAY
from simulator.platform import Platform
from simulator.processes import Child, free_port
from tests.conftest import wait_for
from tests.e2e.driver import left_running
from web.address import Address

ROOT = Path(__file__).resolve().parents[2]
VIGIA = (sys.executable, "-m", "vigia")


@dataclass(frozen=True)
class Served:
    """A platform that runs as its own process, and the environment of a Vigia before it."""

    child: Child
    aws: str
    environment: dict[str, str]


@pytest.fixture
def served(tmp_path: Path, alertmanager_url: str) -> Iterator[Served]:
    """The platform served on free ports, under time as compressed as in the demo."""
    aws, influxdb = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    # By name, as in a network of containers, where a bucket has no host name of its own.
    url = f"http://localhost:{aws.rpartition(':')[2]}"
    overlay: dict[str, Any] = yaml.safe_load(DEMO_OVERLAY.read_text(encoding="utf-8"))
    overlay["influxdb"] = {
        "url": f"http://{influxdb}",
        "metrics_url": f"http://{influxdb}/metrics",
    }
    (api,) = load_inventory(ROOT / "platform.yaml").apis
    overlay["apis"] = [{"name": api.name, "stage": api.stage, "health_url": f"{url}/health"}]
    overlay["alerting"]["alertmanager_url"] = alertmanager_url
    (tmp_path / "overlay.yaml").write_text(yaml.safe_dump(overlay), encoding="utf-8")
    (tmp_path / "token").write_text("made-up", encoding="utf-8")
    environment = {
        "VIGIA_CONFIG": str(ROOT / "platform.yaml"),
        "VIGIA_CONFIG_OVERLAY": str(tmp_path / "overlay.yaml"),
        "VIGIA_STATE_DIR": str(tmp_path / "state"),
        "VIGIA_INFLUXDB_TOKEN_FILE": str(tmp_path / "token"),
        "VIGIA_AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "made-up",
        "AWS_SECRET_ACCESS_KEY": "made-up",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    child = Child(
        name="platform",
        command=(
            *(*VIGIA, "platform", "serve", "--web.listen-address", aws),
            *("--influxdb.listen-address", influxdb),
        ),
        log=tmp_path / "platform.log",
        ready_url=f"http://{aws}/-/healthy",
        environment=environment,
    )
    child.start()
    try:
        wait_for(child.is_ready, 60)
        yield Served(child, url, environment)
    finally:
        child.stop()


def samples(url: str) -> dict[str, float]:
    """Return an exporter's samples."""
    lines = requests.get(f"{url}/metrics", timeout=10).text.splitlines()
    pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in pairs}


def test_it_passes_the_check_and_is_collected(served: Served, tmp_path: Path) -> None:
    """The check finds all there, traffic reaches every KPI, and SIGTERM leaves no process."""
    check = subprocess.run(
        [*VIGIA, "check"],
        cwd=ROOT,
        env={**os.environ, **served.environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert check.returncode == 0, check.stdout + check.stderr
    address = f"127.0.0.1:{free_port()}"
    exporter = Child(
        name="exporter",
        command=(*VIGIA, "exporter", "--web.listen-address", address),
        log=tmp_path / "exporter.log",
        ready_url=f"http://{address}/-/ready",
        environment=served.environment,
    )
    exporter.start()
    try:
        wait_for(exporter.is_ready, 60)

        def grows() -> bool:
            found = samples(f"http://{address}")
            api = '{api="ons-data-platform-api",stage="prod"}'
            return all(
                found.get(name, 0) > 0
                for name in (
                    'dataplatform_log_events_total{event="processed",function="lambda_router"}',
                    'dataplatform_lambda_invocations_total{function="lambda_router"}',
                    f"dataplatform_api_probe_up{api}",
                    'dataplatform_influxdb_write_latency_seconds_count{bucket="energy_data"}',
                )
            )

        wait_for(grows, 60)
    finally:
        exporter.stop()
    pid = served.child.pid
    os.kill(pid, signal.SIGTERM)
    ended, status = 0, 0
    deadline = time.monotonic() + 10
    while not ended and time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
    assert (ended, os.waitstatus_to_exitcode(status)) == (pid, 0)
    assert left_running(tmp_path) == []


def test_nobody_resets_it_unsigned(served: Served) -> None:
    """What is not signed is refused but for the two health pages."""
    for method, path in (("POST", "/moto-api/reset"), ("GET", "/moto-api/"), ("PUT", "/bucket")):
        answer = requests.request(method, served.aws + path, timeout=10)
        assert answer.status_code == 403, path
    assert requests.get(f"{served.aws}/health", timeout=10).status_code == 200


def test_it_is_unhealthy_without_traffic() -> None:
    """The health check fails once no traffic is made any more."""
    platform = Platform(
        load_inventory(ROOT / "platform.yaml"),
        *(Address("127.0.0.1", 0), Address("127.0.0.1", 0), "made-up", time.time),
    )
    try:
        platform.start()
        healthy = f"{platform.aws.url}/-/healthy"
        assert requests.get(healthy, timeout=10).status_code == 200
        platform.workload.stop()
        assert requests.get(healthy, timeout=10).status_code == 503
    finally:
        platform.stop()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--web.listen-address", ":9913"], "names no host"),
        ([], "VIGIA_INFLUXDB_TOKEN_FILE is not set"),
        (["taken"], "cannot listen: Address already in use"),
    ],
)
def test_wrong_usage_is_one_line(
    options: list[str], said: str, alertmanager_url: str, tmp_path: Path
) -> None:
    """What cannot be served is exit code 2 and one line, without a traceback."""
    (tmp_path / "token").write_text("made-up", encoding="utf-8")
    environment = {**os.environ, "VIGIA_INFLUXDB_TOKEN_FILE": str(tmp_path / "token")}
    if not options:
        del environment["VIGIA_INFLUXDB_TOKEN_FILE"]
    if options == ["taken"]:
        options = ["--web.listen-address", alertmanager_url.removeprefix("http://")]
    done = subprocess.run(
        [*VIGIA, "platform", "serve", *options],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
