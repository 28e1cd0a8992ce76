"""The rollback from delivery to outcome, against the embedded AWS."""

from __future__ import annotations

import pytest

from remediations.model import Outcome, State, StepState
from simulator.aws.codedeploy import Deployment, app_spec
from simulator.aws.lambda_functions import set_state
from tests.remediations.rig import FUNCTION, Rig


def regressed(rig: Rig) -> str:
    """Deploy a bad version, let time pass, deliver the alert; return the version."""
    version = rig.deploy()
    rig.clock.forward(120)
    rig.deliver(rig.alert())
    return version


def recover(rig: Rig) -> None:
    """Let the metrics say that the trouble is gone."""
    rig.metrics.ratio = 0.0


def test_rolls_back_and_verifies(rig: Rig) -> None:
    """A regressed function is rolled back with cleared weights, verified, and recorded in full."""
    bad = regressed(rig)
    rig.until(State.VERIFYING)
    assert rig.version() == {"5": 1.0}
    recover(rig)
    run = rig.end()
    assert run.outcome is Outcome.SUCCEEDED
    assert rig.audit_kinds(run.id) == [
        "run_opened", "delivery", "plan", "intent", "result", "applied",
        "sample", "sample", "sample", "closed",
    ]  # fmt: skip
    assert rig.ledger.facts.verdicts(FUNCTION) == {"5": True, bad: False}
    assert rig.ledger.escalations.pending() == 0
    assert rig.aws.front.count("lambda", "UpdateAlias") == 1


def test_plan_says_what_rolls_back_too(rig: Rig) -> None:
    """The plan names the exact conditional call and what configuration rolls back with the code."""
    client = rig.aws.client("lambda")
    client.update_function_configuration(
        FunctionName=FUNCTION, MemorySize=1024, Environment={"Variables": {"LOG_LEVEL": "s3cret"}}
    )
    regressed(rig)
    rig.step()
    plan = rig.run().plan
    assert plan is not None
    assert plan.calls[0].arguments["RoutingConfig"] == {"AdditionalVersionWeights": {}}
    assert plan.calls[0].arguments["RevisionId"] == plan.before["revision"]
    assert plan.diff[0] == "lambda_router:LIVE version 6 -> 5"
    assert "MemorySize: 1024 -> 512" in plan.diff
    assert "environment variable LOG_LEVEL changes" in plan.diff
    assert "s3cret" not in str(plan)


def test_still_bad_is_ineffective_and_escalates(rig: Rig) -> None:
    """When the trouble goes on after the rollback, a human is told and nothing more is done."""
    regressed(rig)
    run = rig.end()
    assert run.outcome is Outcome.INEFFECTIVE
    rig.sender.send_due()
    assert [alert["labels"]["outcome"] for alert in rig.metrics.posted] == ["ineffective"]
    assert rig.aws.front.count("lambda", "UpdateAlias") == 1


def test_no_traffic_is_inconclusive(rig: Rig) -> None:
    """No invocations after the rollback prove nothing: never a success."""
    regressed(rig)
    rig.until(State.VERIFYING)
    rig.metrics.ratio, rig.metrics.invocations = None, 0.0
    assert rig.end().outcome is Outcome.INCONCLUSIVE


def test_prometheus_away_is_inconclusive(rig: Rig) -> None:
    """A Prometheus that does not answer after the rollback never makes it a success."""
    regressed(rig)
    rig.until(State.VERIFYING)
    rig.metrics.away = True
    assert rig.end().outcome is Outcome.INCONCLUSIVE


def test_worse_is_undone(rig: Rig) -> None:
    """When the trouble grew, the alias goes back to where it was, conditionally, and once."""
    bad = regressed(rig)
    rig.until(State.VERIFYING)
    rig.metrics.ratio = 0.9
    run = rig.end()
    assert run.outcome is Outcome.UNDONE
    assert rig.version() == {bad: 1.0}
    assert rig.ledger.escalations.pending() == 1


def test_undo_keeps_hands_off_after_drift(rig: Rig) -> None:
    """If somebody moved the alias meanwhile, nothing is undone and a human is told."""
    regressed(rig)
    rig.until(State.VERIFYING)
    rig.metrics.ratio = 0.9
    rig.move_alias("3")
    run = rig.end()
    assert (run.outcome, run.reason) == (Outcome.INCONCLUSIVE, "drift")
    assert rig.version() == {"3": 1.0}


@pytest.mark.parametrize("restarted", [False, True])
def test_moved_away_and_back_is_not_undone(rig: Rig, restarted: bool) -> None:  # noqa: FBT001 a parameter
    """Somebody moved the alias and put it back: it looks like ours, but it is theirs now."""
    regressed(rig)
    rig.until(State.VERIFYING)
    rig.metrics.ratio = 0.9
    if restarted:
        rig.restart()
    rig.move_alias("3")
    rig.move_alias("5")
    run = rig.end()
    assert (run.outcome, run.reason) == (Outcome.INCONCLUSIVE, "drift")
    assert (rig.version(), rig.ledger.escalations.pending()) == ({"5": 1.0}, 1)


