"""Deployments that go wrong."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from simulator.aws.codedeploy import app_spec
from simulator.faults.ground import Fault, Ground, Injected
from simulator.seed import publish
from simulator.workload import Trouble

_ROLLBACK_SECONDS = 4.0
"""Long enough for a careless hand to stop the rollback too."""
Share = Annotated[float, Field(gt=0, le=1)]


class BadDeploy(Fault):
    """Publish and deploy a version of ``function`` that fails ``error_share`` of invocations.

    With ``flag`` only while that flag is on. Clearing leaves the version, but it behaves.
    """

    kind: Literal["bad_deploy"]
    function: str
    error_share: Share
    flag: str | None = None

    def inject(self, ground: Ground, injected: Injected) -> None:
        """Publish, and let CodeDeploy move the alias at once."""
        name, troubles = self.function, ground.workload.troubles
        version = publish(ground.aws, name, f"bad-{injected.since}")
        injected.version = version
        trouble = Trouble(name, self.error_share, version, self.flag)
        troubles.append(trouble)
        injected.undo.append(lambda: troubles.remove(trouble))
        injected.hurts(ground, lambda one: (one.function, one.version) == (name, version))
        deploy(ground, name, version, "CodeDeployDefault.LambdaAllAtOnce")


class StuckDeployment(Fault):
    """Deploy a version of ``function`` that is well, by a deployment that never ends."""

    kind: Literal["stuck_deployment"]
    function: str

    def inject(self, ground: Ground, injected: Injected) -> None:
        """Begin a canary deployment, and let it hang with a tenth of the traffic."""
        injected.version = publish(ground.aws, self.function, f"canary-{injected.since}")
        config = "CodeDeployDefault.LambdaCanary10Percent5Minutes"
        stuck = deploy(ground, self.function, injected.version, config)
        deployments = ground.aws.deployments
        deployments.hang(stuck)
        deployments.rollback_seconds = _ROLLBACK_SECONDS
        injected.first_failure = injected.since
        injected.undo.append(lambda: setattr(deployments, "rollback_seconds", 0.0))
        injected.undo.append(lambda: deployments.hang(stuck, on=False))


class OperatorDeploys(Fault):
    """Let somebody else publish a cure for ``function`` and move its alias by hand.

    They do so just when Vigia has asked for ``read`` while it plans: between plan and action.
    """

    kind: Literal["operator_moves_alias"]
    function: str
    read: str = "GetFunctionConfiguration"

    def inject(self, ground: Ground, injected: Injected) -> None:
        """Wait for the read."""
        function = ground.inventory.function(self.function)

        def move() -> None:
            version = publish(ground.aws, function.name, f"hotfix-{injected.since}")
            injected.version = version
            ground.aws.client("lambda").update_alias(
                FunctionName=function.name, Name=function.alias, FunctionVersion=version
            )

        ground.aws.front.once(
            lambda seen: (
                seen.caller == "remediations"
                and seen.operation == self.read
                and f"/functions/{function.name}/" in seen.resource
            ),
            move,
        )


def deploy(ground: Ground, name: str, version: str, config: str) -> str:
    """Create a deployment of ``version`` to the function's alias; return its id."""
    function = ground.inventory.function(name)
    content = app_spec(function.name, function.alias, ground.version(function), version)
    created: str = ground.aws.client("codedeploy").create_deployment(
        applicationName=ground.inventory.codedeploy.application,
        deploymentGroupName=function.deployment_group,
        deploymentConfigName=config,
        revision={"revisionType": "AppSpecContent", "appSpecContent": {"content": content}},
    )["deploymentId"]
    return created
