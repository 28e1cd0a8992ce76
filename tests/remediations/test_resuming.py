"""Resuming: all that our pauses stopped since the last resume, and what is left, said aloud."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.events.models import events_backends
from moto.stepfunctions.models import Execution, stepfunctions_backends

from remediations.asking import intent
from remediations.model import Outcome, Plan, Run, State
from tests.remediations.rig import Rig
from tests.remediations.test_processing import MACHINE, RULE, rule, running

DAY = 86_400.0
EXPRESS = "ons-data-platform-enrichment"
OTHER = {"name": "other"}


def start(rig: Rig, name: str) -> str:
    """Start an execution as somebody would who needs no rule for it; return its ARN."""
    client = rig.aws.client("stepfunctions")
    return str(
        client.start_execution(stateMachineArn=MACHINE, name=name, input="{}")["executionArn"]
    )


def executions() -> list[Execution]:
    """Return the platform's executions as the embedded AWS holds them, by name."""
    backend = stepfunctions_backends[DEFAULT_ACCOUNT_ID]["us-east-1"]
    machine = next(one for one in backend.state_machines if one.arn == MACHINE)
    return sorted(machine.executions, key=lambda one: one.name)


def pause(rig: Rig) -> None:
    """Pause, and let some time pass."""
    assert rig.ask("pause_processing").outcome is Outcome.SUCCEEDED
    rig.clock.forward(600)


def plan_of(run: Run) -> Plan:
    """Return the plan that a run has."""
    assert run.plan is not None
    return run.plan


def nothing(run: Run) -> bool:
    """Say whether a run ended because nothing could be resumed."""
    return (run.outcome, run.reason) == (Outcome.CANCELLED, "nothing_to_resume")


def test_two_pauses_in_a_row_are_resumed_together(platform: Rig) -> None:
    """The first pause's rule and executions come back with those of the second."""
    before = running(platform)
    pause(platform)
    later = start(platform, "by-hand")
    pause(platform)
    assert running(platform) == []
    resumed = platform.ask("resume_processing")
    assert (resumed.outcome, resumed.detail) == (Outcome.SUCCEEDED, None)
    assert (rule(platform), running(platform)) == ("ENABLED", sorted([*before, later]))
    assert plan_of(resumed).diff == (
        f"rule {RULE}: DISABLED -> ENABLED",
        "executions redriven: 4 of 4 stopped",
    )


def test_what_was_resumed_is_not_resumed_again(platform: Rig) -> None:
    """After a resume a rule is whoever's disables it; asking again finds nothing, and says so."""
    pause(platform)
    assert platform.ask("resume_processing").outcome is Outcome.SUCCEEDED
    platform.aws.client("events").disable_rule(Name=RULE)
    platform.clock.forward(600)
    assert nothing(platform.ask("resume_processing"))
    assert rule(platform) == "DISABLED"
    assert platform.aws.front.count("events", "EnableRule") == 1


def test_nothing_left_of_a_pause_is_no_success(platform: Rig) -> None:
    """Where others have resumed everything the run ends without a call, and says what it found."""
    pause(platform)
    platform.aws.client("events").enable_rule(Name=RULE)
    for one in executions():
        platform.aws.client("stepfunctions").redrive_execution(executionArn=one.execution_arn)
    ended = platform.ask("resume_processing")
    assert nothing(ended)
    assert ended.detail == (
        f"rule {RULE}, somebody else made it ENABLED;"
        " executions, they run already: seed-0, seed-1, seed-2"
    )
    assert platform.aws.front.count("states", "RedriveExecution") == 3


def test_executions_left_stopped_can_be_redriven_later(platform: Rig) -> None:
    """A resume without redrive says what it leaves; the next one redrives that, and only that."""
    pause(platform)
    first = platform.ask("resume_processing", redrive=False)
    assert first.detail == "not resumed: executions, as asked: 3"
    platform.aws.client("events").disable_rule(Name=RULE)
    platform.clock.forward(600)
    assert platform.ask("resume_processing").outcome is Outcome.SUCCEEDED
    assert (rule(platform), len(running(platform))) == ("DISABLED", 3)


def test_what_a_resume_left_disabled_is_no_longer_ours(platform: Rig) -> None:
    """A rule that others had enabled before a resume, and disable after it, stays disabled."""
    platform.aws.client("events").put_rule(Name="other", EventPattern="{}")
    rules = (*platform.inventory.rules, platform.inventory.rules[0].model_copy(update=OTHER))
    platform.use(platform.inventory.model_copy(update={"rules": rules}))
    pause(platform)
    platform.aws.client("events").enable_rule(Name=RULE)
    assert platform.ask("resume_processing", redrive=False).outcome is Outcome.SUCCEEDED
    platform.aws.client("events").disable_rule(Name=RULE)
    platform.clock.forward(600)
    done = platform.ask("resume_processing")
    assert plan_of(done).diff == ("executions redriven: 3 of 3 stopped",)
    assert rule(platform) == "DISABLED"


