"""Deploying: one version, one deployment, found again after a crash, followed to its end."""

from __future__ import annotations

import json
from typing import Any

import pytest

from remediations.asking import AskedWronglyError, checked, intent
from remediations.model import Outcome, Run, State
from simulator.aws.codedeploy import Deployment
from simulator.aws.lambda_functions import set_state
from simulator.seed import package, publish
from tests.remediations.rig import FUNCTION, CrashError, Rig
from tests.remediations.test_prune_versions import approve, versions, waiting

CANARY = "CodeDeployDefault.LambdaCanary10Percent30Minutes"


def change(rig: Rig, marker: str = "next") -> None:
    """Give $LATEST other code."""
    rig.aws.client("lambda").update_function_code(FunctionName=FUNCTION, ZipFile=package(marker))


def described(rig: Rig, version: str) -> str:
    """Return a version's description."""
    found = rig.aws.client("lambda").get_function_configuration(
        FunctionName=FUNCTION, Qualifier=version
    )
    return str(found["Description"])


def newest(rig: Rig) -> Deployment:
    """Return the newest deployment."""
    return rig.aws.deployments.all()[0]


def deployed(rig: Rig) -> int:
    """Return how many deployments were created."""
    return rig.aws.front.count("codedeploy", "CreateDeployment")


def published(rig: Rig) -> int:
    """Return how many times a version was asked for by the service."""
    return rig.aws.front.count("lambda", "PublishVersion")


def canary(rig: Rig) -> Run:
    """Begin a canary deployment and return the run once it is under way."""
    change(rig)
    seen = waiting(rig, "deploy_version", config=CANARY)
    approve(rig, seen)
    return rig.until(State.VERIFYING, State.CLOSED)


class Dying:
    """A client that dies right after one operation."""

    def __init__(self, client: Any, operation: str) -> None:
        self._client = client
        self._operation = operation

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)
        if name != self._operation:
            return method

        def die(**arguments: Any) -> None:
            method(**arguments)
            raise CrashError

        return die


def test_latest_is_published_and_deployed(rig: Rig) -> None:
    """$LATEST becomes version 6, which the alias serves in full; both carry the run's id."""
    before = published(rig)
    change(rig)
    done = rig.ask("deploy_version", FUNCTION)
    assert (done.outcome, rig.version()) == (Outcome.SUCCEEDED, {"6": 1.0})
    assert described(rig, "6") == f"Vigia {done.id}"
    assert newest(rig).description == f"Vigia {done.id}"
    assert (newest(rig).current, newest(rig).target) == ("5", "6")
    assert (published(rig) - before, deployed(rig)) == (1, 1)
    assert done.plan is not None
    assert done.plan.approval


def test_the_groups_pace_unless_told_otherwise(rig: Rig) -> None:
    """Without a parameter the group's own configuration holds, with one that one."""
    change(rig)
    rig.ask("deploy_version", FUNCTION)
    assert newest(rig).config == "CodeDeployDefault.LambdaAllAtOnce"
    rig.clock.forward(60)
    change(rig, "again")
    done = rig.ask("deploy_version", FUNCTION, config=CANARY)
    assert newest(rig).config == CANARY
    assert (done.outcome, rig.version()) == (Outcome.SUCCEEDED, {"7": 1.0})


def test_it_ends_only_when_the_deployment_does(rig: Rig) -> None:
    """During the canary's thirty minutes the run goes on, past the engine's usual deadline."""
    run = canary(rig)
    assert run.state is State.VERIFYING
    assert rig.version() == {"5": 0.9, "6": 0.1}
    began = rig.clock.at
    done = rig.end()
    assert (done.outcome, rig.version()) == (Outcome.SUCCEEDED, {"6": 1.0})
    assert rig.clock.at - began > rig.inventory.engine.verify_deadline


@pytest.mark.parametrize("version", ["3", 3])
def test_an_existing_version_is_not_published_again(rig: Rig, version: str | int) -> None:
    """A version given by number, as text or as a shell's JSON, is deployed as it is."""
    before = published(rig)
    done = rig.ask("deploy_version", FUNCTION, version=version)
    assert (done.outcome, rig.version()) == (Outcome.SUCCEEDED, {"3": 1.0})
    assert (published(rig), versions(rig)) == (before, [1, 2, 3, 4, 5])


def test_what_was_published_already_is_taken(rig: Rig) -> None:
    """Lambda publishes nothing new for code that is the newest version's: that one is deployed."""
    publish(rig.aws, FUNCTION, "six")
    before = published(rig)
    done = rig.ask("deploy_version", FUNCTION)
    assert (done.outcome, rig.version()) == (Outcome.SUCCEEDED, {"6": 1.0})
    assert (published(rig), described(rig, "6")) == (before, "six")


def test_what_is_served_already_is_refused(rig: Rig) -> None:
    """$LATEST is what version 5 is: nothing is published, nothing deployed."""
    done = rig.ask("deploy_version", FUNCTION)
    assert (done.outcome, done.reason) == (Outcome.CANCELLED, "already_serving")
    rig.clock.forward(60)
    given = rig.ask("deploy_version", FUNCTION, version="5")
    assert (given.outcome, given.reason) == (Outcome.CANCELLED, "already_serving")
    assert deployed(rig) == 0


