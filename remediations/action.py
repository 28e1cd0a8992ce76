"""What an action is. Actions read and plan; only the engine calls the world and the ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from inventory.model import Inventory
from remediations.model import Call, Plan, Run, Sample

Observation = Mapping[str, Any]
"""JSON data: the target's state as just read, tokens for conditional writes included."""


class Risk(StrEnum):
    """How much harm a wrong run could do; decides the mode that an inventory should choose."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class BlockedError(Exception):
    """The action is not the right one now; ``reason`` is a stable key."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class ObsoleteError(Exception):
    """There is nothing left to do; ``reason`` is a stable key."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class UnavailableError(Exception):
    """Something that must be known before acting could not be read."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Finding(StrEnum):
    """What reading the world says of a call whose answer is not on record."""

    HAPPENED = "happened"
    ABSENT = "absent"
    PENDING = "pending"
    DRIFTED = "drifted"


class Metrics(Protocol):
    """Instant queries against Prometheus."""

    def value(self, expression: str) -> float | None:
        """Return the one value of an instant query; None where there is no data.

        Raises:
            UnavailableError: if Prometheus does not answer or answers ambiguously.
        """
        ...


@dataclass(frozen=True)
class Context:
    """All that an action may use to look. ``reader(service)`` is a boto3 client that may retry."""

    inventory: Inventory
    reader: Callable[[str], Any]
    metrics: Metrics
    now: Callable[[], float]
    verdicts: Callable[[str], Mapping[str, bool]]


@dataclass(frozen=True)
class Action:
    """One kind of remediation.

    ``target`` names, from an alert's labels, what it would act on (None if they name nothing);
    ``observe`` reads the state; ``plan`` decides, or raises; ``settled`` tells from a fresh
    observation whether a call took effect; ``effect`` whether the state is what was planned;
    ``undo`` returns the conditional calls that reverse it; ``baseline`` and ``judge`` ask the
    metrics before and after; ``healthy`` names versions that an ending proves good or bad.
    """

    name: str
    risk: Risk
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    target: Callable[[Mapping[str, str]], str | None]
    observe: Callable[[Context, str], Observation]
    plan: Callable[[Context, Run, Observation], Plan]
    settled: Callable[[Plan, int, Observation], Finding]
    effect: Callable[[Plan, Observation], Finding]
    undo: Callable[[Plan, Observation], tuple[Call, ...]]
    baseline: Callable[[Context, Run], Mapping[str, float | None]]
    judge: Callable[[Context, Run], Sample]
    healthy: Callable[[Plan, bool], Mapping[str, bool]]
