"""An alert that joined another's run is not forgotten when that run ends without acting."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from remediations.action import UnavailableError
from remediations.ledger import audit
from remediations.model import Decision, Outcome, Run, State
from remediations.pages.views import why_document
from tests.remediations.rig import Rig

SECOND, THIRD = "b" * 16, "c" * 16


@pytest.fixture
def rig(either_rig: Rig) -> Rig:
    """A rig on each kind of database, with a function that regressed."""
    either_rig.deploy()
    either_rig.clock.forward(120)
    return either_rig


def _other(rig: Rig, fingerprint: str, **labels: str) -> dict[str, Any]:
    return rig.alert(labels={"zone": fingerprint[0], **labels}, fingerprint=fingerprint)


def _fires(rig: Rig, judge: Callable[[Mapping[str, str]], bool]) -> None:
    rig.metrics.fires = judge  # type: ignore[method-assign]


def _only(*zones: str) -> Callable[[Mapping[str, str]], bool]:
    return lambda labels: labels.get("zone", "") in zones


def _first(rig: Rig, *joining: Mapping[str, Any]) -> Run:
    """Open a run and let others join it."""
    rig.deliver(rig.alert())
    first = rig.run()
    for alert in joining:
        rig.clock.forward(1)
        receipt = rig.deliver(alert)[0]
        assert (receipt.decision, receipt.run_id) == (Decision.DUPLICATE, first.id)
    return first


def _closed(rig: Rig, run: Run) -> Run:
    while (found := rig.ledger.runs.get(run.id)) and found.state is not State.CLOSED:
        assert rig.step()
    assert found is not None
    return found


def test_the_next_alert_inherits_and_acts(rig: Rig) -> None:
    """The first alert goes before the action: the one that joined it has the function repaired."""
    first = _first(rig, _other(rig, SECOND))
    _fires(rig, _only("b"))
    assert _closed(rig, first).reason == "alert_resolved"
    heir = rig.run()
    assert (heir.id != first.id, heir.fingerprint, heir.state) == (True, SECOND, State.READY)
    assert heir.alert["zone"] == "b"
    rig.until(State.VERIFYING)
    assert rig.version() == {"5": 1.0}
    with rig.ledger.engine.connect() as connection:
        opened = [row for row in audit.rows(connection, heir.id) if row["kind"] == "run_opened"]
        assert [row["after"] for row in opened] == [first.id]
        assert audit.broken_at(connection) is None


def test_those_that_still_wait_join_the_heir(rig: Rig) -> None:
    """Of three alerts the second inherits; when it goes too, the third does."""
    first = _first(rig, _other(rig, SECOND), _other(rig, THIRD))
    _fires(rig, _only("b", "c"))
    _closed(rig, first)
    second = rig.run()
    assert second.fingerprint == SECOND
    _fires(rig, _only("c"))
    rig.clock.forward(1)
    _closed(rig, second)
    assert rig.run().fingerprint == THIRD
    told = why_document(rig.ledger, THIRD, "en")
    assert told is not None
    assert [one["run_id"] for one in told["deliveries"]] == [rig.run().id]


def test_nobody_inherits_what_is_over_for_all(rig: Rig) -> None:
    """Where Prometheus fires none of them, no run is opened."""
    first = _first(rig, _other(rig, SECOND))
    _fires(rig, _only())
    _closed(rig, first)
    assert [run.id for run in rig.ledger.facts.runs()] == [first.id]


def test_what_prometheus_does_not_deny_inherits(rig: Rig) -> None:
    """An alert that Prometheus cannot tell of is not dropped; its own run asks again."""

    def judge(labels: Mapping[str, str]) -> bool:
        if "zone" in labels:
            raise UnavailableError("prometheus_error", "not evaluated")
        return False

    first = _first(rig, _other(rig, SECOND))
    _fires(rig, judge)
    _closed(rig, first)
    assert (rig.run().fingerprint, rig.run().state) == (SECOND, State.READY)


def test_what_may_no_longer_act_does_not_inherit(rig: Rig) -> None:
    """The inventory is asked again: an alert that its playbook no longer names opens nothing."""
    first = _first(rig, _other(rig, SECOND))
    book = rig.inventory.playbook("rollback_function")
    changed = book.model_copy(update={"alerts": ("Another",)})
    rig.use(rig.inventory.model_copy(update={"playbooks": (changed,)}))
    _fires(rig, _only("b"))
    _closed(rig, first)
    assert [run.id for run in rig.ledger.facts.runs()] == [first.id]


def test_gone_while_it_waits_for_an_approval(rig: Rig) -> None:
    """The same where a person was asked: the next alert has a plan of its own approved."""
    rig.mode("approve")
    first = _first(rig)
    rig.until(State.AWAITING_APPROVAL)
    rig.deliver(_other(rig, SECOND))
    _fires(rig, _only("b"))
    rig.clock.forward(rig.inventory.engine.block_retry)
    assert _closed(rig, first).outcome is Outcome.CANCELLED
    waiting = rig.until(State.AWAITING_APPROVAL)
    assert (waiting.id != first.id, waiting.fingerprint) == (True, SECOND)
