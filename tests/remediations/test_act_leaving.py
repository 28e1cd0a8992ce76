"""``vigia act`` that is left: what nobody approved is taken back, what was approved goes on."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inventory.model import Inventory
from remediations.ledger.switches import Switch
from remediations.model import Outcome, Run, State
from simulator.aws.server import EmbeddedAws
from tests.conftest import wait_for
from tests.remediations.act_service import CTRL_C, CTRL_D, ROOT, Service, serving
from tests.remediations.rig import Clock

ACT = ("act", "pause_processing")
QUICK = ("act", "set_log_retention", "--target", "/aws/lambda/lambda_router", "--param", "days=60")


@pytest.fixture
def clock() -> Clock:
    """The service's own time: executions are redriven only so long after they were stopped."""
    return Clock(time.time())


@pytest.fixture
def service(inventory: Inventory, aws: EmbeddedAws, tmp_path: Path) -> Iterator[Service]:
    """A service whose engine takes a step only when the test says so."""
    with serving(inventory, aws, tmp_path, at_work=False) as made:
        yield made


@pytest.mark.parametrize("dry", [[], ["--dry-run"]], ids=["act", "dry_run"])
def test_ctrl_c_before_the_plan_takes_the_run_back(service: Service, dry: list[str]) -> None:
    """Whoever leaves while the plan is being made leaves no run behind, and is told so."""
    terminal = service.terminal(*ACT, *dry)
    run = service.run()
    terminal.press(CTRL_C)
    assert terminal.end() == 130
    assert f"{run.id} was cancelled; nothing was changed" in terminal.said
    assert service.ended() == (Outcome.CANCELLED, "cancelled_by_hand")


def test_ctrl_c_while_the_run_is_being_opened_takes_it_back(service: Service) -> None:
    """A run whose id the command does not know yet when it is interrupted is not left behind."""
    ask, seen, go_on = service.app.ledger.deliveries.ask, threading.Event(), threading.Event()

    def slow(*asked: Any) -> str:
        run_id = ask(*asked)
        seen.set()
        go_on.wait(30)
        return run_id

    service.app.ledger.deliveries.ask = slow  # type: ignore[method-assign]  # answers when told
    terminal = service.terminal(*ACT)
    assert seen.wait(30)
    terminal.press(CTRL_C)
    terminal.read_until("^C")
    go_on.set()
    assert terminal.end() == 130
    assert service.ended() == (Outcome.CANCELLED, "cancelled_by_hand")


@pytest.mark.parametrize(
    ("keys", "code", "outcome"),
    [
        (CTRL_C, 130, Outcome.CANCELLED),
        (CTRL_D, 1, Outcome.REJECTED),
        (b"\n", 1, Outcome.REJECTED),
        (b"n\n", 1, Outcome.REJECTED),
    ],
    ids=["ctrl_c", "ctrl_d", "enter", "no"],
)
def test_leaving_at_the_question_changes_nothing(
    service: Service, keys: bytes, code: int, outcome: Outcome
) -> None:
    """Anything but a yes ends the run that the command opened, in one clear line."""
    terminal = service.terminal(*ACT)
    service.run()
    assert service.app.engine.step()
    terminal.read_until("Approve?")
    assert "ENABLED -> DISABLED" in terminal.said
    terminal.press(keys)
    assert terminal.end() == code
    assert f"{service.run().id} was {outcome.value}; nothing was changed" in terminal.said
    assert "Traceback" not in terminal.said
    assert service.ended()[0] is outcome
    assert service.rule() == "ENABLED"


def test_yes_at_the_question_acts(service: Service) -> None:
    """After a yes the run is followed to its end."""
    terminal = service.terminal(*QUICK)
    service.run()
    service.app.engine.step()
    terminal.read_until("Approve?")
    terminal.press(b"y\n")
    wait_for(lambda: service.run().approved_by)
    service.app.engine.start()
    assert (terminal.end(), service.ended()[0]) == (0, Outcome.SUCCEEDED)


