"""Between the first call and the last: what may be sent again, how long is waited, what is held."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from remediations.action import LATER, Finding
from remediations.asking import intent
from remediations.ledger.switches import Switch
from remediations.model import Outcome, State
from tests.remediations.rig import Rig
from tests.remediations.test_processing import rule, running


class _Late:
    """A client whose first call arrives only when a second is sent; its answer never comes."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._kept: dict[str, Any] | None = None

    def update_alias(self, **arguments: Any) -> Any:
        from botocore.exceptions import ReadTimeoutError  # noqa: PLC0415 needed here alone

        if self._kept is None:
            self._kept = arguments
            raise ReadTimeoutError(endpoint_url="https://lambda")
        self._client.update_alias(**self._kept)
        return self._client.update_alias(**arguments)


def test_a_call_that_arrives_late_is_no_failure(rig: Rig) -> None:
    """The first sending overtaken by the second: one is refused, and the world is right."""
    rig.deploy()
    rig.clock.forward(120)
    rig.deliver(rig.alert())
    late = _Late(rig._client("lambda"))
    rig.writer = lambda _service: late
    rig.until(State.VERIFYING, State.CLOSED)
    rig.metrics.ratio = 0.0
    assert rig.end().outcome is Outcome.SUCCEEDED
    assert rig.version() == {"5": 1.0}
    assert rig.aws.front.count("lambda", "UpdateAlias") == 1


def _change(rig: Rig, name: str, **changes: Any) -> None:
    rig.worker.actions[name] = replace(rig.worker.actions[name], **changes)  # type: ignore[index]


def test_what_never_ends_is_told(platform: Rig) -> None:
    """An action that always says later is not waited for without end: a human is called."""
    _change(platform, "pause_processing", more=lambda *_: LATER)
    ended = platform.ask("pause_processing")
    assert (ended.outcome, ended.reason) == (Outcome.INCONCLUSIVE, "never_settled")
    assert platform.ledger.escalations.pending() == 1


def test_a_call_that_never_settles_is_told(platform: Rig) -> None:
    """The answer was lost and the effect stays under way: not for ever."""
    _change(platform, "pause_processing", settled=lambda *_: Finding.PENDING)
    platform.aws.front.fail("events", "DisableRule", times=1, after=True)
    ended = platform.ask("pause_processing")
    assert (ended.outcome, ended.reason) == (Outcome.INCONCLUSIVE, "never_settled")
    assert platform.aws.front.count("events", "DisableRule") == 1


def _half_way(rig: Rig, worked: float = 0.0) -> None:
    """Pause until the rule is disabled, and hold the run by the kill switch soon after.

    The call that comes after that one is made ``worked`` seconds later.
    """
    wanted = intent(rig.inventory, rig.worker.actions["pause_processing"], None, {}, dry=False)
    rig.ledger.deliveries.ask(wanted, "test", rig.clock.at)
    waiting = rig.until(State.AWAITING_APPROVAL)
    rig.ledger.runs.approve(waiting.id, str(waiting.plan_hash), "test", rig.clock.at)
    rig.until(State.RUNNING)
    rig.clock.forward(worked)
    rig.step()
    _switch(rig, engaged=True)
    held = rig.until(State.BLOCKED)
    assert (held.reason, rule(rig)) == ("kill_switch", "DISABLED")


def _switch(rig: Rig, *, engaged: bool) -> None:
    rig.ledger.switches.set(Switch.PAUSE, engaged=engaged, by="test", reason="", now=rig.clock.at)


def test_held_half_way_it_goes_on_where_it_was(platform: Rig) -> None:
    """Released, the run is running again, not held with an old reason, and does the rest once."""
    _half_way(platform)
    _switch(platform, engaged=False)
    resumed = platform.until(State.RUNNING)
    assert (resumed.reason, resumed.detail) == (None, None)
    assert platform.end().outcome is Outcome.SUCCEEDED
    assert running(platform) == []
    assert platform.aws.front.count("events", "DisableRule") == 1


def test_held_half_way_it_keeps_its_target(platform: Rig) -> None:
    """Nobody else begins on a target that a run has changed in part."""
    _half_way(platform)
    first = platform.run()
    platform.clock.forward(1)
    wanted = intent(
        platform.inventory, platform.worker.actions["resume_processing"], None, {}, dry=False
    )
    platform.ledger.deliveries.ask(wanted, "test", platform.clock.at)
    _switch(platform, engaged=False)
    second = platform.until(State.BLOCKED)
    assert (second.action, second.reason) == ("resume_processing", "target_busy")
    assert second.detail is not None
    assert first.id in second.detail


@pytest.mark.parametrize(("hours", "outcome"), [(0.9, Outcome.SUCCEEDED), (1.1, Outcome.EXPIRED)])
def test_time_that_was_worked_is_not_time_held(
    platform: Rig, hours: float, outcome: Outcome
) -> None:
    """A run that works for hours before it is held has as long to be released as any other."""
    _half_way(platform, worked=2 * 3600)
    platform.clock.forward(hours * 3600)
    _switch(platform, engaged=False)
    assert platform.end().outcome is outcome


def test_a_run_that_stays_blind_calls_a_human(platform: Rig) -> None:
    """An action of long patience that cannot look: told after the deadline, once, and goes on."""
    _change(platform, "pause_processing", patience=86_400.0)
    _half_way(platform)
    _switch(platform, engaged=False)
    platform.until(State.RUNNING)
    told = platform.ledger.escalations.pending()
    platform.aws.front.fail("states", "ListExecutions", code="ServiceUnavailable", status=503)
    began = platform.clock.at
    _work(platform, until=began + platform.inventory.engine.verify_deadline - 60)
    assert (platform.run().state, platform.run().reason) == (State.RUNNING, "aws_error")
    assert platform.ledger.escalations.pending() == told
    _work(platform, until=began + 3 * 3600)
    assert platform.ledger.escalations.pending() == told + 1
    platform.aws.front.heal()
    assert platform.end().outcome is Outcome.SUCCEEDED


def _work(rig: Rig, until: float) -> None:
    while rig.clock.at < until:
        if not rig.step():
            rig.clock.forward(30)
