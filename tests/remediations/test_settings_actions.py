"""Actions that change a setting: done and checked, refused where they would do harm."""

from __future__ import annotations

from typing import Any

import pytest

from remediations.asking import AskedWronglyError, checked, intent
from remediations.model import Outcome, Run, State
from simulator.aws.codedeploy import Deployment, app_spec
from tests.remediations.rig import CrashError, Rig

GROUP = "/aws/lambda/lambda_router"
INSTANCE = "ons-influxdb-prod"


def retention(rig: Rig) -> int | None:
    """Return the group's real retention in days."""
    groups = rig.aws.client("logs").describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]
    days: int | None = groups[0].get("retentionInDays")
    return days


def available(rig: Rig) -> None:
    """Let the instance come up, which it begins to do when it is first looked at."""
    rig.aws.client("timestream-influxdb").list_db_instances()
    rig.clock.forward(60)


def held(run: Run) -> tuple[State, str | None]:
    """Return where a run stands and why."""
    return run.state, run.reason


def test_retention_is_set_and_said_to_delete(rig: Rig) -> None:
    """Events that were kept for ever are kept 30 days; the plan warns that older ones go."""
    done = rig.ask("set_log_retention", GROUP, days=30)
    assert (done.outcome, retention(rig)) == (Outcome.SUCCEEDED, 30)
    assert done.plan is not None
    assert (done.plan.approval, done.plan.notes) == (True, ("events_are_deleted",))


def test_longer_retention_needs_no_warning(rig: Rig) -> None:
    """Keeping events longer deletes nothing."""
    rig.ask("set_log_retention", GROUP, days=30)
    rig.clock.forward(60)
    done = rig.ask("set_log_retention", GROUP, days=90)
    assert retention(rig) == 90
    assert done.plan is not None
    assert (done.plan.approval, done.plan.notes) == (False, ())


def test_only_the_named_group_is_touched(rig: Rig) -> None:
    """A group whose name merely begins alike keeps what it has."""
    rig.aws.client("logs").create_log_group(logGroupName=GROUP + "_old")
    rig.ask("set_log_retention", GROUP, days=7)
    groups = rig.aws.client("logs").describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]
    assert [one.get("retentionInDays") for one in groups] == [7, None]


@pytest.mark.parametrize("days", [0, 2, 31, "for ever"])
def test_days_that_aws_does_not_take_are_refused(rig: Rig, days: Any) -> None:
    """A number that CloudWatch Logs would refuse is refused before a run is opened."""
    with pytest.raises(AskedWronglyError, match="days"):
        checked(rig.worker.actions["set_log_retention"], {"days": days})


def test_the_same_again_has_nothing_to_do(rig: Rig) -> None:
    """What is already so ends as cancelled, without a call."""
    rig.ask("set_log_retention", GROUP, days=30)
    rig.clock.forward(60)
    again = rig.ask("set_log_retention", GROUP, days=30)
    assert (again.outcome, again.reason) == (Outcome.CANCELLED, "already_done")
    assert rig.aws.front.count("logs", "PutRetentionPolicy") == 1


def test_change_after_approval_voids_it(rig: Rig) -> None:
    """Somebody else changes the group before the call: the approved plan is not carried out."""
    rig.ledger.deliveries.ask(_intent(rig), "test", rig.clock.at)
    waiting = rig.until(State.AWAITING_APPROVAL)
    rig.aws.client("logs").put_retention_policy(logGroupName=GROUP, retentionInDays=365)
    rig.ledger.runs.approve(waiting.id, str(waiting.plan_hash), "test", rig.clock.at)
    again = rig.until(State.AWAITING_APPROVAL, State.CLOSED)
    assert (again.state, again.approved_by) == (State.AWAITING_APPROVAL, None)
    assert again.plan_hash != waiting.plan_hash
    assert retention(rig) == 365


def _intent(rig: Rig) -> Any:
    return intent(
        rig.inventory, rig.worker.actions["set_log_retention"], GROUP, {"days": 30}, dry=False
    )


