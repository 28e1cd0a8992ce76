"""What others need of us while something that we need is away: PostgreSQL, AWS, Prometheus."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from inventory.model import Inventory
from remediations.app import RemediationsApp
from remediations.asking import intent
from remediations.ledger import audit
from remediations.model import Outcome, State
from tests.conftest import wait_for
from tests.postgres import PostgresServer
from tests.remediations.rig import FINGERPRINT, Rig
from tests.remediations.service import AUTH, made
from tests.remediations.test_settings_actions import GROUP, retention


@pytest.fixture
def app(inventory: Inventory, fresh_postgres_url: str, tmp_path: Path) -> Iterator[RemediationsApp]:
    """The service on PostgreSQL, its engine at work; what was leased meanwhile is soon free."""
    engine = inventory.engine.model_copy(update={"lease": 2.0})
    hasty = inventory.model_copy(update={"engine": engine})
    service = made(hasty, tmp_path, VIGIA_DATABASE_URL=fresh_postgres_url)
    service.start()
    yield service
    service.stop()


def test_webhook_over_a_restart_of_postgresql(
    app: RemediationsApp, postgres: PostgresServer, rig: Rig
) -> None:
    """While PostgreSQL is down it is 503; afterwards the same process goes on, nothing is lost."""
    client = app.wsgi.test_client()
    first = rig.webhook(rig.alert())
    assert client.post("/v1/alerts", data=first, headers=AUTH).status_code == 202
    second = rig.webhook(rig.alert("influxdb_loader"))
    postgres.stop()
    try:
        assert client.post("/v1/alerts", data=second, headers=AUTH).status_code == 503
        assert client.get("/-/ready").status_code == 503
        assert client.get("/-/healthy").status_code == 200
    finally:
        postgres.start()
    assert client.post("/v1/alerts", data=second, headers=AUTH).status_code == 202
    again = client.post("/v1/alerts", data=first, headers=AUTH)
    assert (again.json or {})["duplicate"] == 1
    assert client.get("/-/ready").status_code == 200
    known = client.get(f"/v1/why/{FINGERPRINT}", headers=AUTH).json or {}
    assert [one["decision"] for one in known["deliveries"]] == ["accepted", "duplicate"]
    # The engine goes on too: with Prometheus and Alertmanager away it holds both runs, and says so.
    wait_for(
        lambda: [run.reason for run in app.ledger.facts.runs()] == ["alert_unconfirmed"] * 2, 20
    )


def test_a_storm_over_a_restart_loses_nothing(
    app: RemediationsApp, postgres: PostgresServer, rig: Rig
) -> None:
    """Senders that repeat what was not answered 202 have all of it on record in the end, once."""
    count = 60
    halfway = threading.Event()

    def deliver(number: int) -> int:
        body = rig.webhook(rig.alert(fingerprint=f"{number:016x}"))
        if number == count // 2:
            halfway.set()
        attempts = 1
        client = app.wsgi.test_client()
        while (status := client.post("/v1/alerts", data=body, headers=AUTH).status_code) != 202:
            assert status == 503
            attempts += 1
            threading.Event().wait(0.05)
        return attempts

    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(deliver, range(count))
        assert halfway.wait(20)
        postgres.stop()
        postgres.start()
        attempts = list(answers)
    assert max(attempts) > 1
    for number in range(count):
        # A commit whose answer was lost is repeated, and known to be a repetition.
        reasons = [one["reason"] for one in app.ledger.facts.deliveries(f"{number:016x}")]
        assert reasons[:1] in ([None], ["run_open"])
        assert set(reasons[1:]) <= {"delivered_before", "run_open"}
    assert len(app.ledger.facts.runs()) == 1
    with app.ledger.engine.connect() as connection:
        assert audit.broken_at(connection) is None


def test_aws_away_before_acting_holds_the_run(rig: Rig) -> None:
    """While AWS cannot be read nothing is sent: held, a human is called; it goes on afterwards."""
    rig.aws.front.fail("logs", "DescribeLogGroups", code="ServiceUnavailable", status=503)
    held = rig.ask("set_log_retention", GROUP, days=30)
    assert (held.state, held.reason) == (State.BLOCKED, "aws_error")
    rig.sender.send_due()
    assert rig.metrics.posted[0]["labels"]["outcome"] == "aws_error"
    assert rig.aws.front.count("logs", "PutRetentionPolicy") == 0
    rig.aws.front.heal()
    waiting = rig.until(State.AWAITING_APPROVAL)
    rig.ledger.runs.approve(waiting.id, str(waiting.plan_hash), "test", rig.clock.at)
    assert rig.end().outcome is Outcome.SUCCEEDED
    assert retention(rig) == 30


def test_aws_away_after_acting_is_no_success(rig: Rig) -> None:
    """What was done and cannot be looked at ends as inconclusive, and a human is called."""
    action = rig.worker.actions["set_log_retention"]
    wanted = intent(rig.inventory, action, GROUP, {"days": 30}, dry=False)
    rig.ledger.deliveries.ask(wanted, "test", rig.clock.at)
    waiting = rig.until(State.AWAITING_APPROVAL)
    rig.ledger.runs.approve(waiting.id, str(waiting.plan_hash), "test", rig.clock.at)
    rig.until(State.RUNNING, State.VERIFYING)
    rig.aws.front.fail("logs", "DescribeLogGroups", code="ServiceUnavailable", status=503)
    ended = rig.end()
    assert (ended.outcome, ended.reason) == (Outcome.INCONCLUSIVE, "aws_error")
    assert retention_after_healing(rig) == 30
    rig.sender.send_due()
    assert rig.metrics.posted[-1]["labels"]["outcome"] == "inconclusive"


def retention_after_healing(rig: Rig) -> int | None:
    """Return the group's real retention once AWS answers again."""
    rig.aws.front.heal()
    return retention(rig)


def test_prometheus_away_before_and_after(rig: Rig) -> None:
    """Blind before acting the run is held without a call; blind afterwards it is inconclusive."""
    rig.deploy()
    rig.clock.forward(120)
    rig.metrics.away = True
    rig.deliver(rig.alert())
    held = rig.until(State.BLOCKED)
    # Alertmanager still has the alert: only the measurements are missing.
    assert held.reason == "prometheus_unreachable"
    assert rig.aws.front.count("lambda", "UpdateAlias") == 0
    rig.metrics.away = False
    rig.until(State.VERIFYING)
    rig.metrics.away = True
    ended = rig.end()
    assert (ended.outcome, ended.reason) == (Outcome.INCONCLUSIVE, "no_evidence")
    assert rig.ledger.escalations.pending() == 2
