"""Who may say that an alert is over: Prometheus alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import requests

from remediations.action import UnavailableError
from remediations.alertmanager import Alertmanager
from remediations.ledger.switches import Switch
from remediations.model import Outcome, State
from remediations.presence import Presence, presence
from tests.conftest import wait_for
from tests.remediations.rig import Rig


@pytest.mark.parametrize(
    ("fires", "active", "expected"),
    [
        (True, False, Presence.THERE),
        (False, True, Presence.GONE),
        (None, True, Presence.THERE),
        (None, False, Presence.UNKNOWN),
        (None, None, Presence.UNKNOWN),
    ],
)
def test_whose_word_counts(
    regressed: Rig, *, fires: bool | None, active: bool | None, expected: Presence
) -> None:
    """Prometheus says whether it is there; without it Alertmanager can only say that it is."""
    metrics = regressed.metrics
    metrics.firing, metrics.away = bool(fires), fires is None
    metrics.active, metrics.alertmanager_away = bool(active), active is None
    regressed.deliver(regressed.alert())
    assert presence(regressed.run(), metrics, metrics) is expected


def test_resolved_in_an_outage_of_prometheus_ends_nothing(regressed: Rig) -> None:
    """Alertmanager ends by itself what is not sent for minutes: the run waits, and acts later."""
    alert = regressed.alert()
    regressed.deliver(alert)
    regressed.metrics.away, regressed.metrics.active = True, False
    regressed.deliver({**alert, "status": "resolved"})
    while regressed.step():
        pass
    run = regressed.run()
    assert (run.state, run.reason) == (State.BLOCKED, "alert_unconfirmed")
    regressed.metrics.away = False
    regressed.until(State.VERIFYING)
    assert regressed.version() == {"5": 1.0}


def test_resolved_that_prometheus_denies_ends_nothing(regressed: Rig) -> None:
    """While Prometheus still fires the alert, the repair goes on."""
    alert = regressed.alert()
    regressed.deliver(alert)
    regressed.deliver({**alert, "status": "resolved"})
    regressed.until(State.VERIFYING)
    assert regressed.version() == {"5": 1.0}


def test_what_is_over_is_not_kept_held(regressed: Rig) -> None:
    """A run behind the kill switch ends once its alert is said to be over and Prometheus agrees."""
    alert = regressed.alert()
    regressed.ledger.switches.set(
        Switch.PAUSE, engaged=True, by="ana", reason="", now=regressed.clock.at
    )
    regressed.deliver(alert)
    regressed.step()
    assert regressed.run().state is State.BLOCKED
    regressed.metrics.firing = False
    regressed.deliver({**alert, "status": "resolved"})
    assert regressed.step()
    run = regressed.run()
    assert (run.outcome, run.reason) == (Outcome.CANCELLED, "alert_resolved")


def test_alertmanager_holds_what_it_was_sent_until_its_end(alertmanager: str) -> None:
    """A real Alertmanager: an alert is active by its fingerprint, and not after its end."""
    asked = Alertmanager(alertmanager)
    now = datetime.now(UTC)
    alert = {"labels": {"alertname": "Presence"}, "startsAt": now.isoformat()}
    asked.post([{**alert, "endsAt": (now + timedelta(hours=1)).isoformat()}])
    (held,) = (
        one
        for one in requests.get(f"{alertmanager}/api/v2/alerts", timeout=5).json()
        if one["labels"]["alertname"] == "Presence"
    )
    assert asked.is_active(held["fingerprint"])
    assert not asked.is_active("0" * 16)
    asked.post([{**alert, "endsAt": (now + timedelta(milliseconds=1)).isoformat()}])
    wait_for(lambda: not asked.is_active(held["fingerprint"]), 10)


def test_alertmanager_that_is_away_says_nothing() -> None:
    """No answer is no denial."""
    with pytest.raises(UnavailableError):
        Alertmanager("http://127.0.0.1:9").is_active("0" * 16)