def test_provisioned_concurrency_is_waited_for(rig: Rig) -> None:
    """The run ends only when the instances are ready; 0 removes them."""
    done = rig.ask("set_provisioned_concurrency", "influxdb_loader", instances=2)
    assert done.outcome is Outcome.SUCCEEDED
    found = rig.aws.client("lambda").get_provisioned_concurrency_config(
        FunctionName="influxdb_loader", Qualifier="LIVE"
    )
    assert (found["RequestedProvisionedConcurrentExecutions"], found["Status"]) == (2, "READY")
    rig.clock.forward(60)
    removed = rig.ask("set_provisioned_concurrency", "influxdb_loader", instances=0)
    assert removed.outcome is Outcome.SUCCEEDED
    assert rig.aws.front.count("lambda", "DeleteProvisionedConcurrencyConfig") == 1


@pytest.mark.parametrize("instances", [0, 2])
def test_no_provisioned_concurrency_beside_weights(rig: Rig, instances: int) -> None:
    """An alias that divides its traffic is left alone, whatever is asked for."""
    if not instances:
        rig.ask("set_provisioned_concurrency", "influxdb_loader", instances=2)
        rig.clock.forward(60)
    asked = rig.aws.front.count("lambda", "PutProvisionedConcurrencyConfig")
    rig.aws.client("lambda").update_alias(
        FunctionName="influxdb_loader",
        Name="LIVE",
        RoutingConfig={"AdditionalVersionWeights": {"3": 0.2}},
    )
    run = rig.ask("set_provisioned_concurrency", "influxdb_loader", instances=instances)
    assert held(run) == (State.BLOCKED, "alias_weighted")
    assert "version 3: 0.2" in str(run.detail)
    assert rig.aws.front.count("lambda", "PutProvisionedConcurrencyConfig") == asked
    assert rig.aws.front.count("lambda", "DeleteProvisionedConcurrencyConfig") == 0


def test_no_provisioned_concurrency_during_a_deployment(rig: Rig) -> None:
    """A canary in progress sets weights whenever it likes: it is waited for."""
    rig.deploy("influxdb_loader", config="CodeDeployDefault.LambdaCanary10Percent30Minutes")
    assert held(rig.ask("set_provisioned_concurrency", "influxdb_loader", instances=2)) == (
        State.BLOCKED,
        "deployment_in_progress",
    )


def test_weights_set_after_the_plan_void_it(rig: Rig) -> None:
    """The alias is divided while the plan waits for approval: nothing is asked of Lambda."""
    rig.mode("approve")
    wanted = rig.worker.actions["set_provisioned_concurrency"]
    asked = intent(rig.inventory, wanted, "influxdb_loader", {"instances": 2}, dry=False)
    rig.ledger.deliveries.ask(asked, "test", rig.clock.at)
    waiting = rig.until(State.AWAITING_APPROVAL)
    rig.deploy("influxdb_loader", config="CodeDeployDefault.LambdaCanary10Percent30Minutes")
    rig.ledger.runs.approve(waiting.id, str(waiting.plan_hash), "test", rig.clock.at)
    assert rig.until(State.BLOCKED).plan_hash is None
    put = [seen for seen in rig.aws.front.seen if seen.operation.startswith("PutProvisioned")]
    assert [seen for seen in put if "influxdb_loader" in seen.resource] == []


def test_influxdb_grows_and_is_available_again(platform: Rig) -> None:
    """Class and storage change; the run ends when the instance is AVAILABLE."""
    available(platform)
    done = platform.ask("scale_influxdb", instance_type="db.influx.large", storage_gib=200)
    assert done.outcome is Outcome.SUCCEEDED
    (found,) = platform.aws.client("timestream-influxdb").list_db_instances()["items"]
    assert (found["dbInstanceType"], found["allocatedStorage"], found["status"]) == (
        *("db.influx.large", 200),
        "AVAILABLE",
    )


def test_storage_never_shrinks(platform: Rig) -> None:
    """AWS cannot shrink storage: the run is held, nothing is sent."""
    available(platform)
    assert held(platform.ask("scale_influxdb", storage_gib=50)) == (
        State.BLOCKED,
        "storage_only_grows",
    )
    assert platform.aws.front.count("timestream-influxdb", "UpdateDbInstance") == 0