def test_a_resume_that_failed_is_taken_up_where_it_stopped(platform: Rig) -> None:
    """What it had enabled and redriven is done; the next resume does the rest."""
    pause(platform)
    platform.aws.front.fail("states", "RedriveExecution", code="AccessDenied", status=403)
    assert platform.ask("resume_processing").outcome is Outcome.FAILED
    platform.aws.front.heal()
    platform.aws.client("events").disable_rule(Name=RULE)
    platform.clock.forward(600)
    done = platform.ask("resume_processing")
    assert done.outcome is Outcome.SUCCEEDED
    assert plan_of(done).diff == ("executions redriven: 3 of 3 stopped",)
    assert rule(platform) == "DISABLED"


def test_a_call_whose_answer_is_lost_counts_and_is_said(platform: Rig) -> None:
    """A pause may have disabled a rule and not know it: the plan enables it, and says so."""
    front = platform.aws.front
    front.fail("events", "DisableRule", after=True)
    wanted = intent(
        platform.inventory, platform.worker.actions["pause_processing"], None, {}, dry=False
    )
    platform.ledger.deliveries.ask(wanted, "test", platform.clock.at)
    waiting = platform.until(State.AWAITING_APPROVAL)
    platform.ledger.runs.approve(waiting.id, str(waiting.plan_hash), "test", platform.clock.at)
    platform.until(State.RUNNING)
    front.fail("events", "DescribeRule")
    assert platform.end().outcome is Outcome.INCONCLUSIVE
    front.heal()
    platform.clock.forward(600)
    resumed = platform.ask("resume_processing")
    assert plan_of(resumed).diff[0] == (
        f"rule {RULE}: DISABLED -> ENABLED (no answer on record to the pause's call)"
    )
    assert rule(platform) == "ENABLED"


def test_a_call_that_was_refused_paused_nothing(platform: Rig) -> None:
    """A rule that our pause was not allowed to disable, and somebody disabled, is not enabled."""
    platform.aws.front.fail("events", "DisableRule", code="AccessDenied", status=403)
    assert platform.ask("pause_processing").outcome is Outcome.FAILED
    platform.aws.front.heal()
    platform.aws.client("events").disable_rule(Name=RULE)
    platform.clock.forward(600)
    assert nothing(platform.ask("resume_processing"))
    assert rule(platform) == "DISABLED"


@pytest.mark.parametrize(("after", "redriven"), [(14 * DAY - 1, 3), (14 * DAY, 0)])
def test_fourteen_days_after_they_were_stopped(platform: Rig, after: float, redriven: int) -> None:
    """A second before they end executions are redriven; once they have the plan says so."""
    pause(platform)
    (stopped,) = {one.stop_date for one in executions()}
    assert stopped is not None
    platform.clock.at = stopped.timestamp() + after
    resumed = platform.ask("resume_processing")
    assert (resumed.outcome, rule(platform)) == (Outcome.SUCCEEDED, "ENABLED")
    assert len(running(platform)) == redriven
    said = "not resumed: executions, stopped 14 days ago or longer: seed-0, seed-1, seed-2"
    late = redriven == 0
    assert (said in plan_of(resumed).diff) is late
    assert (resumed.detail == said) is late
    assert ("redrive_too_late" in plan_of(resumed).notes) is late


def test_fourteen_days_count_for_each_execution(platform: Rig) -> None:
    """Of two pauses the first one's executions are too old, the second one's are redriven."""
    pause(platform)
    platform.clock.forward(10 * DAY)
    later = start(platform, "by-hand")
    pause(platform)
    platform.clock.forward(5 * DAY)
    resumed = platform.ask("resume_processing")
    assert running(platform) == [later]
    assert "executions redriven: 1 of 4 stopped" in plan_of(resumed).diff


def _ended(status: str) -> Callable[[Rig], None]:
    def end(_rig: Rig) -> None:
        executions()[0].status = status

    return end


def _redriven(rig: Rig) -> None:
    rig.aws.client("stepfunctions").redrive_execution(executionArn=executions()[0].execution_arn)


def _stopped_by_another(rig: Rig) -> None:
    _redriven(rig)
    arn = executions()[0].execution_arn
    rig.aws.client("stepfunctions").stop_execution(executionArn=arn, cause="ana")


def _forgotten(_rig: Rig) -> None:
    backend = stepfunctions_backends[DEFAULT_ACCOUNT_ID]["us-east-1"]
    machine = next(one for one in backend.state_machines if one.arn == MACHINE)
    machine.executions = executions()[1:]


def _rule_deleted(rig: Rig) -> None:
    client = rig.aws.client("events")
    targets = client.list_targets_by_rule(Rule=RULE)["Targets"]
    client.remove_targets(Rule=RULE, Ids=[one["Id"] for one in targets])
    client.delete_rule(Name=RULE)


def _rule_enabled(rig: Rig) -> None:
    rig.aws.client("events").enable_rule(Name=RULE)


def _rule_disowned(rig: Rig) -> None:
    rig.use(rig.inventory.model_copy(update={"rules": ()}))


