"""What is delivered: parsed strictly, decided per alert, recorded, once."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.load import load_inventory
from remediations.app import all_actions
from remediations.intake import MalformedError, read_webhook
from remediations.ledger.deliveries import Delivery
from remediations.ledger.runs import LostLeaseError
from remediations.ledger.store import open_ledger
from remediations.model import Decision, Outcome, State
from tests.remediations.rig import FINGERPRINT, Rig

INVENTORY = load_inventory(Path(__file__).resolve().parents[2] / "platform.yaml")
ACTIONS = all_actions()


def test_same_delivery_twice_opens_one_run(rig: Rig) -> None:
    """A second delivery of the same alert is recorded as a duplicate and opens nothing."""
    alert = rig.alert()
    first, second = rig.deliver(alert)[0], rig.deliver(alert)[0]
    assert (first.decision, second.decision) == (Decision.ACCEPTED, Decision.DUPLICATE)
    assert second.run_id == first.run_id
    assert len(rig.ledger.facts.runs()) == 1


def test_what_is_not_identity_does_not_matter(rig: Rig) -> None:
    """Another groupKey, receiver, endsAt or annotation is still the same delivery."""
    rig.deliver(rig.alert())
    again = rig.alert(endsAt="2030-01-01T00:00:00Z", annotations={"summary": "other"})
    assert rig.deliver(again)[0].decision is Decision.DUPLICATE


def test_another_start_joins_the_open_run(rig: Rig) -> None:
    """The same trouble with another start does not open a second run on the target."""
    rig.deliver(rig.alert())
    receipt = rig.deliver(rig.alert(at=rig.clock.at + 5))[0]
    assert (receipt.decision, receipt.reason) == (Decision.DUPLICATE, "run_open")


def test_resolved_ends_what_prometheus_no_longer_fires(rig: Rig) -> None:
    """A resolved alert has its run looked at at once, and Prometheus' word ends it."""
    alert = rig.alert()
    rig.deliver(alert)
    rig.deliver({**alert, "status": "resolved"})
    rig.metrics.firing = False
    assert rig.step()
    run = rig.run()
    assert (run.state, run.outcome, run.reason) == (
        State.CLOSED,
        Outcome.CANCELLED,
        "alert_resolved",
    )


def test_resolved_fences_a_run_that_is_being_worked_on(rig: Rig) -> None:
    """A worker that holds the run when it is said to be over can no longer commit an intent."""
    rig.deploy()
    rig.clock.forward(120)
    alert = rig.alert()
    rig.deliver(alert)
    held = rig.ledger.runs.claim("worker", 60, rig.clock.at)
    assert held is not None
    rig.deliver({**alert, "status": "resolved"})
    with pytest.raises(LostLeaseError):
        rig.ledger.runs.move(held, State.BLOCKED, rig.clock.at, kind="test")
    rig.metrics.firing = False
    assert rig.step()
    assert rig.run().outcome is Outcome.CANCELLED
    assert rig.version() == {"6": 1.0}


@pytest.mark.parametrize(
    ("labels", "decision", "reason"),
    [
        ({"remediation": ""}, Decision.SUPPRESSED, "no_playbook"),
        ({"remediation": "rm -rf"}, Decision.REFUSED, "unknown_playbook"),
        ({"alertname": "Other"}, Decision.REFUSED, "alert_not_allowed"),
        ({"environment": "dev"}, Decision.REFUSED, "foreign_environment"),
        ({"function": ""}, Decision.REFUSED, "no_target"),
        ({"function": "somebody_elses"}, Decision.REFUSED, "foreign_target"),
        ({"function": "../../etc/passwd"}, Decision.REFUSED, "foreign_target"),
        ({"function": "lambda_router; reboot"}, Decision.REFUSED, "foreign_target"),
    ],
)
def test_a_label_cannot_reach_what_is_not_ours(
    rig: Rig, labels: dict[str, str], decision: Decision, reason: str
) -> None:
    """An alert that names no playbook, or a foreign target, opens no run and says why."""
    receipt = rig.deliver(rig.alert(labels=labels))[0]
    assert (receipt.decision, receipt.reason) == (decision, reason)
    assert rig.ledger.facts.runs() == []
    assert rig.ledger.facts.deliveries(FINGERPRINT)[0]["reason"] == reason


def _body(value: bytes) -> bytes:
    return (
        b'{"version": "4", "alerts": [{"status": "firing", "labels": {"a": '
        + value
        + b'}, "startsAt": "2026-01-01T00:00:00Z", "fingerprint": "ab"}]}'
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"[]",
        b'{"version": "3", "alerts": []}',
        b'{"version": "4"}',
        b'{"version": "4", "alerts": [{}]}',
        b'{"version": "4", "alerts": "all"}',
        b"[" * 100_000,
        _body(b'"\\ud800"'),
        _body(b"1"),
    ],
)
def test_malformed_bodies_are_refused_in_one_line(body: bytes) -> None:
    """A body that is not a version 4 webhook is refused with one line."""
    with pytest.raises(MalformedError) as caught:
        read_webhook(body, INVENTORY, ACTIONS)
    assert "\n" not in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
ALERTS = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["firing", "resolved"]) | JSON,
        "labels": st.dictionaries(
            st.sampled_from(["alertname", "remediation", "function", "environment", "x"]),
            st.text() | st.sampled_from(["rollback_function", "lambda_router"]),
        )
        | JSON,
        "startsAt": st.datetimes(timezones=st.timezones()).map(lambda d: d.isoformat()) | JSON,
        "fingerprint": st.from_regex(r"\A[0-9a-f]{1,64}\Z") | JSON,
    }
)


@given(st.lists(ALERTS, max_size=3), st.integers() | JSON)
def test_anything_is_refused_or_decided(alerts: list[Any], truncated: Any) -> None:
    """Whatever arrives is either refused as malformed or decided; a target is always ours."""
    body = json.dumps({"version": "4", "alerts": alerts, "truncatedAlerts": truncated}).encode()
    try:
        found, _ = read_webhook(body, INVENTORY, ACTIONS)
    except MalformedError:
        return
    for delivery in found:
        if delivery.intent is not None:
            assert delivery.intent.target in INVENTORY.playbook("rollback_function").targets


def _race(url: str, deliveries: list[Delivery]) -> list[str]:
    ledgers = [open_ledger(url) for _ in range(6)]
    barrier = threading.Barrier(len(ledgers))
    decisions: list[str] = []

    def deliver(number: int) -> None:
        barrier.wait()
        receipts = ledgers[number].deliveries.receive(deliveries, 0, 1.0)
        decisions.extend(receipt.decision.value for receipt in receipts)

    threads = [threading.Thread(target=deliver, args=(n,)) for n in range(len(ledgers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    runs = ledgers[0].facts.runs()
    for ledger in ledgers:
        ledger.close()
    assert len(runs) == 1
    return decisions


def test_simultaneous_deliveries_open_one_run(database_url: str) -> None:
    """The same alert from several Alertmanagers at once opens one run, on both databases."""
    body = {
        "version": "4",
        "alerts": [
            {
                "status": "firing",
                "labels": {
                    "alertname": "FunctionRegressedAfterDeploy",
                    "function": "lambda_router",
                    "remediation": "rollback_function",
                },
                "startsAt": "2026-01-01T00:00:00Z",
                "fingerprint": FINGERPRINT,
            }
        ],
    }
    deliveries, _ = read_webhook(json.dumps(body).encode(), INVENTORY, ACTIONS)
    decisions = _race(database_url, deliveries)
    assert sorted(decisions) == ["accepted"] + ["duplicate"] * 5
