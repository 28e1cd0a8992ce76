"""What an alert asked for succeeds only once the alert is over; what cannot be known is said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from remediations.model import Outcome, Run, State, Verdict
from tests.remediations.rig import Rig
from tests.remediations.test_processing import rule, running
from tests.remediations.test_settings_actions import available

CANARY = "CodeDeployDefault.LambdaCanary10Percent30Minutes"
DISK = 'max by (instance_id) (dataplatform_influxdb_disk_utilization_ratio{instance_id="%s"})'


def asked(rig: Rig, alertname: str, playbook: str, **labels: str) -> None:
    """Deliver an alert that asks for a playbook."""
    rig.deliver(rig.alert(labels={"alertname": alertname, "remediation": playbook, **labels}))


def verified(rig: Rig, then: Callable[[Rig], None]) -> Run:
    """Approve if that is needed, let ``then`` happen once the run is verifying, and end it."""
    found = rig.until(State.AWAITING_APPROVAL, State.VERIFYING, State.CLOSED)
    if found.state is State.AWAITING_APPROVAL:
        rig.ledger.runs.approve(found.id, str(found.plan_hash), "test", rig.clock.at)
        rig.until(State.VERIFYING)
    then(rig)
    return rig.until(State.CLOSED, seconds=10_000)


def over(rig: Rig) -> None:
    """Let the alert end."""
    rig.metrics.firing = False


def unmeasured(rig: Rig) -> None:
    """Let the alert end because its data did."""
    rig.metrics.firing, rig.metrics.invocations = False, None


def away(rig: Rig) -> None:
    """Let Prometheus go."""
    rig.metrics.away = True


def on(_rig: Rig) -> None:
    """Let the alert go on."""


def grow(rig: Rig) -> None:
    """Ask for more storage, as the alert on the disk does."""
    available(rig)
    instance = rig.inventory.influxdb.instance
    asked(rig, "InfluxDiskAlmostFull", "grow_influxdb", instance_id=instance)


def stop(rig: Rig) -> None:
    """Ask to stop a deployment that hangs, as the alert on it does."""
    rig.deploy(config=CANARY)
    (stuck,) = (one for one in rig.aws.deployments.all() if one.status == "InProgress")
    rig.aws.deployments.hang(stuck.id)
    rig.clock.forward(rig.inventory.thresholds.deployment_stuck + 1)
    application = rig.inventory.codedeploy.application
    asked(rig, "DeploymentStuck", "stop_stuck_deployment", application=application)


ENDINGS = [
    (over, Outcome.SUCCEEDED, "recovered"),
    (on, Outcome.INEFFECTIVE, "still_bad"),
    (away, Outcome.INCONCLUSIVE, "no_evidence"),
]


@pytest.mark.parametrize(
    ("then", "outcome", "reason"), [*ENDINGS, (unmeasured, Outcome.INCONCLUSIVE, "no_evidence")]
)
def test_more_storage_must_end_its_alert(
    platform: Rig, then: Callable[[Rig], None], outcome: Outcome, reason: str
) -> None:
    """The instance has grown: a success only if the alert is over and the disk still measured."""
    grow(platform)
    ended = verified(platform, then)
    (found,) = platform.aws.client("timestream-influxdb").list_db_instances()["items"]
    assert (found["allocatedStorage"], found["status"]) == (200, "AVAILABLE")
    assert (ended.outcome, ended.reason) == (outcome, reason)
    assert bool(platform.sender.send_due() > 1) is (outcome is not Outcome.SUCCEEDED)


def test_the_disk_of_the_alerts_own_instance_is_asked_for(
    platform: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The evidence is the measured disk of the instance that the alert names."""
    expressions: list[str] = []
    real = platform.metrics.value

    def value(expression: str) -> Any:
        expressions.append(expression)
        return real(expression)

    monkeypatch.setattr(platform.metrics, "value", value)
    grow(platform)
    ended = verified(platform, over)
    assert set(expressions) == {DISK % platform.inventory.influxdb.instance}
    samples = platform.ledger.runs.samples(ended.id)
    assert [one.verdict for one in samples] == [Verdict.GOOD] * 3


@pytest.mark.parametrize(("then", "outcome", "reason"), ENDINGS)
def test_a_stopped_deployment_must_end_its_alert(
    rig: Rig, then: Callable[[Rig], None], outcome: Outcome, reason: str
) -> None:
    """Nothing is in progress any more: a success only once the alert is over as well."""
    stop(rig)
    ended = verified(rig, then)
    assert rig.aws.front.count("codedeploy", "StopDeployment") == 1
    assert (ended.outcome, ended.reason) == (outcome, reason)


@pytest.mark.parametrize("then", [over, on])
def test_a_pause_contains_and_cures_nothing(platform: Rig, then: Callable[[Rig], None]) -> None:
    """Paused because of an alert a run never succeeds: it is ``contained``, and a person told."""
    asked(platform, "DataCorrupted", "pause_processing", function="structured_data_processor")
    ended = verified(platform, then)
    assert (rule(platform), running(platform)) == ("DISABLED", [])
    assert (ended.outcome, ended.reason) == (Outcome.INCONCLUSIVE, "contained")
    assert ended.detail == "processing stays stopped until a person goes on; the cause remains"
    assert platform.sender.send_due() == 1
    (told,) = platform.metrics.posted
    assert (told["labels"]["action"], told["labels"]["outcome"]) == (
        "pause_processing",
        "inconclusive",
    )
    assert told["annotations"]["description"] == ended.detail


@pytest.mark.parametrize(
    ("name", "params"), [("pause_processing", {}), ("scale_influxdb", {"storage_gib": 200})]
)
def test_by_hand_the_state_read_back_is_enough(
    platform: Rig, name: str, params: dict[str, Any]
) -> None:
    """A person need not prove that there was trouble: no alert is asked about."""
    available(platform)
    platform.metrics.away = True
    ended = platform.ask(name, **params)
    assert (ended.outcome, ended.reason) == (Outcome.SUCCEEDED, "done")
