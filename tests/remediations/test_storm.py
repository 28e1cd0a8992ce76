"""A storm of alerts through the real server: nothing lost, nothing twice, nothing kept."""

from __future__ import annotations

import gc
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
import sqlalchemy as sa
import yaml
from sqlalchemy.exc import OperationalError

from bench import storm
from inventory.load import load_inventory
from inventory.model import Inventory
from remediations.app import RemediationsApp, all_actions
from remediations.intake import read_webhook
from remediations.ledger import audit
from remediations.ledger.deliveries import Delivery, Receipt
from remediations.ledger.schema import DELIVERIES, RUNS
from remediations.ledger.store import open_ledger
from remediations.model import Decision, State
from storage.database import write
from storage.group import GroupCommit
from tests.conftest import wait_for
from tests.remediations.service import AUTH, TOKEN, made
from web.address import Address
from web.server import WebServer

ROOT = Path(__file__).resolve().parents[2]
DISTINCT, REPEATED, COPIES = 2000, 100, 20


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Inventory:
    """The platform with so many functions that each repeated alert asks for a run of its own."""
    document = yaml.safe_load((ROOT / "platform.yaml").read_text(encoding="utf-8"))
    path = tmp_path_factory.mktemp("wide") / "platform.yaml"
    path.write_text(yaml.safe_dump(storm.platform(document, REPEATED)), encoding="utf-8")
    return load_inventory(path)


@pytest.fixture
def app(wide: Inventory, tmp_path: Path) -> Iterator[RemediationsApp]:
    """The service for all those functions, its engine at work."""
    service = made(wide, tmp_path)
    service.start()
    yield service
    service.stop()


def _column(app: RemediationsApp, column: sa.ColumnElement[str]) -> list[str]:
    with app.ledger.engine.connect() as connection:
        return [str(row[0]) for row in connection.execute(sa.select(column))]


def test_storm_is_recorded_whole_and_each_intent_opens_once(app: RemediationsApp) -> None:
    """4,000 deliveries from 8 senders at once: each on record, each intent one run, no residue."""
    server = WebServer(app.wsgi, Address("127.0.0.1", 0)).start()
    port = urlsplit(server.url).port or 0
    try:
        bodies = storm.storm(DISTINCT, REPEATED, COPIES, together=5)
        sent = storm.send(port, TOKEN, bodies, senders=8)
        assert requests.get(f"{server.url}/v1/runs", headers=AUTH, timeout=5).ok
    finally:
        server.stop()
    assert (sent.refused, len(sent.seconds)) == ([], len(bodies))
    fingerprints = _column(app, DELIVERIES.c.fingerprint)
    assert len(fingerprints) == DISTINCT + REPEATED * COPIES
    assert len(set(fingerprints)) == DISTINCT + REPEATED
    targets = _column(app, RUNS.c.target)
    assert sorted(targets) == [f"function_{number:03d}" for number in range(REPEATED)]
    decisions = app.ledger.facts.decisions()
    assert decisions == {
        "suppressed": DISTINCT,
        "accepted": REPEATED,
        "duplicate": REPEATED * (COPIES - 1),
    }
    with audit.snapshot(app.ledger.engine) as connection:
        assert audit.broken_at(connection) is None
    gc.collect()
    assert [one for one in gc.get_objects() if isinstance(one, Delivery | Receipt)] == []


def test_webhooks_that_race_are_not_lost_on_either_database(
    database_url: str, wide: Inventory
) -> None:
    """Replicas that receive the same alerts in opposite order neither deadlock nor repeat a run."""
    actions = all_actions()
    alerts = [storm.alert(number, f"function_{number:03d}") for number in range(20)]
    bodies = [storm.webhook(alerts), storm.webhook(alerts[::-1])]
    replicas = [open_ledger(database_url) for _ in bodies]
    found = [read_webhook(body, wide, actions)[0] for body in bodies]
    receipts: list[Receipt] = []

    def receive(number: int) -> None:
        receipts.extend(replicas[number].deliveries.receive(found[number], 1, 1.0))

    storm.at_once([lambda number=number: receive(number) for number in (0, 1)])
    runs = replicas[0].facts.runs()
    truncated = replicas[0].facts.count("truncated_alerts")
    for replica in replicas:
        replica.close()
    assert len(receipts) == 40
    assert sorted(run.target for run in runs) == sorted(f"function_{n:03d}" for n in range(20))
    assert truncated == 2