def test_undone_after_a_restart(rig: Rig) -> None:
    """The revision that our own call made outlives the process that made it."""
    bad = regressed(rig)
    rig.until(State.VERIFYING)
    rig.metrics.ratio = 0.9
    rig.restart()
    assert rig.end().outcome is Outcome.UNDONE
    assert rig.version() == {bad: 1.0}


def test_without_the_own_revision_nothing_is_undone(rig: Rig) -> None:
    """Our call's answer was lost: whether the alias is still ours cannot be known, a human can."""
    regressed(rig)
    rig.aws.front.fail("lambda", "UpdateAlias", status=500, times=1, after=True)
    rig.until(State.VERIFYING)
    rig.metrics.ratio = 0.9
    run = rig.end()
    assert (run.outcome, run.reason) == (Outcome.INCONCLUSIVE, "own_change_unknown")
    assert (rig.version(), rig.ledger.escalations.pending()) == ({"5": 1.0}, 1)


def test_undo_brings_weights_back(rig: Rig) -> None:
    """An alias that divided its traffic divides it again when the rollback is undone."""
    bad = regressed(rig)
    rig.aws.client("lambda").update_alias(
        FunctionName=FUNCTION, Name="LIVE", RoutingConfig={"AdditionalVersionWeights": {"3": 0.2}}
    )
    rig.until(State.VERIFYING)
    rig.metrics.ratio = 0.9
    assert rig.end().outcome is Outcome.UNDONE
    assert rig.version() == {bad: 0.8, "3": 0.2}


def test_nothing_is_undone_under_a_deployment(rig: Rig) -> None:
    """Somebody's deployment has begun and not moved the alias yet: an undo would fight it."""
    regressed(rig)
    rig.until(State.VERIFYING)
    rig.metrics.ratio = 0.9
    waits(rig)
    run = rig.end()
    assert (run.outcome, run.reason) == (Outcome.INCONCLUSIVE, "drift")
    assert rig.version() == {"5": 1.0}


def test_nothing_is_moved_under_a_deployment(rig: Rig) -> None:
    """A deployment began after the plan was made and has not moved the alias yet: plan anew."""
    rig.mode("approve")
    bad = regressed(rig)
    waiting = rig.until(State.AWAITING_APPROVAL)
    waits(rig)
    rig.ledger.runs.approve(waiting.id, str(waiting.plan_hash), "test", rig.clock.at)
    rig.until(State.BLOCKED)
    assert (rig.run().plan_hash, rig.version()) == (None, {bad: 1.0})


def waits(rig: Rig) -> None:
    """Let there be a deployment that waits for its turn."""
    found = Deployment(
        id="d-WAITING01",
        application=rig.inventory.codedeploy.application,
        group=str(rig.inventory.function(FUNCTION).deployment_group),
        function=FUNCTION,
        alias="LIVE",
        current="5",
        target="4",
        config="CodeDeployDefault.LambdaAllAtOnce",
        content=app_spec(FUNCTION, "LIVE", "5", "4"),
        created=rig.clock.at,
    )
    rig.aws.deployments.record(found)
    rig.aws.deployments.hang(found.id, status="Created")


def test_no_recent_deployment_blocks(rig: Rig) -> None:
    """Errors without a recent deployment are not rolled back: BLOCKED, and a human is told."""
    rig.deliver(rig.alert())
    rig.step()
    run = rig.run()
    assert (run.state, run.reason) == (State.BLOCKED, "no_recent_deployment")
    assert rig.ledger.escalations.pending() == 1
    assert rig.end().outcome is Outcome.EXPIRED
    assert rig.aws.front.count("lambda", "UpdateAlias") == 0


def test_trouble_before_the_deployment_blocks(rig: Rig) -> None:
    """A function that failed as much before the deployment is not rolled back."""
    rig.metrics.old = (300.0, 1000.0)
    regressed(rig)
    rig.step()
    assert rig.run().reason == "trouble_before_deployment"


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("old", (0.0, 3.0), "no_baseline"),
        ("new", (None, None), "no_data"),
        ("ratio", None, "no_data"),
    ],
)
def test_missing_data_is_not_evidence(rig: Rig, field: str, value: object, reason: str) -> None:
    """Without measurements nothing is done, and the run says which were missing."""
    setattr(rig.metrics, field, value)
    regressed(rig)
    rig.step()
    assert (rig.run().state, rig.run().reason) == (State.BLOCKED, reason)


