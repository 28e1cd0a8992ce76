"""Several engines over one ledger: the work is shared, and nobody does another's."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
import yaml

from inventory.model import Inventory
from remediations.engine import Engine
from remediations.ledger import audit
from remediations.ledger.deliveries import Intent
from remediations.model import BY_HAND, Outcome, Run, State, Step
from simulator.aws.server import EmbeddedAws
from simulator.processes import Child, free_port
from tests.conftest import wait_for
from tests.remediations.rig import Clock, Rig
from tests.remediations.service import AUTH, TOKEN

ROOT = Path(__file__).resolve().parents[2]
GROUP = "/aws/lambda/structured_data_processor"


@pytest.fixture
def rigs(
    inventory: Inventory, clock: Clock, aws: EmbeddedAws, database_url: str, tmp_path: Path
) -> Iterator[list[Rig]]:
    """Three rigs over one ledger and one AWS."""
    made = [Rig(inventory, clock, aws, database_url, tmp_path) for _ in range(3)]
    for rig in made:
        # boto3 makes clients in one thread at a time only.
        for service in ("lambda", "logs"):
            rig._client(service)
    yield made
    for rig in made:
        rig.ledger.close()


def _ask_for_many(rig: Rig) -> int:
    """Open a run on each function and each log group; return how many."""
    wanted = [
        ("set_provisioned_concurrency", f.name, {"instances": 3}) for f in rig.inventory.functions
    ]
    wanted += [("set_log_retention", f.log_group, {"days": 3653}) for f in rig.inventory.functions]
    for action, target, params in wanted:
        rig.ledger.deliveries.ask(
            Intent(action, target, BY_HAND, "auto", params), "test", rig.clock.at
        )
    return len(wanted)


def test_engines_share_the_work(rigs: list[Rig]) -> None:
    """Three engines of two threads each act on ten targets: each once, and more than one works."""
    first, clock = rigs[0], rigs[0].clock
    for function in first.inventory.functions:
        first.aws.client("logs").put_retention_policy(
            logGroupName=function.log_group, retentionInDays=30
        )
    before = first.aws.front.count("logs", "PutRetentionPolicy")
    count = _ask_for_many(first)
    together = threading.Barrier(2)
    met: list[int] = []

    def watched(number: int, real: Any) -> Any:
        def writer(service: str) -> Any:
            # The first two engines that act wait for each other: one alone would wait in vain.
            if number not in met and len(met) < 2:
                met.append(number)
                together.wait(20)
            return real(service)

        return writer

    engines = []
    for number, rig in enumerate(rigs):
        rig.writer = watched(number, rig.writer)
        engines.append(Engine(rig.worker, rig.sender, owner=f"engine {number}", workers=2))
    for engine in engines:
        engine.start()

    def all_closed() -> bool:
        clock.forward(5)
        for engine in engines:
            engine.wake()
        return not first.ledger.facts.runs(open_only=True)

    try:
        wait_for(all_closed, 60)
    finally:
        for engine in engines:
            engine.stop()
    runs = first.ledger.facts.runs()
    assert [run.outcome for run in runs] == [Outcome.SUCCEEDED] * count
    assert first.aws.front.count("logs", "PutRetentionPolicy") - before == 5
    assert first.aws.front.count("lambda", "PutProvisionedConcurrencyConfig") == 6  # one is seeded
    assert all(first.audit_kinds(run.id).count("intent") == 1 for run in runs)
    with first.ledger.engine.connect() as connection:
        assert audit.broken_at(connection) is None


def _regressed(rig: Rig, *functions: str) -> None:
    for function in functions:
        rig.deploy(function)
    rig.clock.forward(120)
    rig.deliver(*(rig.alert(function) for function in functions))


def _step(rig: Rig) -> None:
    if not rig.step():
        rig.clock.forward(1)


def test_limits_hold_for_all_engines_together(
    rigs: list[Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two engines that look at the same moment, with one run allowed: one acts, one is held."""
    one, other = rigs[:2]
    limited = one.inventory.engine.model_copy(update={"runs_per_hour": 1})
    for rig in (one, other):
        rig.use(rig.inventory.model_copy(update={"engine": limited}))
    _regressed(one, "lambda_router", "influxdb_loader")
    real = one.ledger.runs.intend

    def late(*arguments: Any) -> tuple[Run, Step]:
        # Between this engine's guards and its intent, the other engine acts.
        monkeypatch.undo()
        while not any(run.intended_at for run in other.ledger.facts.runs()):
            _step(other)
        return real(*arguments)

    monkeypatch.setattr(one.ledger.runs, "intend", late)
    while not any(run.state is State.BLOCKED for run in one.ledger.facts.runs()):
        _step(one)
    states = {run.state: run.reason for run in one.ledger.facts.runs()}
    assert states == {State.RUNNING: None, State.BLOCKED: "rate"}
    assert one.aws.front.count("lambda", "UpdateAlias") == 1


