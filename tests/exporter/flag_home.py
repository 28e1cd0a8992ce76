"""A place for feature flags in the embedded AppConfig."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from inventory.model import Inventory
from simulator.aws.server import EmbeddedAws


@dataclass
class Home:
    """The inventory's application, environment and profile in the embedded AppConfig."""

    aws: EmbeddedAws
    inventory: Inventory

    def __post_init__(self) -> None:
        client, wanted = self.aws.client("appconfig"), self.inventory.appconfig
        self.app = client.create_application(Name=wanted.application)["Id"]
        self.environment = client.create_environment(
            ApplicationId=self.app, Name=wanted.environment
        )["Id"]
        self.profile = self.create_profile(wanted.profile)

    def create_profile(self, name: str, kind: str = "AWS.AppConfig.FeatureFlags") -> str:
        """Create a configuration profile."""
        profile: str = self.aws.client("appconfig").create_configuration_profile(
            ApplicationId=self.app, Name=name, LocationUri="hosted", Type=kind
        )["Id"]
        return profile

    def deploy_text(
        self, text: str, *, profile: str | None = None, minutes: int = 0, bake: int = 0
    ) -> int:
        """Deploy a document as it stands; return the deployment's number."""
        client = self.aws.client("appconfig")
        where = {"ApplicationId": self.app, "ConfigurationProfileId": profile or self.profile}
        version = client.create_hosted_configuration_version(
            **where, Content=text.encode(), ContentType="application/json"
        )["VersionNumber"]
        strategy = client.create_deployment_strategy(
            Name="s",
            DeploymentDurationInMinutes=minutes,
            FinalBakeTimeInMinutes=bake,
            GrowthFactor=1,
        )["Id"]
        number: int = client.start_deployment(
            **where,
            EnvironmentId=self.environment,
            ConfigurationVersion=str(version),
            DeploymentStrategyId=strategy,
        )["DeploymentNumber"]
        return number

    def deploy(self, flags: dict[str, bool], **options: Any) -> int:
        """Deploy flags."""
        document = {
            "version": "1",
            "flags": {name: {"name": name} for name in flags},
            "values": {name: {"enabled": enabled} for name, enabled in flags.items()},
        }
        return self.deploy_text(json.dumps(document), **options)
