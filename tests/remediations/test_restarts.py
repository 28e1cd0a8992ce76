"""What must hold over a restart, and what must not depend on how an alert was grouped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from remediations.intake import read_webhook
from remediations.ledger.switches import Switch
from remediations.model import Decision, Outcome, State
from tests.remediations.rig import Rig
from tests.remediations.test_rollback import recover, regressed


@pytest.fixture
def rig(either_rig: Rig) -> Rig:
    """A rig on each kind of database."""
    return either_rig


def _pause(rig: Rig, *, engaged: bool) -> None:
    rig.ledger.switches.set(Switch.PAUSE, engaged=engaged, by="rui", reason="x", now=rig.clock.at)


def test_the_kill_switch_outlives_the_process(rig: Rig) -> None:
    """Engaged before a restart it holds after it, until a person releases it."""
    _pause(rig, engaged=True)
    rig.restart()
    regressed(rig)
    rig.until(State.BLOCKED)
    rig.restart()
    rig.step()
    assert (rig.run().state, rig.run().reason) == (State.BLOCKED, "kill_switch")
    assert rig.aws.front.count("lambda", "UpdateAlias") == 0
    _pause(rig, engaged=False)
    rig.restart()
    assert rig.until(State.VERIFYING).state is State.VERIFYING
    assert rig.aws.front.count("lambda", "UpdateAlias") == 1


def test_the_pause_file_outlives_the_process(rig: Rig) -> None:
    """The file is asked for anew by whoever starts."""
    rig.pause_file.touch()
    rig.restart()
    regressed(rig)
    assert rig.until(State.BLOCKED).reason == "kill_switch"
    assert rig.aws.front.count("lambda", "UpdateAlias") == 0


def test_the_cool_down_outlives_the_process(rig: Rig) -> None:
    """The same action on the same target waits for its time, though the process is a new one."""
    regressed(rig)
    rig.until(State.VERIFYING)
    recover(rig)
    first = rig.end()
    assert first.outcome is Outcome.SUCCEEDED
    assert first.intended_at is not None
    rig.restart()
    rig.metrics.ratio = 0.35
    regressed(rig)
    held = rig.until(State.BLOCKED)
    until = first.intended_at + rig.inventory.engine.cool_down
    assert (held.reason, held.next_at) == ("cool_down", until)
    assert rig.aws.front.count("lambda", "UpdateAlias") == 1
    rig.restart()
    again = rig.until(State.VERIFYING)
    assert again.intended_at is not None
    assert again.intended_at >= until
    assert rig.aws.front.count("lambda", "UpdateAlias") == 2


def test_nothing_is_judged_before_it_has_settled(rig: Rig) -> None:
    """Good readings right after the action prove nothing: the first sample waits for its time."""
    regressed(rig)
    run = rig.until(State.VERIFYING)
    recover(rig)
    ended = rig.end()
    assert ended.outcome is Outcome.SUCCEEDED
    assert run.applied_at is not None
    samples = rig.ledger.runs.samples(ended.id)
    assert min(one.at for one in samples) >= run.applied_at + rig.inventory.engine.settle


def _body(rig: Rig, **group: Any) -> bytes:
    document: Mapping[str, Any] = json.loads(rig.webhook(rig.alert(at=1_790_000_000.0)))
    return json.dumps({**document, **group}).encode()


def test_how_alerts_are_grouped_is_no_identity(rig: Rig) -> None:
    """The same alert under another groupKey, receiver or labels of the group is a duplicate."""
    bodies = [
        _body(rig),
        _body(rig, groupKey='{}:{alertname="FunctionRegressedAfterDeploy"}', receiver="a"),
        _body(rig, groupKey="{}/{severity}:{}", receiver="b", status="resolved"),
        _body(
            rig,
            groupKey="c",
            groupLabels={"function": "lambda_router"},
            commonLabels={"remediation": "other"},
            commonAnnotations={"summary": "x"},
            externalURL="http://other",
        ),
    ]
    found = []
    for body in bodies:
        deliveries, truncated = read_webhook(body, rig.inventory, rig.worker.actions)
        found += rig.ledger.deliveries.receive(deliveries, truncated, rig.clock.at)
    decided = [(one.decision, one.reason) for one in found]
    assert decided == [
        (Decision.ACCEPTED, None),
        *[(Decision.DUPLICATE, "delivered_before")] * 3,
    ]
    assert len({one.run_id for one in found}) == 1
    assert len(rig.ledger.facts.runs()) == 1