def test_ctrl_c_after_the_approval_lets_the_run_go_on(service: Service) -> None:
    """What was approved is not taken back; it is said how to follow it, and that works."""
    terminal = service.terminal(*QUICK, "--yes")
    service.run()
    service.app.engine.step()
    wait_for(lambda: service.run().approved_by)
    terminal.press(CTRL_C)
    assert terminal.end() == 130
    run = service.run()
    assert run.state is State.READY
    assert f"{run.id} goes on; 'vigia remediations follow {run.id}' follows it" in terminal.said
    again = service.terminal("remediations", "follow", run.id)
    service.app.engine.start()
    assert again.end() == 0
    assert "succeeded" in again.said


def test_ctrl_c_while_it_is_being_approved_lets_the_run_go_on(service: Service) -> None:
    """An approval that is on record, and not answered yet, is not taken back either."""
    approve, go_on = service.app.ledger.runs.approve, threading.Event()

    def slow(*asked: Any) -> Run:
        run = approve(*asked)
        go_on.wait(30)
        return run

    service.app.ledger.runs.approve = slow  # type: ignore[method-assign]  # answers when told
    terminal = service.terminal(*QUICK, "--yes")
    service.run()
    service.app.engine.step()
    wait_for(lambda: service.run().approved_by)
    terminal.press(CTRL_C)
    terminal.read_until("^C")
    go_on.set()
    assert terminal.end() == 130
    assert service.run().state is State.READY
    assert f"{service.run().id} goes on" in terminal.said


def test_ctrl_c_while_following_leaves_the_run_alone(service: Service) -> None:
    """Whoever only looks takes nothing back."""
    opened = service.app.ledger.deliveries
    run_id = opened.ask(service.intent(), "somebody", service.now())
    terminal = service.terminal("remediations", "follow", run_id)
    terminal.read_until(run_id)
    terminal.press(CTRL_C)
    assert (terminal.end(), service.run().state) == (130, State.READY)
    assert f"{run_id} goes on" in terminal.said


def test_what_is_held_after_the_approval_is_left_to_go_on(service: Service) -> None:
    """A guard that holds an approved run does not undo the approval: 1, and how to follow it."""
    terminal = service.terminal(*ACT, "--yes")
    service.run()
    service.app.engine.step()
    wait_for(lambda: service.run().approved_by)
    service.app.ledger.switches.set(
        Switch.PAUSE, engaged=True, by="test", reason="", now=service.now()
    )
    service.app.engine.step()
    assert terminal.end() == 1
    assert "goes on" in terminal.said
    assert service.run().state is State.BLOCKED


def test_a_plan_that_is_void_is_not_approved_unseen(service: Service) -> None:
    """Where the world changed after the approval the new plan is nobody's: the run is ended."""
    terminal = service.terminal(*ACT, "--yes")
    service.run()
    service.app.engine.step()
    wait_for(lambda: service.run().approved_by)
    run = service.app.ledger.runs.claim("test", 60, service.now())
    assert run is not None
    told = {"reason": "drift", "detail": None}
    void = {"plan": None, "plan_hash": None, "approved_by": None, "reason": "drift"}
    service.app.ledger.runs.move(
        run, State.BLOCKED, service.now(), kind="blocked", body=told, **void
    )
    assert terminal.end() == 1
    assert "was cancelled; nothing was changed" in terminal.said
    assert service.ended()[0] is Outcome.CANCELLED


def test_progress_counts_the_planned_calls(service: Service) -> None:
    """Who follows a run hears which call of how many it makes, a line each without a terminal."""
    service.finish(service.ask("pause_processing"))
    run_id = service.ask("resume_processing")
    plan = service.run().plan
    assert plan is not None
    assert len(plan.calls) == 4
    service.app.engine.step()
    command = [sys.executable, "-m", "vigia", "remediations", "follow", run_id, *service.options]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as follower:
        assert follower.stderr is not None
        assert follower.stderr.readline() == f"vigia: {run_id}: running, call 2 of 4\n"
        service.app.engine.step()
        assert follower.stderr.readline() == f"vigia: {run_id}: running, call 3 of 4\n"
        service.finish(run_id)
        follower.stderr.read()
    assert follower.returncode == 0
