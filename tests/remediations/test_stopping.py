"""Deployments in progress: which may be stopped, how long that takes, and who brings them back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from remediations.asking import intent
from remediations.model import Outcome, Run, State
from simulator.aws.codedeploy import Deployment
from tests.remediations.rig import FUNCTION, Rig

CANARY = "CodeDeployDefault.LambdaCanary10Percent30Minutes"
OTHER = "influxdb_loader"
STATES = ["Created", "Queued", "InProgress", "Baking", "Ready"]


def canary(rig: Rig, function: str = FUNCTION) -> Deployment:
    """Begin to deploy a version with a tenth of the traffic."""
    rig.deploy(function, config=CANARY)
    return rig.aws.deployments.all()[0]


def roll_back(rig: Rig) -> None:
    """Let the alert ask for a rollback a minute after the canary began."""
    rig.clock.forward(60)
    rig.deliver(rig.alert())


def stop_all(rig: Rig) -> None:
    """Let a person ask to stop everything, and approve it."""
    action = rig.worker.actions["stop_deployments"]
    wanted = intent(rig.inventory, action, None, {}, dry=False)
    rig.ledger.deliveries.ask(wanted, "test", rig.clock.at)
    waiting = rig.until(State.AWAITING_APPROVAL)
    rig.ledger.runs.approve(waiting.id, str(waiting.plan_hash), "test", rig.clock.at)


EITHER = pytest.mark.parametrize("ask", [roll_back, stop_all])
Ask = Callable[[Rig], None]


def stops(rig: Rig) -> int:
    """Return how many stops CodeDeploy took."""
    return rig.aws.front.count("codedeploy", "StopDeployment")


def way_back(rig: Rig, stopped: Deployment) -> Deployment:
    """Return CodeDeploy's own rollback of a deployment."""
    return rig.aws.deployments.get(stopped.rollback["rollbackDeploymentId"])


def recovered(rig: Rig) -> Run:
    """Let the trouble be over once the run has acted, and return the run as it ends."""
    rig.until(State.VERIFYING)
    rig.metrics.ratio = 0.0
    return rig.end()


def why(rig: Rig) -> tuple[State, str | None]:
    """Return where the run is held, and why."""
    run = rig.until(State.BLOCKED)
    return run.state, run.reason


def during_the_stop(rig: Rig, then: Callable[[], Any]) -> None:
    """Do ``then`` when the first stop is on its way to AWS."""
    real, done = rig.writer, []

    class Late:
        def __init__(self, client: Any) -> None:
            self._client = client

        def stop_deployment(self, **arguments: Any) -> Any:
            if not done:
                done.append(then())
            return self._client.stop_deployment(**arguments)

    rig.writer = lambda service: Late(real(service))


def test_a_cure_that_rolls_out_is_left_alone(rig: Rig) -> None:
    """An operator deploys a fix after the alert fired: the rollback does not stop it."""
    rig.deploy()
    rig.clock.forward(120)
    fired = rig.clock.at
    rig.clock.forward(30)
    canary(rig)
    rig.clock.forward(10)
    rig.deliver(rig.alert(at=fired))
    assert why(rig) == (State.BLOCKED, "trouble_before_deployment")
    assert (stops(rig), rig.version()) == (0, {"6": 0.9, "7": 0.1})


@pytest.mark.parametrize(
    ("new", "reason"),
    [((1.0, 200.0), "trouble_before_deployment"), ((None, None), "no_data")],
)
def test_a_canary_that_is_not_to_blame_goes_on(
    rig: Rig, new: tuple[float | None, float | None], reason: str
) -> None:
    """The alert fired after the fix began to roll out, but it is the old version that fails."""
    rig.metrics.new, rig.metrics.old = new, (300.0, 1000.0)
    canary(rig)
    roll_back(rig)
    assert why(rig) == (State.BLOCKED, reason)
    assert (stops(rig), rig.version()) == (0, {"5": 0.9, "6": 0.1})


@EITHER
@pytest.mark.parametrize("status", STATES)
def test_every_state_before_the_end_is_in_progress(rig: Rig, ask: Ask, status: str) -> None:
    """A deployment that waits, bakes or is ready owns the alias as one that shifts traffic does."""
    rig.aws.deployments.hang(canary(rig).id, status=status)
    ask(rig)
    assert recovered(rig).outcome is Outcome.SUCCEEDED
    assert (stops(rig), rig.aws.front.count("lambda", "UpdateAlias")) == (1, 0)


@EITHER
def test_a_slow_stop_is_waited_for(rig: Rig, ask: Ask) -> None:
    """CodeDeploy answers Pending and stops a minute later: the run waits, and asks once."""
    rig.aws.deployments.stop_seconds = 60
    stopped = canary(rig)
    ask(rig)
    assert recovered(rig).outcome is Outcome.SUCCEEDED
    assert (stopped.status, stops(rig), rig.version()) == ("Stopped", 1, {"5": 1.0})


@EITHER
def test_a_stop_that_never_ends_calls_a_human(rig: Rig, ask: Ask) -> None:
    """The wait for a slow stop has an end: the run says that AWS did not finish."""
    rig.aws.deployments.stop_seconds = 10 * rig.inventory.engine.verify_deadline
    canary(rig)
    before = rig.ledger.escalations.pending()
    ask(rig)
    run = rig.end()
    assert (run.outcome, run.reason) == (Outcome.INCONCLUSIVE, "never_settled")
    assert (stops(rig), rig.ledger.escalations.pending() - before) == (1, 1)


