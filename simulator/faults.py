"""Injecting a scenario's fault into the embedded platform, and taking it out again."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from inventory.model import Inventory
from simulator.aws.codedeploy import app_spec
from simulator.aws.lambda_functions import serving
from simulator.aws.server import EmbeddedAws
from simulator.influxdb import InfluxStandIn
from simulator.scenario import BadDeploy, Scenario, SlowInflux
from simulator.seed import publish
from simulator.workload import Behaviour, Invocation, Workload


@dataclass
class Injected:
    """A fault that is on; ``first_failure`` is when it first hurt (unix seconds)."""

    scenario: Scenario
    since: float
    first_failure: float | None = None
    version: str | None = None


class Faults:
    """The faults of one embedded platform, at most one of each name at a time."""

    def __init__(
        self, aws: EmbeddedAws, influxdb: InfluxStandIn, workload: Workload, inventory: Inventory
    ) -> None:
        self._aws = aws
        self._influxdb = influxdb
        self._workload = workload
        self._inventory = inventory
        self._lock = threading.Lock()
        self.active: dict[str, Injected] = {}

    def inject(self, scenario: Scenario, now: float) -> Injected:
        """Switch the fault on; injecting it again does nothing more."""
        with self._lock:
            if scenario.name not in self.active:
                injected = Injected(scenario, now)
                self.active[scenario.name] = injected
                if isinstance(scenario.fault, BadDeploy):
                    self._deploy(injected, scenario.fault)
                else:
                    self._slow_down(injected, scenario.fault)
            return self.active[scenario.name]

    def clear(self, name: str) -> bool:
        """Switch a fault off; a deployed version stays where it is, but behaves."""
        with self._lock:
            injected = self.active.pop(name, None)
        if injected is None:
            return False
        fault = injected.scenario.fault
        if isinstance(fault, BadDeploy) and injected.version is not None:
            self._workload.behaviours.pop((fault.function, injected.version), None)
        if isinstance(fault, SlowInflux):
            self._influxdb.write_delay = lambda: 0.0
        return True

    def _deploy(self, injected: Injected, fault: BadDeploy) -> None:
        function = self._inventory.function(fault.function)
        version = publish(self._aws, function.name, f"bad-{injected.since}")
        injected.version = version
        self._workload.behaviours[function.name, version] = Behaviour(fault.error_share)

        def watch(invocation: Invocation) -> None:
            same = (invocation.function, invocation.version) == (function.name, version)
            if same and invocation.failed and injected.first_failure is None:
                injected.first_failure = invocation.at

        self._workload.watchers.append(watch)
        shares = serving(self._inventory.aws.region, function.name, function.alias)
        current = max(shares, key=lambda one: shares[one])
        self._aws.client("codedeploy").create_deployment(
            applicationName=self._inventory.codedeploy.application,
            deploymentGroupName=function.deployment_group,
            revision={
                "revisionType": "AppSpecContent",
                "appSpecContent": {
                    "content": app_spec(function.name, function.alias, current, version)
                },
            },
        )

    def _slow_down(self, injected: Injected, fault: SlowInflux) -> None:
        def delay() -> float:
            if injected.first_failure is None:
                injected.first_failure = self._workload.clock()
            return fault.seconds

        self._influxdb.write_delay = delay