def test_one_that_cannot_be_committed_does_not_spoil_the_others() -> None:
    """When the database refuses a group, each of it is tried alone and hears its own answer."""
    groups: list[list[int]] = []

    def commit(items: list[int]) -> list[int]:
        groups.append(items)
        if 3 in items:
            raise OperationalError("made up", {}, ValueError("3"))
        return [item * 10 for item in items]

    group: GroupCommit[int, int] = GroupCommit(commit)  # type: ignore[arg-type]
    answers: dict[int, object] = {}

    def submit(item: int) -> None:
        try:
            answers[item] = group.submit(item)
        except OperationalError as error:
            answers[item] = error

    storm.at_once([lambda item=item: submit(item) for item in range(8)])
    assert isinstance(answers.pop(3), OperationalError)
    assert answers == {item: item * 10 for item in range(8) if item != 3}
    assert all(groups)


def test_resolved_in_the_same_group_loses_no_alert(wide: Inventory, tmp_path: Path) -> None:
    """Firing, resolved and firing anew in one transaction: the second joins the first's run."""
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    first = storm.alert(1, "function_001")
    again = {**storm.alert(2, "function_001"), "fingerprint": first["fingerprint"]}
    body = storm.webhook([first, {**first, "status": "resolved"}, again])
    found, _ = read_webhook(body, wide, all_actions())
    receipts = ledger.deliveries.receive(found, 0, 1.0)
    (run,) = ledger.facts.runs()
    assert [receipt.decision for receipt in receipts] == [
        Decision.ACCEPTED,
        Decision.ACCEPTED,
        Decision.DUPLICATE,
    ]
    assert (receipts[2].run_id, run.state) == (run.id, State.READY)
    assert [one.starts_at for one in ledger.facts.joined(run)] == [found[2].starts_at]
    with write(ledger.engine) as connection:
        assert audit.broken_at(connection) is None
    ledger.close()


def test_the_engine_holds_back_while_webhooks_come_in(wide: Inventory, tmp_path: Path) -> None:
    """Recording goes first: for a moment after each webhook the ledger says that it is busy."""
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    assert not ledger.deliveries.busy()
    ledger.deliveries.receive([], 0, 1.0)
    assert ledger.deliveries.busy()
    wait_for(lambda: not ledger.deliveries.busy(), 5)
    ledger.close()


def test_sick_targets_are_judged_by_their_newest_episode(wide: Inventory, tmp_path: Path) -> None:
    """An old episode's end that arrives late does not make a newly sick target look healthy."""
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    old, new = (storm.alert(number, "function_001") for number in (1, 50))
    new["fingerprint"] = old["fingerprint"]

    def deliver(alert: dict[str, object], at: float) -> set[str]:
        found, _ = read_webhook(
            json.dumps({"version": "4", "alerts": [alert]}).encode(), wide, all_actions()
        )
        ledger.deliveries.receive(found, 0, at)
        return ledger.facts.sick_targets(0.0)

    assert deliver(old, 1.0) == {"function_001"}
    assert deliver(new, 2.0) == {"function_001"}
    assert deliver({**old, "status": "resolved"}, 3.0) == {"function_001"}
    assert deliver({**new, "status": "resolved"}, 4.0) == set()
    ledger.close()


def test_a_defect_in_a_commit_is_told_to_all_of_its_group() -> None:
    """Nobody waits for ever and nobody is told that it was committed; the next one works."""
    entered, release = threading.Event(), threading.Event()

    def commit(items: list[str]) -> list[str]:
        if items == ["first"]:
            entered.set()
            release.wait(10)
        if "bad" in items:
            raise ZeroDivisionError
        return items

    group: GroupCommit[str, str] = GroupCommit(commit)  # type: ignore[arg-type]
    with ThreadPoolExecutor() as pool:
        first = pool.submit(group.submit, "first")
        assert entered.wait(5)
        others = [pool.submit(group.submit, item) for item in ("bad", "good")]
        wait_for(lambda: len(group._waiting) == 2)
        release.set()
        assert first.result(5) == "first"
        errors = {type(one.exception(5)) for one in others}
    assert errors == {ZeroDivisionError, RuntimeError}
    assert group.submit("next") == "next"
