"""Driving a world and asking what became of it."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import requests

from simulator.aws.metric_store import Identity
from simulator.faults import BadDeploy, Injected
from simulator.world import World
from tests.conftest import wait_for


def value(world: World, expression: str) -> float:
    """Return the one value of a query, 0 where there is none."""
    found = world.observer.query(expression)
    return float(found[0]["value"][1]) if found else 0.0


def token(world: World) -> dict[str, str]:
    """Return the header that the service asks for."""
    secret = world.layout.webhook_token.read_text().split()[0]
    return {"Authorization": f"Bearer {secret}"}


def ask(world: World, path: str) -> Any:
    """Return the service's answer to a GET."""
    answer = requests.get(world.addresses.remediations + path, headers=token(world), timeout=10)
    answer.raise_for_status()
    return answer.json()


def run_on(world: World, target: str) -> dict[str, Any]:
    """Return the first run on a target; empty before there is one."""
    runs = [run for run in world.observer.runs() if run["target"] == target]
    return runs[0] if runs else {}


def bad_deploy(world: World, function: str) -> Injected:
    """Deploy a version of ``function`` that fails 35 % of its invocations."""
    return world.faults.inject(BadDeploy(kind="bad_deploy", function=function, error_share=0.35))


def truth(world: World, metric: str, function: str) -> float:
    """Return all that CloudWatch holds of a function's metric."""
    identity = Identity.of("AWS/Lambda", metric, {"FunctionName": function})
    return sum(
        count for _, count in world.aws.metrics.statistic(identity, "Sum", 5, 0, time.time() + 60)
    )


def exported(world: World) -> dict[str, float]:
    """Return every counter sample of the exporter, read from itself."""
    text = requests.get(world.addresses.exporter + "/metrics", timeout=10).text
    found = {}
    for line in text.splitlines():
        name = line.split("{")[0].split(" ")[0]
        if name.startswith("dataplatform_") and name.endswith(("_total", "_count", "_sum")):
            sample, _, number = line.rpartition(" ")
            found[sample] = float(number)
    return found


def quiet(world: World) -> None:
    """Stop the traffic and wait until the exporter has counted all of it."""
    world.workload.pause()
    last: dict[str, float] = {}
    since = time.monotonic()

    def settled() -> bool:
        nonlocal last, since
        now = {k: v for k, v in exported(world).items() if "lambda" in k or "log_events" in k}
        if now != last:
            last, since = now, time.monotonic()
        return time.monotonic() - since > 15

    wait_for(settled, 90)


def updates(world: World, function: str) -> int:
    """Return how often UpdateAlias reached AWS for ``function``."""
    return sum(
        1
        for seen in list(world.aws.front.seen)
        if seen.operation == "UpdateAlias" and seen.resource.split("/")[-3] == function
    )


def iso(at: float) -> str:
    """Return unix seconds as Alertmanager writes them."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{round(at % 1 * 1000):03d}Z"


def demo_command(root: Path, *options: str) -> list[str]:
    """Return the command line of a demo on free ports."""
    return [
        *(sys.executable, "-m", "vigia", "demo", "--ports", "auto"),
        *("--state-dir", str(root), *options),
    ]


def left_running(root: Path) -> list[str]:
    """Return the command line of every process that names the state directory."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            environment = (entry / "environ").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(root) in command or str(root) in environment:
            found.append(command)
    return found
