"""From an event to processed data: EventBridge's rules, their targets, and the executions.

Counted as CloudWatch does: a rule's failed invocations only where there are any, and an execution
when it really started, ended or was stopped.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.events.models import events_backends
from moto.stepfunctions.models import Execution

from inventory.model import Inventory
from inventory.resources import Rule
from simulator.aws import step_functions
from simulator.aws.server import EmbeddedAws


class Put(Protocol):
    """Puts values of a metric into CloudWatch."""

    def __call__(
        self, namespace: str, name: str, dimensions: dict[str, str], values: list[float]
    ) -> None:
        """Store ``values`` as of now."""
        ...


@dataclass(frozen=True)
class Work:
    """What an execution's work came to."""

    succeeded: bool
    seconds: float


@dataclass(frozen=True)
class _Running:
    until: float
    execution: Execution
    work: Work


class Pipeline:
    """Starts an execution for each target of each enabled rule, and ends it when its work is."""

    def __init__(
        self, aws: EmbeddedAws, inventory: Inventory, now: Callable[[], float], put: Put
    ) -> None:
        self._aws = aws
        self._inventory = inventory
        self._now = now
        self._put = put
        self._running: list[_Running] = []
        self._names = (f"file-{number}" for number in itertools.count(1))

    def deliver(self, process: Callable[[], Work]) -> None:
        """Let one event arrive; ``process`` does an execution's work."""
        backend = events_backends[DEFAULT_ACCOUNT_ID][self._inventory.aws.region]
        for rule in self._inventory.rules:
            described = backend.describe_rule(rule.name, rule.bus)
            if described.state == "DISABLED":
                continue
            self._count(rule, "TriggeredRules")
            for target in described.targets:
                self._count(rule, "Invocations")
                execution = step_functions.start(
                    self._inventory.aws.region, target["Arn"], next(self._names)
                )
                if execution is None:
                    self._count(rule, "FailedInvocations")
                    continue
                work = process()
                self._running.append(_Running(self._now() + work.seconds, execution, work))

    def settle(self) -> None:
        """End the executions whose work is done by now."""
        now = self._now()
        done = [one for one in self._running if one.until <= now]
        self._running = [one for one in self._running if one.until > now]
        for one in done:
            step_functions.finish(
                self._aws.metrics, one.execution, now, succeeded=one.work.succeeded
            )

    def _count(self, rule: Rule, name: str) -> None:
        dimensions = {"RuleName": rule.name}
        if rule.bus != "default":
            dimensions["EventBusName"] = rule.bus
        self._put("AWS/Events", name, dimensions, [1.0])
