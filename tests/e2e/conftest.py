"""The whole product in front of the embedded platform, shared by the tests of a group."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from simulator.faults import Injected
from simulator.layout import url
from simulator.processes import Child, answers, free_port, program
from simulator.world import World
from tests.conftest import wait_for
from tests.e2e.driver import bad_deploy, run_on, value
from tests.e2e.worlds import Running, Worlds

REGRESSED = "lambda_router"
_INVOCATIONS = "dataplatform_lambda_version_invocations_total"


@dataclass(frozen=True)
class Regression:
    """A bad deployment that the product dealt with; ``first_failure`` in unix seconds."""

    first_failure: float
    run: dict[str, Any]


@pytest.fixture(scope="session")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    """What starts worlds, and ends the last one."""
    made = Worlds(tmp_path_factory.mktemp)
    yield made
    made.leave()


@pytest.fixture
def running(worlds: Worlds) -> Running:
    """The world of the loop, which tells two Alertmanagers."""
    return worlds.enter("loop", lambda world: _second_alertmanager(world).stop)


@pytest.fixture
def world(running: Running) -> World:
    """Everything running, with enough healthy history to compare with."""
    return running.world


@pytest.fixture
def deployed(running: Running) -> Injected:
    """A bad deployment of one function that has begun to fail; perhaps it was undone since."""
    if "deployed" not in running.kept:
        world = running.world
        served = f'sum(increase({_INVOCATIONS}{{function="{REGRESSED}"}}[1m]))'
        wait_for(lambda: value(world, served) > 50, 90)
        injected = bad_deploy(world, REGRESSED)
        running.kept["deployed"] = injected
        wait_for(lambda: injected.first_failure, 30)
    kept: Injected = running.kept["deployed"]
    return kept


@pytest.fixture
def regression(running: Running, deployed: Injected) -> Regression:
    """The bad deployment, and the run that it led to, closed."""
    if "regression" not in running.kept:
        world = running.world
        wait_for(lambda: run_on(world, REGRESSED).get("closed_at"), 240)
        found = Regression(deployed.first_failure or 0.0, run_on(world, REGRESSED))
        running.kept["regression"] = found
    kept: Regression = running.kept["regression"]
    return kept


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
