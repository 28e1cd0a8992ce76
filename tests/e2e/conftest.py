"""The whole product in front of the embedded platform, started once for these tests."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulator.layout import url
from simulator.processes import Child, answers, free_port, program
from simulator.world import World
from tests.conftest import wait_for
from tests.e2e.driver import bad_deploy, run_on, value

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Everything running, with enough healthy history to compare with."""
    root = tmp_path_factory.mktemp("world") / "state"
    made = World(ROOT / "platform.yaml", root, auto_ports=True, tell=lambda _: None)
    made.start()
    try:
        second = _second_alertmanager(made)
        try:
            wait_for(lambda: value(made, f"sum({_INVOCATIONS})") >= 150, 120)
            yield made
        finally:
            second.stop()
    finally:
        made.stop()


_INVOCATIONS = "dataplatform_lambda_version_invocations_total"


REGRESSED = "lambda_router"


@dataclass(frozen=True)
class Regression:
    """A bad deployment that the product dealt with; ``first_failure`` in unix seconds."""

    first_failure: float
    run: dict[str, Any]


@pytest.fixture(scope="session")
def regression(world: World) -> Regression:
    """A bad deployment of one function, and the run that it led to, closed."""
    served = f'sum(increase({_INVOCATIONS}{{function="{REGRESSED}"}}[1m]))'
    wait_for(lambda: value(world, served) > 50, 90)
    injected = bad_deploy(world, REGRESSED)
    wait_for(lambda: injected.first_failure, 30)
    wait_for(lambda: run_on(world, REGRESSED).get("closed_at"), 240)
    return Regression(injected.first_failure or 0.0, run_on(world, REGRESSED))


def _second_alertmanager(world: World) -> Child:
    """Start another Alertmanager with the same configuration and let Prometheus tell both."""
    root, port = world.layout.root, free_port()
    child = Child(
        name="alertmanager-2",
        command=(
            program("prometheus-alertmanager", "alertmanager"),
            f"--config.file={root / 'alertmanager.yml'}",
            f"--storage.path={root / 'alertmanager-2'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
        ),
        log=world.layout.log("alertmanager-2"),
        ready_url=url(port) + "/-/ready",
    )
    child.start()
    wait_for(lambda: answers(child.ready_url), 30)
    path = root / "prometheus.yml"
    config = yaml.safe_load(path.read_text())
    targets = config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"]
    targets.append(f"127.0.0.1:{port}")
    path.write_text(yaml.safe_dump(config))
    world.children["prometheus"].signal(signal.SIGHUP)
    return child
