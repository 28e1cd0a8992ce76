"""Flags before code: one at a time, and the second only if the first did not help."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from remediations.ailing import spread
from remediations.app import all_actions
from remediations.flags import DISABLE
from remediations.flags_first import ROLLBACK
from remediations.model import Outcome, Run, State
from simulator.seed import seed_flags
from tests.remediations.flag_world import API, MAINTENANCE, PROCESSING, Flags, flag_alert
from tests.remediations.rig import FUNCTION, Rig

OFF = {API: False, PROCESSING: False, MAINTENANCE: False}
BAD, GOOD = {"6": 1.0}, {"5": 1.0}
STEP = 5.0


@pytest.fixture
def both(rig: Rig) -> Rig:
    """A deployment, then a flag, both shortly before a function began to fail."""
    seed_flags(rig.aws, rig.inventory)
    rig.clock.forward(7200)
    rig.deploy()
    rig.clock.forward(60)
    Flags(rig).deploy({**OFF, API: True})
    rig.clock.forward(240)
    return rig


def newest(rig: Rig, action: str) -> Run:
    """Return the newest run of an action."""
    return next(run for run in rig.ledger.facts.runs() if run.action == action)


def work(rig: Rig, until: Callable[[], bool], seconds: float = 3600) -> float:
    """Work and let time pass until something is so; return how long it took."""
    began = rig.clock.at
    while not until():
        assert rig.clock.at < began + seconds, rig.ledger.facts.runs()
        if not rig.step():
            rig.clock.forward(STEP)
    return rig.clock.at - began


def closed(rig: Rig, action: str) -> Callable[[], bool]:
    """Ask whether the newest run of an action has ended."""
    return lambda: newest(rig, action).state is State.CLOSED


def held(rig: Rig) -> bool:
    """Say whether the rollback waits for a flag."""
    run = newest(rig, ROLLBACK)
    return (run.state, run.reason) == (State.BLOCKED, "flags_first")


def test_the_names_are_those_of_actions() -> None:
    """The guard speaks of actions that exist."""
    assert {ROLLBACK, DISABLE} <= set(all_actions())


@pytest.mark.parametrize("order", ["flag first", "code first", "code long before"])
def test_the_flag_helps_and_nothing_more_is_done(both: Rig, order: str) -> None:
    """Whichever alert comes first, the flag is turned off, and the rollback ends without acting."""
    if order == "flag first":
        both.deliver(flag_alert(both), both.alert())
    else:
        both.deliver(both.alert())
        both.step()
        assert held(both)
        both.clock.forward(120 if order == "code long before" else 1)
        both.step()
        assert held(both)
        both.deliver(flag_alert(both))
    work(both, lambda: newest(both, DISABLE).state is State.VERIFYING)
    work(both, lambda: held(both))
    assert both.version() == BAD
    both.metrics.ratio, both.metrics.firing = 0.0, False
    work(both, closed(both, DISABLE))
    work(both, closed(both, ROLLBACK))
    assert newest(both, DISABLE).outcome is Outcome.SUCCEEDED
    ended = newest(both, ROLLBACK)
    assert (ended.outcome, ended.reason) == (Outcome.CANCELLED, "alert_resolved")
    assert both.version() == BAD
    assert Flags(both).states() == OFF
    assert both.ledger.escalations.pending() == 0


@pytest.mark.parametrize(("ratio", "outcome"), [(0.35, "ineffective"), (None, "inconclusive")])
def test_code_follows_where_the_flag_did_not_help(
    both: Rig, ratio: float | None, outcome: str
) -> None:
    """Only after turning the flag off has ended without success is the alias moved."""
    both.deliver(flag_alert(both), both.alert())
    work(both, lambda: newest(both, DISABLE).state is State.VERIFYING)
    both.metrics.ratio = ratio
    work(both, closed(both, DISABLE))
    assert newest(both, DISABLE).outcome == outcome
    assert both.version() == BAD
    both.metrics.ratio = 0.35
    work(both, lambda: newest(both, ROLLBACK).state is State.VERIFYING)
    assert both.version() == GOOD


def test_code_follows_only_by_its_own_evidence(both: Rig) -> None:
    """A flag that did not help is no reason to roll back what was not deployed recently."""
    both.metrics.old = (350.0, 1000.0)
    both.deliver(flag_alert(both), both.alert())
    work(both, closed(both, DISABLE))
    work(both, lambda: newest(both, ROLLBACK).reason == "trouble_before_deployment")
    assert both.version() == BAD


def test_waiting_for_an_alert_that_never_comes_ends(both: Rig) -> None:
    """If no alert blames the flag in the time that takes, code is rolled back."""
    both.deliver(both.alert())
    both.step()
    assert held(both)
    assert 60 < work(both, lambda: newest(both, ROLLBACK).state is State.VERIFYING) < 600
    assert both.version() == GOOD
    assert Flags(both).states()[API]


def _without(rig: Rig) -> None:
    rest = tuple(book for book in rig.inventory.playbooks if book.action != DISABLE)
    rig.use(rig.inventory.model_copy(update={"playbooks": rest}))


def _shadow(rig: Rig) -> None:
    books = tuple(
        book.model_copy(update={"mode": "shadow"}) if book.action == DISABLE else book
        for book in rig.inventory.playbooks
    )
    rig.use(rig.inventory.model_copy(update={"playbooks": books}))
    rig.deliver(flag_alert(rig))


def _critical(rig: Rig) -> None:
    Flags(rig).deploy({**OFF, MAINTENANCE: True})
    rig.clock.forward(240)


def _long_on(rig: Rig) -> None:
    rig.clock.forward(rig.inventory.engine.lookback)
    rig.deploy()
    rig.clock.forward(240)


def _denied(rig: Rig) -> None:
    rig.aws.front.fail("appconfig", "ListDeployments", code="AccessDeniedException", status=403)


def _cannot_help(rig: Rig) -> None:
    rig.deliver(flag_alert(rig, at=rig.clock.at - 1000))
    rig.step()
    assert newest(rig, DISABLE).reason == "trouble_before_flag"


@pytest.mark.parametrize("change", [_without, _shadow, _critical, _long_on, _denied, _cannot_help])
def test_nothing_is_waited_for_where_no_flag_can_help(
    both: Rig, change: Callable[[Rig], None]
) -> None:
    """Without a playbook, a recent flag that may be turned off, or access, code goes ahead."""
    change(both)
    serving = both.version()
    both.deliver(both.alert())
    took = work(both, lambda: newest(both, ROLLBACK).state is State.VERIFYING)
    assert took <= spread(both.inventory) + STEP
    assert both.version() != serving
    kinds = both.audit_kinds(newest(both, ROLLBACK).id)
    assert "blocked" not in kinds


def test_a_person_does_not_wait(both: Rig) -> None:
    """A rollback by hand is not held: who asks for it knows why."""
    run = both.ask(ROLLBACK, FUNCTION)
    assert run.intended_at is not None
    assert both.version() == GOOD


def test_a_function_that_fails_with_the_flag_off_does_not_wait(both: Rig) -> None:
    """While another function's run still verifies, what began later is not that flag's doing."""
    other = "structured_data_processor"
    both.deliver(flag_alert(both, other))
    work(both, lambda: newest(both, DISABLE).state is State.VERIFYING)
    both.clock.forward(30)
    both.deliver(both.alert())
    work(both, lambda: newest(both, ROLLBACK).state is State.VERIFYING, seconds=90)
    assert newest(both, DISABLE).state is State.VERIFYING


def test_a_flag_waits_while_code_is_being_verified(both: Rig) -> None:
    """A rollback that has begun is judged alone: turning a flag off waits until it has ended."""
    whole = both.inventory
    _without(both)
    both.deliver(both.alert())
    work(both, lambda: newest(both, ROLLBACK).state is State.VERIFYING)
    both.use(whole)
    both.deliver(flag_alert(both))
    work(both, lambda: newest(both, DISABLE).state is State.BLOCKED)
    assert newest(both, DISABLE).reason == "target_busy"
    work(both, closed(both, ROLLBACK))
    work(both, lambda: newest(both, DISABLE).state is State.VERIFYING)
    assert Flags(both).states() == OFF


def test_a_dry_run_does_not_count_as_tried(both: Rig) -> None:
    """A plan that a person only looked at leaves the flag's turn where it was."""
    both.ask(DISABLE, dry=True)
    both.clock.forward(1)
    both.deliver(both.alert())
    both.step()
    assert held(both)


def test_a_resolved_alert_ends_the_waiting(both: Rig) -> None:
    """What is held ends when its alert is resolved, and nobody is called."""
    both.deliver(flag_alert(both), both.alert())
    work(both, lambda: held(both))
    both.metrics.firing = False
    both.deliver({**both.alert(), "status": "resolved"})
    work(both, closed(both, ROLLBACK))
    ended = newest(both, ROLLBACK)
    assert (ended.outcome, ended.reason) == (Outcome.CANCELLED, "alert_resolved")