def test_claims_do_not_wait_for_each_other(rigs: list[Rig]) -> None:
    """Whoever comes late to the run that has waited longest takes the next one at once."""
    one = rigs[0]
    count = _ask_for_many(one)
    start = threading.Barrier(3)

    def claim(rig: Rig, taken: list[str]) -> None:
        start.wait(10)
        while (run := rig.ledger.runs.claim("me", 60, one.clock.at)) is not None:
            taken.append(run.id)

    lists: list[list[str]] = [[], [], []]
    threads = [
        threading.Thread(target=claim, args=(rig, taken))
        for rig, taken in zip(rigs, lists, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = [run for each in lists for run in each]
    assert len(taken) == len(set(taken)) == count


@pytest.fixture
def processes(
    inventory: Inventory, fresh_postgres_url: str, tmp_path: Path
) -> Iterator[tuple[EmbeddedAws, dict[int, Child], str]]:
    """Two real services over one PostgreSQL, with a lease of two seconds; and the AWS of both."""
    document = yaml.safe_load((ROOT / "platform.yaml").read_text(encoding="utf-8"))
    document["engine"] |= {"lease": "2s", "sample_every": "1s"}
    config, token = tmp_path / "platform.yaml", tmp_path / "tokens"
    config.write_text(yaml.safe_dump(document), encoding="utf-8")
    token.write_text(f"{TOKEN}\n", encoding="utf-8")
    with ExitStack() as closing:
        aws = EmbeddedAws(inventory.aws.region, time.time).start()
        closing.callback(aws.stop)
        aws.client("logs").create_log_group(logGroupName=GROUP)
        children: dict[int, Child] = {}
        for number in range(2):
            port = free_port()
            child = Child(
                name=f"replica {number}",
                command=[
                    *(sys.executable, "-m", "vigia", "remediations", "serve"),
                    *("--config", str(config), "--database-url", fresh_postgres_url),
                    *("--web.listen-address", f"127.0.0.1:{port}"),
                ],
                log=tmp_path / f"replica{number}.log",
                ready_url=f"http://127.0.0.1:{port}/-/ready",
                environment={
                    "PYTHONPATH": str(ROOT),
                    "VIGIA_STATE_DIR": str(tmp_path / f"state{number}"),
                    "VIGIA_WEBHOOK_TOKEN_FILE": str(token),
                    "VIGIA_AWS_ENDPOINT_URL": aws.url,
                    "AWS_ACCESS_KEY_ID": "embedded",
                    "AWS_SECRET_ACCESS_KEY": "embedded",
                    "AWS_EC2_METADATA_DISABLED": "true",
                },
            )
            child.start()
            closing.callback(child.kill)
            children[port] = child
        for child in children.values():
            wait_for(child.is_ready, 60)
        yield aws, children, fresh_postgres_url


def _owner(url: str) -> int | None:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT lease_owner FROM runs WHERE state = 'running'").fetchone()
    return int(row[0].rpartition(":")[2]) if row and row[0] else None


def test_a_killed_process_is_replaced(
    processes: tuple[EmbeddedAws, dict[int, Child], str],
) -> None:
    """SIGKILL while AWS' answer is on its way: the other replica finds out; one effect."""
    aws, children, url = processes
    # AWS does it, and takes its time to say so.
    aws.front.fail("logs", "PutRetentionPolicy", times=1, after=True, delay=20, status=200)
    service = f"http://127.0.0.1:{next(iter(children))}/v1"
    asked = {"target": GROUP, "params": {"days": 30}, "by": "test"}
    opened = requests.post(
        f"{service}/actions/set_log_retention", json=asked, headers=AUTH, timeout=10
    )
    assert opened.status_code < 300, opened.text
    run = opened.json()["id"]

    def seen(port: int) -> dict[str, Any]:
        answer = requests.get(f"http://127.0.0.1:{port}/v1/runs/{run}", headers=AUTH, timeout=10)
        found: dict[str, Any] = answer.json()
        return found

    first = next(iter(children))
    wait_for(lambda: seen(first)["state"] == "awaiting_approval", 20)
    approval = {"plan_hash": seen(first)["plan_hash"], "by": "test"}

    def approved() -> bool:
        # Refused while a replica looks after the run: a person tries again.
        url_of = f"{service}/runs/{run}/approve"
        return requests.post(url_of, json=approval, headers=AUTH, timeout=10).ok

    wait_for(approved, 20)
    wait_for(lambda: aws.front.count("logs", "PutRetentionPolicy") == 1, 20)
    holder = _owner(url)
    (victim,) = (child for child in children.values() if child.pid == holder)
    os.kill(victim.pid, signal.SIGKILL)
    (survivor,) = (port for port, child in children.items() if child is not victim)
    wait_for(lambda: seen(survivor)["state"] == "closed", 30)
    assert seen(survivor)["outcome"] == "succeeded"
    assert aws.front.count("logs", "PutRetentionPolicy") == 1
