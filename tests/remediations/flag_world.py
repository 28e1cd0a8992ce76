"""The feature flags of the rig's embedded AppConfig, changed as people change them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.remediations.rig import FUNCTION, Rig

API, PROCESSING, MAINTENANCE = (
    "enable_new_api_endpoint",
    "enable_enhanced_processing",
    "enable_maintenance_mode",
)
SERVICE = "appconfig"


@dataclass(frozen=True)
class Flags:
    """One place of flags: the inventory's, or another profile of the same environment."""

    rig: Rig
    profile_name: str | None = None

    @property
    def client(self) -> Any:
        """A client of the embedded AppConfig."""
        return self.rig.aws.client(SERVICE)

    @property
    def where(self) -> dict[str, str]:
        """Application and profile by id."""
        wanted = self.rig.inventory.appconfig
        app = _id(self.client.list_applications(), wanted.application)
        profiles = self.client.list_configuration_profiles(ApplicationId=app)
        profile = _id(profiles, self.profile_name or wanted.profile)
        return {"ApplicationId": app, "ConfigurationProfileId": profile}

    @property
    def environment(self) -> dict[str, str]:
        """Application and environment by id."""
        app = self.where["ApplicationId"]
        found = self.client.list_environments(ApplicationId=app)
        wanted = self.rig.inventory.appconfig.environment
        return {"ApplicationId": app, "EnvironmentId": _id(found, wanted)}

    def draft(self, values: Mapping[str, Any], **document: Any) -> int:
        """Create a version and deploy nothing; return its number."""
        content = {
            "version": "1",
            "flags": {name: {"name": name} for name in values},
            "values": {
                name: value if isinstance(value, dict) else {"enabled": value}
                for name, value in values.items()
            },
            **document,
        }
        return self.draft_text(json.dumps(content))

    def draft_text(self, text: str) -> int:
        """Create a version of any text."""
        number: int = self.client.create_hosted_configuration_version(
            **self.where, Content=text.encode(), ContentType="application/json"
        )["VersionNumber"]
        return number

    def start(self, version: int, *, minutes: int = 0, bake: int = 0) -> int:
        """Deploy a version; return the deployment's number."""
        strategy = self.client.create_deployment_strategy(
            Name="people", DeploymentDurationInMinutes=minutes, FinalBakeTimeInMinutes=bake,
            GrowthFactor=100,
        )["Id"]  # fmt: skip
        number: int = self.client.start_deployment(
            **{**self.where, **self.environment},
            ConfigurationVersion=str(version),
            DeploymentStrategyId=strategy,
        )["DeploymentNumber"]
        return number

    def deploy(self, values: Mapping[str, Any], *, minutes: int = 0, bake: int = 0) -> int:
        """Create a version and deploy it."""
        return self.start(self.draft(values), minutes=minutes, bake=bake)

    def document(self) -> dict[str, Any]:
        """Return the values that are deployed, with their attributes."""
        wanted = self.rig.inventory.appconfig
        return self.rig.aws.appconfig.deployed_flags(
            wanted.application, wanted.environment, self.profile_name or wanted.profile
        )

    def states(self) -> dict[str, bool]:
        """Return which flags are on."""
        return {name: value["enabled"] for name, value in self.document().items()}

    def versions(self) -> list[int]:
        """Return the numbers of all versions, oldest first."""
        listed = self.client.list_hosted_configuration_versions(**self.where)["Items"]
        return sorted(one["VersionNumber"] for one in listed)

    def deployments(self) -> list[tuple[int, str, str]]:
        """Return number, version and state of each deployment, newest first."""
        listed = self.client.list_deployments(**self.environment)["Items"]
        return [(d["DeploymentNumber"], d["ConfigurationVersion"], d["State"]) for d in listed]


def _id(listed: Mapping[str, Any], name: str) -> str:
    return next(str(item["Id"]) for item in listed["Items"] if item["Name"] == name)


def flag_alert(rig: Rig, function: str = FUNCTION, **changes: Any) -> dict[str, Any]:
    """Return the alert that asks for turning flags off."""
    labels = {
        "alertname": "FunctionRegressedAfterFlag",
        "remediation": "disable_flags",
        **changes.pop("labels", {}),
    }
    return {
        **rig.alert(function, labels=labels, **changes),
        "fingerprint": f"f1a6{len(function):04x}",
    }


def world(rig: Rig) -> Any:
    """Return all that actions on flags may change."""
    flags = Flags(rig)
    strategies = flags.client.list_deployment_strategies()["Items"]
    return {
        "deployed": flags.document(),
        "versions": flags.versions(),
        "deployments": [(number, version, state) for number, version, state in flags.deployments()],
        "strategies": sorted(one["Name"] for one in strategies),
    }