def test_an_instance_that_changes_is_left_alone(platform: Rig) -> None:
    """While the instance is not AVAILABLE nothing is asked of it."""
    assert held(platform.ask("scale_influxdb", storage_gib=200)) == (
        State.BLOCKED,
        "not_available",
    )


def test_lost_answer_changes_the_instance_once(platform: Rig) -> None:
    """AWS acted and the answer was lost: the service looks instead of sending again."""
    available(platform)
    platform.aws.front.fail("timestream-influxdb", "UpdateDbInstance", times=1, after=True)
    assert platform.ask("scale_influxdb", storage_gib=200).outcome is Outcome.SUCCEEDED
    assert platform.aws.front.count("timestream-influxdb", "UpdateDbInstance") == 1


def test_deployments_are_stopped_and_rolled_back(rig: Rig) -> None:
    """Each deployment in progress is stopped with its own rollback; the alias is back."""
    before = rig.version()
    rig.deploy(config="CodeDeployDefault.LambdaCanary10Percent30Minutes")
    rig.deploy("influxdb_loader", config="CodeDeployDefault.LambdaCanary10Percent30Minutes")
    assert rig.version() != before
    done = rig.ask("stop_deployments")
    assert done.outcome is Outcome.SUCCEEDED
    assert rig.aws.front.count("codedeploy", "StopDeployment") == 2
    assert rig.version() == before


def test_only_what_is_stuck_is_stopped(rig: Rig) -> None:
    """Asked for what is stuck, a deployment that began a short while ago goes on undisturbed."""
    before = rig.version()
    rig.deploy(config="CodeDeployDefault.LambdaCanary10Percent30Minutes")
    (stuck,) = (one for one in rig.aws.deployments.all() if one.status == "InProgress")
    rig.aws.deployments.hang(stuck.id)
    rig.clock.forward(rig.inventory.thresholds.deployment_stuck + 1)
    rig.deploy("influxdb_loader", config="CodeDeployDefault.LambdaCanary10Percent30Minutes")
    done = rig.ask("stop_deployments", stuck=True)
    assert done.outcome is Outcome.SUCCEEDED
    assert rig.aws.front.count("codedeploy", "StopDeployment") == 1
    assert rig.version() == before
    assert len(rig.version("influxdb_loader")) == 2


def test_rollback_of_codedeploy_is_not_stopped(rig: Rig) -> None:
    """CodeDeploy's own rollback is the way back: it is no deployment to stop."""
    rig.aws.deployments.record(
        Deployment(
            id="d-ROLLBACK1",
            application=rig.inventory.codedeploy.application,
            group="lambda_router-deployment-group",
            function="lambda_router",
            alias="LIVE",
            current="5",
            target="4",
            config="CodeDeployDefault.LambdaCanary10Percent30Minutes",
            content=app_spec("lambda_router", "LIVE", "5", "4"),
            created=rig.clock.at,
            status="InProgress",
            creator="codeDeployRollback",
        )
    )
    done = rig.ask("stop_deployments")
    assert (done.outcome, done.reason) == (Outcome.CANCELLED, "already_done")
    assert rig.aws.front.count("codedeploy", "StopDeployment") == 0


def test_crash_while_stopping_stops_each_once(rig: Rig) -> None:
    """Killed after the first of two stops, the service comes back and sends only the second."""
    rig.deploy(config="CodeDeployDefault.LambdaCanary10Percent30Minutes")
    rig.deploy("influxdb_loader", config="CodeDeployDefault.LambdaCanary10Percent30Minutes")
    real = rig.writer

    class Dying:
        def __init__(self, client: Any) -> None:
            self._client = client

        def stop_deployment(self, **arguments: Any) -> Any:
            self._client.stop_deployment(**arguments)
            raise CrashError

    rig.writer = lambda service: Dying(real(service))
    with pytest.raises(CrashError):
        rig.ask("stop_deployments")
    rig.writer = real
    rig.restart()
    assert rig.end().outcome is Outcome.SUCCEEDED
    assert rig.aws.front.count("codedeploy", "StopDeployment") == 2
