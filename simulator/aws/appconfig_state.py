"""What the embedded AppConfig keeps: applications, versions, deployments, sessions.

States and what a stop leads to follow the API references of StartDeployment and StopDeployment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from simulator.aws.front import AwsError

RUNNING = ("DEPLOYING", "BAKING", "VALIDATING", "ROLLING_BACK")
REVERT_SECONDS = 72 * 3600.0
"""How long after its end a deployment can still be reverted."""


@dataclass
class Version:
    """A hosted configuration version."""

    number: int
    content: bytes
    content_type: str
    description: str | None = None
    label: str | None = None

    def summary(self) -> dict[str, Any]:
        """Return it as a list shows it."""
        return {
            "VersionNumber": self.number,
            "ContentType": self.content_type,
            "Description": self.description,
            "VersionLabel": self.label,
        }


@dataclass
class Deployment:
    """A deployment of a version to an environment; times are unix seconds."""

    number: int
    environment: str
    profile: str
    version: int
    strategy: dict[str, Any]
    started: float
    takes: float
    description: str
    stopped: str | None = None

    @property
    def deployed(self) -> float:
        """When every target has it; AWS needs some seconds (``takes``) even for no duration."""
        return self.started + self.takes + float(self.strategy["DeploymentDurationInMinutes"]) * 60

    @property
    def completed(self) -> float:
        """When the bake time is over too."""
        return self.deployed + float(self.strategy["FinalBakeTimeInMinutes"]) * 60

    def state(self, now: float) -> str:
        """Return the state at ``now``."""
        if self.stopped:
            return self.stopped
        if now < self.deployed:
            return "DEPLOYING"
        return "BAKING" if now < self.completed else "COMPLETE"

    def stop(self, now: float, *, revert: bool) -> None:
        """Roll back what is in progress, or revert what has ended.

        Raises:
            AwsError: if it is past stopping; a bake is in progress for AllowRevert alone.
        """
        state = self.state(now)
        if state == "DEPLOYING" or (revert and state in RUNNING):
            self.stopped = "ROLLED_BACK"
        elif revert and state == "COMPLETE" and now <= self.completed + REVERT_SECONDS:
            self.stopped = "REVERTED"
        else:
            raise AwsError(400, "BadRequestException", f"The deployment is {state}")

    def describe(self, application: str, now: float) -> dict[str, Any]:
        """Return the API's view."""
        ended = self.state(now) not in RUNNING and not self.stopped
        return {
            "ApplicationId": application,
            "EnvironmentId": self.environment,
            "DeploymentStrategyId": self.strategy["Id"],
            "ConfigurationProfileId": self.profile,
            "DeploymentNumber": self.number,
            "ConfigurationVersion": str(self.version),
            "Description": self.description,
            "State": self.state(now),
            "StartedAt": _iso(self.started),
            "CompletedAt": _iso(self.completed) if ended else None,
        }


@dataclass
class Session:
    """A session of the data plane between two of its calls; times are unix seconds."""

    where: tuple[str, str, str]
    interval: int
    expires: float
    not_before: float = 0.0
    has: tuple[str, int] | None = None


@dataclass
class Application:
    """An application: environments by id, profiles by id with their versions, deployments."""

    id: str
    name: str
    environments: dict[str, str] = field(default_factory=dict)
    profiles: dict[str, dict[str, Any]] = field(default_factory=dict)
    versions: dict[str, list[Version]] = field(default_factory=dict)
    deployments: list[Deployment] = field(default_factory=list)


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()