@EITHER
def test_a_lost_answer_to_a_slow_stop(rig: Rig, ask: Ask) -> None:
    """The answer is lost while the deployment still goes on: asking once more does no harm."""
    rig.aws.deployments.stop_seconds = 60
    canary(rig)
    rig.aws.front.fail("codedeploy", "StopDeployment", times=1, after=True)
    ask(rig)
    assert recovered(rig).outcome is Outcome.SUCCEEDED
    assert rig.version() == {"5": 1.0}
    assert rig.ledger.runs.steps(rig.run().id)[0].attempts == 2


@EITHER
def test_the_way_back_is_followed_to_its_end(rig: Rig, ask: Ask) -> None:
    """The run ends well only after CodeDeploy's own rollback has; the alias is read after it."""
    rig.aws.deployments.rollback_seconds = 45
    stopped = canary(rig)
    ask(rig)
    run = recovered(rig)
    assert run.outcome is Outcome.SUCCEEDED
    ended = way_back(rig, stopped).completed
    assert run.closed_at is not None
    assert ended is not None
    assert run.closed_at >= ended
    assert rig.version() == {"5": 1.0}


@EITHER
def test_a_rollback_of_codedeploy_that_fails_is_told(rig: Rig, ask: Ask) -> None:
    """Nothing is in progress any more, but the alias is not back: no success, a human hears."""
    rig.aws.deployments.rollback_seconds = 60
    stopped = canary(rig)
    before = rig.ledger.escalations.pending()
    ask(rig)
    rig.until(State.VERIFYING)
    back = rig.aws.deployments.fail(way_back(rig, stopped).id, roll_back=False)
    run = rig.end()
    assert (run.outcome, run.reason) == (Outcome.FAILED, "not_rolled_back")
    assert run.detail == f"{stopped.id} is Stopped, its rollback {back.id} is Failed"
    assert rig.ledger.escalations.pending() - before == 1


@EITHER
def test_no_rollback_at_all_is_told(rig: Rig, ask: Ask) -> None:
    """CodeDeploy stops and names no rollback: it is waited for, and then a human is called."""
    rig.aws.deployments.rollback_seconds = 60
    stopped = canary(rig)
    ask(rig)
    applied = rig.until(State.VERIFYING).applied_at
    rig.aws.deployments.forget(way_back(rig, stopped).id)
    stopped.rollback = {}
    run = rig.end()
    assert (run.outcome, run.reason) == (Outcome.FAILED, "not_rolled_back")
    assert run.detail == f"{stopped.id} is Stopped, no rollback"
    assert run.closed_at is not None
    assert applied is not None
    assert run.closed_at >= applied + rig.inventory.engine.verify_deadline


def test_a_deployment_that_succeeds_before_the_stop_is_told(rig: Rig) -> None:
    """The version came to serve everything before the stop arrived: that is no success."""
    stopped = canary(rig)
    during_the_stop(rig, lambda: rig.clock.forward(1800))
    stop_all(rig)
    run = rig.end()
    assert (run.outcome, run.reason) == (Outcome.FAILED, "not_stopped")
    assert stopped.id in str(run.detail)
    assert rig.version() == {"6": 1.0}


def test_what_begins_meanwhile_is_followed_too(rig: Rig) -> None:
    """A deployment that began after the plan is stopped, and its failed rollback is told."""
    rig.aws.deployments.rollback_seconds = 60
    canary(rig)
    during_the_stop(rig, lambda: canary(rig, OTHER))
    stop_all(rig)
    rig.until(State.VERIFYING)
    stopped = [d for d in rig.aws.deployments.all() if d.status == "Stopped"]
    (second,) = (d for d in stopped if d.function == OTHER)
    rig.aws.deployments.fail(way_back(rig, second).id, roll_back=False)
    run = rig.end()
    assert (run.outcome, stops(rig)) == (Outcome.FAILED, 2)
    assert second.id in str(run.detail)


def test_an_alias_that_somebody_moved_meanwhile_is_left_alone(rig: Rig) -> None:
    """Somebody moved the alias by hand during a canary: the canary is theirs to end."""
    canary(rig)
    rig.aws.client("lambda").update_alias(
        FunctionName=FUNCTION,
        Name="LIVE",
        FunctionVersion="3",
        RoutingConfig={"AdditionalVersionWeights": {}},
    )
    roll_back(rig)
    assert why(rig) == (State.BLOCKED, "drift")
    assert (stops(rig), rig.version()) == (0, {"3": 1.0})


def test_what_is_approved_is_looked_at_again(rig: Rig) -> None:
    """The canary ended while the plan waited for a person: nothing is stopped."""
    rig.mode("approve")
    canary(rig)
    roll_back(rig)
    waiting = rig.until(State.AWAITING_APPROVAL)
    rig.clock.forward(1800)
    rig.ledger.runs.approve(waiting.id, str(waiting.plan_hash), "test", rig.clock.at)
    rig.until(State.BLOCKED)
    assert (rig.run().plan_hash, stops(rig)) == (None, 0)


def test_a_deployment_that_cannot_be_read_is_not_fought(rig: Rig) -> None:
    """Its AppSpec lies in S3: where it moves the alias is unknown, so the alias is not moved."""
    rig.deploy()
    rig.clock.forward(120)
    unread = Deployment(
        id="d-UNREAD001",
        application=rig.inventory.codedeploy.application,
        group=str(rig.inventory.function(FUNCTION).deployment_group),
        function=FUNCTION,
        alias="LIVE",
        current="6",
        target="4",
        config=CANARY,
        content="",
        created=rig.clock.at,
        status="InProgress",
    )
    rig.aws.deployments.record(unread)
    rig.deliver(rig.alert())
    assert why(rig) == (State.BLOCKED, "deployment_in_progress")
    assert rig.aws.front.count("lambda", "UpdateAlias") == 0
