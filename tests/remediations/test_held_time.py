"""How long a run is held before it ends: time in which a person holds it back does not count."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from remediations.ledger.switches import Switch
from remediations.model import Outcome, State
from tests.remediations.rig import Rig

HOURS = 5 * 3600.0


def _window(rig: Rig, *, held: bool) -> None:
    if held:
        rig.ledger.switches.set(
            Switch.MAINTENANCE,
            engaged=True,
            by="ana",
            reason="",
            now=rig.clock.at,
            until=rig.clock.at + HOURS,
        )


def _switch(rig: Rig, *, held: bool) -> None:
    rig.ledger.switches.set(Switch.PAUSE, engaged=held, by="ana", reason="", now=rig.clock.at)


def _file(rig: Rig, *, held: bool) -> None:
    rig.pause_file.touch() if held else rig.pause_file.unlink()


def _work(rig: Rig, seconds: float) -> None:
    """Let time pass, and the engine work."""
    until = rig.clock.at + seconds
    while rig.clock.at < until:
        if not rig.step():
            rig.clock.forward(30)


@pytest.mark.parametrize("hold", [_window, _switch, _file])
def test_held_by_a_person_for_hours_it_acts_afterwards(
    regressed: Rig, hold: Callable[..., None]
) -> None:
    """Its alert still fires and is not delivered again: the run must outlive a long window."""
    assert regressed.inventory.engine.block_expiry < HOURS
    hold(regressed, held=True)
    regressed.deliver(regressed.alert())
    _work(regressed, HOURS - 60)
    assert regressed.run().state is State.BLOCKED
    assert regressed.version() == {"6": 1.0}
    _work(regressed, 60)
    hold(regressed, held=False)
    # What was deployed five hours ago is too old to be blamed: the run is looked at, and says so.
    _work(regressed, 300)
    run = regressed.run()
    assert run.outcome is not Outcome.EXPIRED
    assert run.reason not in ("kill_switch", "maintenance", "blocked_too_long")


@pytest.mark.parametrize("hold", [_window, _switch])
def test_let_go_it_has_the_usual_time(regressed: Rig, hold: Callable[..., None]) -> None:
    """What else holds it afterwards ends it after the usual time, counted from the release."""
    hold(regressed, held=True)
    regressed.deliver(regressed.alert())
    _work(regressed, HOURS)
    hold(regressed, held=False)
    regressed.metrics.new = (None, None)
    expiry = regressed.inventory.engine.block_expiry
    _work(regressed, expiry - 120)
    assert regressed.run().state is State.BLOCKED
    _work(regressed, 240)
    run = regressed.run()
    assert (run.outcome, run.reason) == (Outcome.EXPIRED, "blocked_too_long")
    assert regressed.ledger.escalations.pending() >= 1


def test_held_by_anything_else_it_ends_in_time(regressed: Rig) -> None:
    """A hold that no person gave ends as it did: expired, and a human is told."""
    regressed.metrics.new = (None, None)
    regressed.deliver(regressed.alert())
    _work(regressed, regressed.inventory.engine.block_expiry + 60)
    run = regressed.run()
    assert (run.outcome, run.reason) == (Outcome.EXPIRED, "blocked_too_long")