def test_other_configuration_is_something_to_deploy(rig: Rig) -> None:
    """The same code with another variable is not the same; its value is nowhere on record."""
    rig.aws.client("lambda").update_function_configuration(
        FunctionName=FUNCTION, Environment={"Variables": {"TOKEN": "a-secret-value"}}
    )
    done = rig.ask("deploy_version", FUNCTION)
    assert (done.outcome, rig.version()) == (Outcome.SUCCEEDED, {"6": 1.0})
    with rig.ledger.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT body FROM audit").fetchall()
    assert "a-secret-value" not in json.dumps([row[0] for row in rows])


def test_nothing_is_begun_while_a_deployment_runs(rig: Rig) -> None:
    """Another deployment of the group is in progress: the run is held and publishes nothing."""
    rig.deploy(config=CANARY)
    before = published(rig)
    change(rig, "later")
    held = rig.ask("deploy_version", FUNCTION)
    assert (held.state, held.reason) == (State.BLOCKED, "deployment_in_progress")
    assert (published(rig), deployed(rig)) == (before, 0)


def test_a_deployment_that_nobody_can_read_holds_too(rig: Rig) -> None:
    """A deployment whose AppSpec lies in S3 says nothing of its versions, but it runs."""
    rig.deploy(config=CANARY)
    newest(rig).content = ""
    change(rig, "later")
    held = rig.ask("deploy_version", FUNCTION)
    assert (held.state, held.reason) == (State.BLOCKED, "deployment_in_progress")


def test_code_that_changed_after_approval_is_not_published(rig: Rig) -> None:
    """Somebody uploads other code after the approval: the plan is void, nothing is published."""
    before = published(rig)
    change(rig)
    seen = waiting(rig, "deploy_version")
    change(rig, "somebody else's")
    approve(rig, seen)
    again = rig.until(State.AWAITING_APPROVAL, State.CLOSED)
    assert (again.state, again.approved_by) == (State.AWAITING_APPROVAL, None)
    assert (published(rig), deployed(rig)) == (before, 0)


def test_code_that_changes_at_the_last_moment_is_not_published(rig: Rig) -> None:
    """The upload comes between the look and the call: AWS refuses by the revision."""
    real = rig.writer

    class Racing:
        def __init__(self, client: Any) -> None:
            self._client = client

        def publish_version(self, **arguments: Any) -> Any:
            change(rig, "somebody else's")
            return self._client.publish_version(**arguments)

    rig.writer = lambda service: Racing(real(service))
    change(rig)
    done = rig.ask("deploy_version", FUNCTION)
    assert (done.outcome, done.reason) == (Outcome.FAILED, "refused")
    assert (versions(rig), deployed(rig)) == ([1, 2, 3, 4, 5], 0)


def test_an_alias_that_moved_meanwhile_is_left_alone(rig: Rig) -> None:
    """Somebody moves the alias between publishing and deploying: no deployment is made."""
    real = rig.writer

    class Racing:
        def __init__(self, client: Any) -> None:
            self._client = client

        def publish_version(self, **arguments: Any) -> Any:
            answer = self._client.publish_version(**arguments)
            rig.move_alias("2")
            return answer

    rig.writer = lambda service: Racing(real(service))
    change(rig)
    done = rig.ask("deploy_version", FUNCTION)
    assert (done.outcome, done.reason) == (Outcome.INCONCLUSIVE, "drift")
    assert (rig.version(), deployed(rig)) == ({"2": 1.0}, 0)


@pytest.mark.parametrize("operation", ["publish_version", "create_deployment"])
def test_a_crash_makes_nothing_twice(rig: Rig, operation: str) -> None:
    """Killed right after either call, the service finds what it made and goes on from there."""
    before = published(rig)
    change(rig)
    real = rig.writer
    rig.writer = lambda service: Dying(real(service), operation)
    with pytest.raises(CrashError):
        rig.ask("deploy_version", FUNCTION)
    rig.writer = real
    rig.restart()
    assert rig.end().outcome is Outcome.SUCCEEDED
    assert (published(rig) - before, deployed(rig)) == (1, 1)
    assert (versions(rig), rig.version()) == ([1, 2, 3, 4, 5, 6], {"6": 1.0})


@pytest.mark.parametrize(
    ("service", "operation"), [("lambda", "PublishVersion"), ("codedeploy", "CreateDeployment")]
)
def test_lost_answers_make_nothing_twice(rig: Rig, service: str, operation: str) -> None:
    """AWS acted and the answer was lost: the version or deployment is found by its description."""
    before = published(rig)
    change(rig)
    rig.aws.front.fail(service, operation, times=1, after=True)
    assert rig.ask("deploy_version", FUNCTION).outcome is Outcome.SUCCEEDED
    assert (published(rig) - before, deployed(rig)) == (1, 1)


