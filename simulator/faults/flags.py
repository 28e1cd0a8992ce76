"""Flags that should not have been switched on."""

from __future__ import annotations

import json
from typing import Any, Literal

from simulator.faults.deployments import Share
from simulator.faults.ground import Fault, Ground, Injected
from simulator.workload import Trouble


class FlagOn(Fault):
    """Switch ``flag`` on, which breaks nothing by itself; clearing switches it off again."""

    kind: Literal["flag_on"]
    flag: str

    def inject(self, ground: Ground, injected: Injected) -> None:
        """Deploy the flag."""
        switch(ground, self.flag, enabled=True)
        injected.undo.append(lambda: switch(ground, self.flag, enabled=False))


class BadFlag(Fault):
    """Switch on a ``flag`` behind which ``function`` fails ``error_share`` of its invocations."""

    kind: Literal["bad_flag"]
    flag: str
    function: str
    error_share: Share

    def inject(self, ground: Ground, injected: Injected) -> None:
        """Let the code behind the flag fail, and switch it on."""
        trouble = Trouble(self.function, self.error_share, flag=self.flag)
        ground.workload.troubles.append(trouble)
        injected.undo.append(lambda: ground.workload.troubles.remove(trouble))
        injected.hurts(ground, lambda one: one.function == self.function)
        switch(ground, self.flag, enabled=True)
        injected.undo.append(lambda: switch(ground, self.flag, enabled=False))


def switch(ground: Ground, flag: str, *, enabled: bool) -> None:
    """Set one flag in the deployed document, and deploy that, as a release tool does."""
    client, wanted = ground.aws.client("appconfig"), ground.inventory.appconfig
    app = _named(client.list_applications()["Items"], wanted.application)
    environment = _named(client.list_environments(ApplicationId=app)["Items"], wanted.environment)
    profile = _named(client.list_configuration_profiles(ApplicationId=app)["Items"], wanted.profile)
    values = ground.aws.appconfig.deployed_flags(
        wanted.application, wanted.environment, wanted.profile
    )
    if bool(values.get(flag, {}).get("enabled")) is enabled:
        return
    values = {**values, flag: {**values.get(flag, {}), "enabled": enabled}}
    document = {"version": "1", "flags": {name: {"name": name} for name in values}}
    version = client.create_hosted_configuration_version(
        ApplicationId=app,
        ConfigurationProfileId=profile,
        Content=json.dumps({**document, "values": values}).encode(),
        ContentType="application/json",
    )["VersionNumber"]
    strategy = _named(client.list_deployment_strategies()["Items"], "at-once")
    client.start_deployment(
        ApplicationId=app,
        EnvironmentId=environment,
        ConfigurationProfileId=profile,
        ConfigurationVersion=str(version),
        DeploymentStrategyId=strategy,
    )


def _named(items: list[dict[str, Any]], name: str) -> str:
    return next(str(item["Id"]) for item in items if item["Name"] == name)
