"""CodeDeploy and Lambda of the embedded platform, where they must be as AWS is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from inventory.load import load_inventory
from inventory.model import Inventory
from simulator.aws.codedeploy import Deployment, app_spec
from simulator.aws.lambda_functions import serving
from simulator.aws.server import EmbeddedAws
from simulator.seed import publish, seed_functions

ROOT = Path(__file__).resolve().parents[2]
FUNCTION = "lambda_router"


class Platform:
    """The functions, seeded, with a clock that only the test moves."""

    def __init__(self) -> None:
        self.at = 1_790_000_000.0
        self.inventory: Inventory = load_inventory(ROOT / "platform.yaml")
        self.aws = EmbeddedAws(self.inventory.aws.region, lambda: self.at).start()
        seed_functions(self.aws, self.inventory, lambda: self.at)

    def canary(self) -> Deployment:
        """Begin a canary of a new version."""
        version = publish(self.aws, FUNCTION, "new")
        return self.aws.deployments.create(
            self.inventory.codedeploy.application,
            str(self.inventory.function(FUNCTION).deployment_group),
            app_spec(FUNCTION, "LIVE", "5", version),
            "CodeDeployDefault.LambdaCanary10Percent30Minutes",
        )

    def stop(self, deployment: Deployment) -> str:
        """Ask CodeDeploy to stop a deployment and to roll it back; return its answer."""
        answer = self.aws.client("codedeploy").stop_deployment(
            deploymentId=deployment.id, autoRollbackEnabled=True
        )
        return str(answer["status"])

    def info(self, deployment: Deployment) -> dict[str, Any]:
        """Return what CodeDeploy tells of a deployment."""
        client = self.aws.client("codedeploy")
        found: dict[str, Any] = client.get_deployment(deploymentId=deployment.id)["deploymentInfo"]
        return found


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    """An embedded AWS with the functions of the inventory."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "embedded")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "embedded")
    made = Platform()
    yield made
    made.aws.stop()


def test_a_slow_stop_is_pending_until_it_has_stopped(platform: Platform) -> None:
    """The deployment goes on as if nothing were, then is Stopped and names its rollback."""
    platform.aws.deployments.stop_seconds = 30
    deployment = platform.canary()
    assert (platform.stop(deployment), platform.stop(deployment)) == ("Pending", "Pending")
    platform.at += 29
    assert platform.info(deployment)["status"] == "InProgress"
    platform.at += 1
    found = platform.info(deployment)
    assert found["status"] == "Stopped"
    assert found["rollbackInfo"]["rollbackDeploymentId"]
    assert serving(platform.aws.region, FUNCTION, "LIVE") == {"5": 1.0}


def test_a_quick_stop_has_succeeded_when_it_answers(platform: Platform) -> None:
    """Without a delay the answer says that it is done, and a second stop is refused."""
    deployment = platform.canary()
    assert platform.stop(deployment) == "Succeeded"
    with pytest.raises(ClientError, match="DeploymentAlreadyCompletedException"):
        platform.stop(deployment)


def test_a_deployment_hangs_in_the_state_that_it_is_put_in(platform: Platform) -> None:
    """Whoever looks finds it in that state however late, until it is let go."""
    deployment = platform.canary()
    platform.aws.deployments.hang(deployment.id, status="Created")
    platform.at += 3600
    assert platform.info(deployment)["status"] == "Created"
    platform.aws.deployments.hang(deployment.id, on=False)
    assert platform.info(deployment)["status"] == "Succeeded"


def test_provisioned_concurrency_is_refused_beside_weights(platform: Platform) -> None:
    """Lambda provisions no instances for an alias that divides its traffic."""
    platform.canary()
    with pytest.raises(ClientError, match="Alias with weights can not be used"):
        platform.aws.client("lambda").put_provisioned_concurrency_config(
            FunctionName=FUNCTION, Qualifier="LIVE", ProvisionedConcurrentExecutions=2
        )