def test_a_call_that_did_not_happen_is_made_again(rig: Rig) -> None:
    """AWS failed before it acted: nothing is found, so the call is made once more."""
    change(rig)
    rig.aws.front.fail("codedeploy", "CreateDeployment", times=1)
    assert rig.ask("deploy_version", FUNCTION).outcome is Outcome.SUCCEEDED
    assert (deployed(rig), rig.version()) == (1, {"6": 1.0})


@pytest.mark.parametrize(
    ("serving", "said"),
    [({"5": 1.0}, "rolled back by d-"), ({"5": 0.9, "6": 0.1}, "not rolled back")],
)
def test_a_failed_deployment_is_told(rig: Rig, serving: dict[str, float], said: str) -> None:
    """CodeDeploy's alarm ends the canary: the run failed, and says what serves now and why."""
    canary(rig)
    rig.aws.deployments.fail(newest(rig).id, roll_back=len(serving) == 1)
    done = rig.end()
    assert (done.outcome, done.reason) == (Outcome.FAILED, "deployment_failed")
    assert said in str(done.detail)
    assert "Failed" in str(done.detail)
    assert rig.version() == serving
    assert deployed(rig) == 1


def test_a_stopped_deployment_is_told(rig: Rig) -> None:
    """Somebody stops it: that is no success, and the alias is where CodeDeploy left it."""
    canary(rig)
    rig.aws.deployments.stop(newest(rig).id, roll_back=True)
    done = rig.end()
    assert (done.outcome, done.reason) == (Outcome.FAILED, "deployment_failed")
    assert "Stopped" in str(done.detail)
    assert rig.version() == {"5": 1.0}


def test_a_version_that_is_not_ready_is_waited_for(rig: Rig) -> None:
    """SnapStart needs minutes: no deployment begins before the version is Active."""
    change(rig)
    real = rig.writer

    class Slow:
        def __init__(self, client: Any) -> None:
            self._client = client

        def publish_version(self, **arguments: Any) -> Any:
            answer = self._client.publish_version(**arguments)
            set_state(rig.aws.region, FUNCTION, "6", "Pending", "Successful")
            return answer

        def create_deployment(self, **arguments: Any) -> Any:
            return self._client.create_deployment(**arguments)

    rig.writer = lambda service: Slow(real(service))
    seen = waiting(rig, "deploy_version")
    approve(rig, seen)
    rig.until(State.RUNNING)
    for _ in range(4):
        rig.step()
        rig.clock.forward(rig.inventory.engine.sample_every)
    assert (rig.run().state, deployed(rig)) == (State.RUNNING, 0)
    set_state(rig.aws.region, FUNCTION, "6", "Active", "Successful")
    assert rig.end().outcome is Outcome.SUCCEEDED


def test_a_version_that_never_gets_ready_ends_the_run(rig: Rig) -> None:
    """A version that failed to become Active is not deployed; the run does not wait for ever."""
    change(rig)
    real = rig.writer

    class Broken:
        def __init__(self, client: Any) -> None:
            self._client = client

        def publish_version(self, **arguments: Any) -> Any:
            answer = self._client.publish_version(**arguments)
            set_state(rig.aws.region, FUNCTION, "6", "Failed", "Failed")
            return answer

    rig.writer = lambda service: Broken(real(service))
    done = rig.ask("deploy_version", FUNCTION)
    assert (done.outcome, done.reason) == (Outcome.FAILED, "no_effect")
    assert (rig.version(), deployed(rig)) == ({"5": 1.0}, 0)


@pytest.mark.parametrize(
    "params", [{"version": "$LATEST"}, {"version": "LIVE"}, {"config": "no such; thing"}]
)
def test_what_cannot_be_deployed_cannot_be_asked(rig: Rig, params: dict[str, str]) -> None:
    """A version is a number, a configuration a name."""
    with pytest.raises(AskedWronglyError):
        checked(rig.worker.actions["deploy_version"], params)


def test_an_unknown_version_is_held(rig: Rig) -> None:
    """A number that was never published is not deployed."""
    held = rig.ask("deploy_version", FUNCTION, version="77")
    assert (held.state, held.reason) == (State.BLOCKED, "target_missing")


def test_an_unknown_configuration_is_refused_by_codedeploy(rig: Rig) -> None:
    """CodeDeploy does not know the pace: the run fails with its word, nothing has moved."""
    done = rig.ask("deploy_version", FUNCTION, version="3", config="Nonsense")
    assert (done.outcome, done.reason) == (Outcome.FAILED, "refused")
    assert "DeploymentConfigDoesNotExist" in str(done.detail)
    assert rig.version() == {"5": 1.0}


def test_functions_without_a_group_are_no_targets(rig: Rig) -> None:
    """Where nothing says how to deploy, nothing is deployed."""
    functions = tuple(
        one.model_copy(update={"deployment_group": None}) if one.name == FUNCTION else one
        for one in rig.inventory.functions
    )
    rig.use(rig.inventory.model_copy(update={"functions": functions}))
    with pytest.raises(AskedWronglyError, match="may not act"):
        intent(rig.inventory, rig.worker.actions["deploy_version"], FUNCTION, {}, dry=False)