def test_recovered_before_acting_does_nothing(rig: Rig) -> None:
    """Trouble that is gone before the action is left alone, and nobody is woken."""
    regressed(rig)
    rig.metrics.ratio = 0.001
    run = rig.end()
    assert (run.outcome, run.reason) == (Outcome.CANCELLED, "recovered")
    assert rig.ledger.escalations.pending() == 0


def test_skips_versions_known_to_be_bad(rig: Rig) -> None:
    """The target is the newest version that served healthily, not the highest but the current."""
    regressed(rig)
    rig.until(State.VERIFYING)
    recover(rig)
    rig.end()
    rig.metrics.ratio = 0.35
    rig.clock.forward(rig.inventory.engine.cool_down + 60)
    bad_too = rig.deploy()
    rig.clock.forward(120)
    assert bad_too == "7"
    rig.deliver(rig.alert())
    rig.until(State.VERIFYING)
    assert rig.version() == {"5": 1.0}


def test_skips_a_version_that_was_deleted(rig: Rig) -> None:
    """A version that no longer exists is no target: the one before it is."""
    regressed(rig)
    rig.aws.client("lambda").delete_function(FunctionName=FUNCTION, Qualifier="5")
    rig.until(State.VERIFYING)
    assert rig.version() == {"4": 1.0}


@pytest.mark.parametrize("state", ["Inactive", "Pending", "Failed"])
def test_skips_a_version_that_cannot_serve(rig: Rig, state: str) -> None:
    """A version that is not Active (SnapStart lets it sleep) is no target: the one before it is."""
    regressed(rig)
    set_state(rig.aws.region, FUNCTION, "5", state, "Successful")
    rig.until(State.VERIFYING)
    assert rig.version() == {"4": 1.0}


def test_stops_a_deployment_in_progress(rig: Rig) -> None:
    """A canary in progress is stopped, with CodeDeploy's own rollback; the alias is left to it."""
    rig.deploy(config="CodeDeployDefault.LambdaCanary10Percent30Minutes")
    rig.clock.forward(60)
    assert rig.version() == {"5": 0.9, "6": 0.1}
    rig.deliver(rig.alert())
    rig.until(State.VERIFYING)
    assert rig.version() == {"5": 1.0}
    assert rig.aws.front.count("lambda", "UpdateAlias") == 0
    recover(rig)
    assert rig.end().outcome is Outcome.SUCCEEDED


def test_clears_weights(rig: Rig) -> None:
    """Weights left on the alias are cleared explicitly: AWS keeps them otherwise."""
    regressed(rig)
    rig.aws.client("lambda").update_alias(
        FunctionName=FUNCTION, Name="LIVE", RoutingConfig={"AdditionalVersionWeights": {"3": 0.2}}
    )
    rig.until(State.VERIFYING)
    assert rig.version() == {"5": 1.0}


def test_refused_call_fails_and_escalates(rig: Rig) -> None:
    """A call that AWS refuses for good is a failure, recorded with its request id and error."""
    regressed(rig)
    rig.aws.front.fail("lambda", "UpdateAlias", code="AccessDeniedException", status=403)
    run = rig.end()
    assert run.outcome is Outcome.FAILED
    step = rig.ledger.runs.steps(run.id)[0]
    assert step.state is StepState.FAILED
    assert "AccessDeniedException" in str(step.error)
    assert rig.ledger.escalations.pending() == 1


def test_throttled_call_is_made_again_after_reading(rig: Rig) -> None:
    """A throttled call did not happen: it is made again, after a look at the alias."""
    regressed(rig)
    rig.aws.front.fail(
        "lambda", "UpdateAlias", code="TooManyRequestsException", status=429, times=1
    )
    rig.until(State.VERIFYING)
    assert rig.version() == {"5": 1.0}
    assert rig.ledger.runs.steps(rig.run().id)[0].attempts == 2


def test_lost_answer_is_found_out(rig: Rig) -> None:
    """A call that took effect but whose answer was lost is found by reading, never sent again."""
    regressed(rig)
    rig.aws.front.fail("lambda", "UpdateAlias", status=500, times=1, after=True)
    rig.until(State.VERIFYING)
    calls = [seen for seen in rig.aws.front.seen if seen.operation == "UpdateAlias"]
    assert len(calls) == 1
    assert rig.ledger.runs.steps(rig.run().id)[0].attempts == 1


def test_aws_away_blocks_then_goes_on(rig: Rig) -> None:
    """While AWS does not answer the run waits visibly; when it is back the run goes on."""
    regressed(rig)
    rig.aws.front.fail("lambda", "GetAlias", status=503, code="ServiceUnavailable")
    rig.step()
    assert (rig.run().state, rig.run().reason) == (State.BLOCKED, "aws_error")
    rig.aws.front.heal()
    rig.until(State.VERIFYING)