@pytest.mark.parametrize(
    ("meanwhile", "said"),
    [
        (_ended("SUCCEEDED"), "executions, they ended as SUCCEEDED: seed-0"),
        (_ended("FAILED"), "executions, they ended as FAILED: seed-0"),
        (_ended("TIMED_OUT"), "executions, they ended as TIMED_OUT: seed-0"),
        (_redriven, "executions, they run already: seed-0"),
        (_stopped_by_another, "executions, somebody else stopped them: seed-0"),
        (_forgotten, "executions, AWS does not know them any more: seed-0"),
        (_rule_deleted, f"rule {RULE}, there is no such rule any more"),
        (_rule_enabled, f"rule {RULE}, somebody else made it ENABLED"),
        (_rule_disowned, f"rule {RULE}, the inventory has no such rule any more"),
    ],
)
def test_what_cannot_be_resumed_is_said_to_who_approves(
    platform: Rig, meanwhile: Callable[[Rig], None], said: str
) -> None:
    """Each thing that does not come back stands in the plan with its reason, and is left alone."""
    pause(platform)
    meanwhile(platform)
    enabled, redriven = (
        platform.aws.front.count("events", "EnableRule"),
        platform.aws.front.count("states", "RedriveExecution"),
    )
    resumed = platform.ask("resume_processing")
    assert resumed.outcome is Outcome.SUCCEEDED
    left = [line for line in plan_of(resumed).diff if line.startswith("not resumed")]
    assert left == [f"not resumed: {said}"]
    assert resumed.detail == left[0]
    assert "not_all_resumes" in plan_of(resumed).notes
    rules, stopped = (0, 3) if said.startswith("rule") else (1, 2)
    assert platform.aws.front.count("events", "EnableRule") - enabled == rules
    assert platform.aws.front.count("states", "RedriveExecution") - redriven == stopped


def test_executions_of_a_foreign_machine_are_left(platform: Rig) -> None:
    """What the inventory no longer names is not even asked about."""
    pause(platform)
    platform.use(platform.inventory.model_copy(update={"state_machines": ()}))
    asked = platform.aws.front.count("states", "DescribeExecution")
    resumed = platform.ask("resume_processing")
    said = "executions, the inventory has no such state machine any more: seed-0, seed-1, seed-2"
    assert resumed.detail == f"not resumed: {said}"
    assert platform.aws.front.count("states", "DescribeExecution") == asked


def test_what_aws_refuses_to_redrive_is_left(
    platform: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where DescribeExecution says NOT_REDRIVABLE no redrive is tried; AWS' reason is told."""
    pause(platform)
    real = platform.worker.context.reader("stepfunctions").describe_execution
    limit = "Execution history event limit exceeded"

    def describe_execution(**arguments: Any) -> Any:
        answer = real(**arguments)
        if answer["name"] == "seed-0":
            answer |= {"redriveStatus": "NOT_REDRIVABLE", "redriveStatusReason": limit}
        return answer

    client = platform.worker.context.reader("stepfunctions")
    monkeypatch.setattr(client, "describe_execution", describe_execution)
    resumed = platform.ask("resume_processing")
    assert resumed.detail == f"not resumed: executions, AWS refuses ({limit}): seed-0"
    assert platform.aws.front.count("states", "RedriveExecution") == 2


def test_express_executions_are_said_not_to_resume(platform: Rig) -> None:
    """A pause remembers the express state machines; the plan to resume names them."""
    machines = platform.inventory.state_machines
    platform.aws.client("stepfunctions").create_state_machine(
        name=EXPRESS, definition="{}", roleArn="arn:aws:iam::123456789012:role/x", type="EXPRESS"
    )
    more = machines[0].model_copy(update={"name": EXPRESS})
    platform.use(platform.inventory.model_copy(update={"state_machines": (*machines, more)}))
    pause(platform)
    resumed = platform.ask("resume_processing")
    assert resumed.detail == f"not resumed: EXPRESS executions of {EXPRESS}, none is on record"
    assert "express_not_resumed" in plan_of(resumed).notes


def test_a_rule_that_comes_back_as_less_is_said_to(platform: Rig) -> None:
    """EnableRule cannot give CloudTrail's management events back to a rule that had them."""
    whole = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
    found = events_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].describe_rule(RULE, "default")
    found.state = whole
    pause(platform)
    plan = plan_of(platform.ask("resume_processing"))
    assert plan.diff[0] == f"rule {RULE}: DISABLED -> ENABLED (it was {whole})"
    assert "rule_state_reduced" in plan.notes


def test_lost_events_are_said_where_a_rule_comes_back(platform: Rig) -> None:
    """The plan warns of what arrived while the rule was disabled, and only then."""
    pause(platform)
    first = platform.ask("resume_processing", redrive=False)
    platform.clock.forward(600)
    second = platform.ask("resume_processing")
    assert "events_were_lost" in plan_of(first).notes
    assert "events_were_lost" not in plan_of(second).notes
