"""Pausing and resuming the pipeline: what is stopped, what is remembered, what is left alone."""

from __future__ import annotations

from typing import Any

import pytest

from remediations.asking import intent
from remediations.ledger.deliveries import RunOpenError
from remediations.model import Outcome, State
from tests.remediations.rig import CrashError, Rig

RULE = "ons-data-platform-s3-processing-rule"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:ons-data-platform-processing"


def running(rig: Rig) -> list[str]:
    """Return the executions that really run."""
    answer = rig.aws.client("stepfunctions").list_executions(
        stateMachineArn=MACHINE, statusFilter="RUNNING"
    )
    return sorted(one["executionArn"] for one in answer["executions"])


def rule(rig: Rig) -> str:
    """Return the rule's real state."""
    return str(rig.aws.client("events").describe_rule(Name=RULE)["State"])


def start_late(rig: Rig) -> list[str]:
    """Let one more execution start when the first stop is sent; return the names of such."""
    real = rig.writer
    started: list[str] = []

    def writer(service: str) -> Any:
        if service == "stepfunctions" and not started:
            started.append("late")
            rig.aws.client("stepfunctions").start_execution(
                stateMachineArn=MACHINE, name="late", input="{}"
            )
        return real(service)

    rig.writer = writer
    return started


def test_pause_stops_everything_and_resume_goes_back(platform: Rig) -> None:
    """The rule is disabled, what ran is stopped; resuming enables the rule and redrives them."""
    before = running(platform)
    assert len(before) == 3
    paused = platform.ask("pause_processing")
    assert (paused.outcome, paused.reason) == (Outcome.SUCCEEDED, "done")
    assert (rule(platform), running(platform)) == ("DISABLED", [])
    platform.clock.forward(600)
    resumed = platform.ask("resume_processing")
    assert resumed.outcome is Outcome.SUCCEEDED
    assert (rule(platform), running(platform)) == ("ENABLED", before)


def test_an_execution_that_starts_meanwhile_is_stopped_too(platform: Rig) -> None:
    """Lists lag: what shows up after the last planned stop is stopped as well."""
    started = start_late(platform)
    assert platform.ask("pause_processing").outcome is Outcome.SUCCEEDED
    assert started
    assert running(platform) == []
    assert platform.aws.front.count("states", "StopExecution") == 4


def test_quiet_counts_from_the_last_stop(platform: Rig) -> None:
    """However long the stops took, what shows up soon after the last of them is stopped too."""
    real = platform.writer

    def slowly(service: str) -> Any:
        platform.clock.forward(40)
        return real(service)

    platform.writer = slowly
    wanted = intent(
        platform.inventory, platform.worker.actions["pause_processing"], None, {}, dry=False
    )
    platform.ledger.deliveries.ask(wanted, "test", platform.clock.at)
    waiting = platform.until(State.AWAITING_APPROVAL)
    platform.ledger.runs.approve(waiting.id, str(waiting.plan_hash), "test", platform.clock.at)
    while platform.step():
        pass
    assert running(platform) == []
    assert platform.run().state is State.RUNNING
    platform.aws.client("stepfunctions").start_execution(
        stateMachineArn=MACHINE, name="late", input="{}"
    )
    assert platform.end().outcome is Outcome.SUCCEEDED
    assert running(platform) == []


def test_resume_leaves_alone_what_was_disabled_before(platform: Rig) -> None:
    """A rule that somebody had disabled before the pause stays disabled after it."""
    platform.aws.client("events").disable_rule(Name=RULE)
    assert platform.ask("pause_processing").outcome is Outcome.SUCCEEDED
    assert platform.ask("resume_processing").outcome is Outcome.SUCCEEDED
    assert rule(platform) == "DISABLED"
    assert len(running(platform)) == 3


def test_resume_can_leave_the_executions_stopped(platform: Rig) -> None:
    """Without redrive only the rule comes back."""
    platform.ask("pause_processing")
    assert platform.ask("resume_processing", redrive=False).outcome is Outcome.SUCCEEDED
    assert (rule(platform), running(platform)) == ("ENABLED", [])


def test_resume_without_a_pause_of_ours_ends_at_once(platform: Rig) -> None:
    """What we did not pause we do not resume: the run ends, and says that nothing is to be done."""
    ended = platform.ask("resume_processing")
    assert (ended.outcome, ended.reason) == (Outcome.CANCELLED, "nothing_to_resume")
    assert ended.detail == "no pause of ours is on record"
    assert platform.aws.front.count("events", "EnableRule") == 0


def test_managed_rule_is_refused(platform: Rig) -> None:
    """A rule that a service manages is not ours to disable."""
    from moto.core.models import DEFAULT_ACCOUNT_ID  # noqa: PLC0415 moto's state, only here
    from moto.events.models import events_backends  # noqa: PLC0415 as above

    events_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].describe_rule(
        RULE, "default"
    ).managed_by = "states.amazonaws.com"
    held = platform.ask("pause_processing")
    assert (held.state, held.reason) == (State.BLOCKED, "managed_rule")
    assert rule(platform) == "ENABLED"


def test_dry_run_changes_nothing_and_shows_the_plan(platform: Rig) -> None:
    """A dry run ends with its plan on record, and the world as it was."""
    shown = platform.ask("pause_processing", dry=True)
    assert (shown.outcome, shown.reason) == (Outcome.CANCELLED, "shadow")
    assert shown.plan is not None
    assert shown.plan.diff == (f"rule {RULE}: ENABLED -> DISABLED", "running executions: 3 -> 0")
    assert (rule(platform), len(running(platform))) == ("ENABLED", 3)


def test_asking_twice_opens_one_run(platform: Rig) -> None:
    """While a run is open the same cannot be asked for again: the open one is named."""
    wanted = intent(
        platform.inventory, platform.worker.actions["pause_processing"], None, {}, dry=False
    )
    first = platform.ledger.deliveries.ask(wanted, "test", platform.clock.at)
    with pytest.raises(RunOpenError, match=first):
        platform.ledger.deliveries.ask(wanted, "test", platform.clock.at)


@pytest.mark.parametrize("crash_at", range(4))
def test_crash_at_any_call_stops_each_execution_once(platform: Rig, crash_at: int) -> None:
    """Killed right after any call, the service comes back, looks, and sends none a second time."""
    real, calls = platform.writer, 0

    def writer(service: str) -> Any:
        nonlocal calls
        client = real(service)
        if calls > crash_at:
            return client

        class Dying:
            def __getattr__(self, name: str) -> Any:
                def call(**arguments: Any) -> Any:
                    nonlocal calls
                    answer = getattr(client, name)(**arguments)
                    calls += 1
                    if calls == crash_at + 1:
                        raise CrashError
                    return answer

                return call

        return Dying()

    platform.writer = writer
    with pytest.raises(CrashError):
        platform.ask("pause_processing")
    platform.restart()
    assert platform.end().outcome is Outcome.SUCCEEDED
    assert (rule(platform), running(platform)) == ("DISABLED", [])
    assert platform.aws.front.count("events", "DisableRule") == 1
    assert platform.aws.front.count("states", "StopExecution") == 3
