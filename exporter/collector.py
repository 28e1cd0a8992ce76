"""What a collector is. Collectors raise; only the wrapper in ``refresh`` catches and times."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from catalogue.metrics import MetricSpec
from exporter.samples import Series
from inventory.model import Inventory


class Reason(StrEnum):
    """Why a collection failed: closed, so that it is safe as a label."""

    THROTTLED = "throttled"
    DENIED = "denied"
    CREDENTIALS = "credentials"
    NOT_FOUND = "not_found"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    SERVICE = "service_error"
    ANSWER = "invalid_answer"
    STATE = "state"
    INTERNAL = "internal"


class CollectError(Exception):
    """A collection that could not be completed, with its closed reason."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class CollectorState(Protocol):
    """A collector's own durable documents; nothing of another collector is visible."""

    def load(self, prefix: str = "") -> dict[str, Any]:
        """Return the committed JSON documents whose key starts with ``prefix``."""
        ...

    def commit(self, changes: Mapping[str, Any]) -> None:
        """Write every document, or delete it where None, in one transaction.

        Raises:
            CollectError: with Reason.STATE when it could not be made durable.
        """
        ...


@dataclass(frozen=True)
class Context:
    """All that a collector may use. ``client(service)`` returns a ready boto3 client.

    ``now`` returns unix seconds; ``remaining`` the seconds left until the deadline;
    ``influx_token`` returns the secret (read afresh, never logged).
    """

    inventory: Inventory
    client: Callable[[str], Any]
    state: CollectorState
    now: Callable[[], float]
    remaining: Callable[[], float]
    influx_token: Callable[[], str]
    billed: Callable[[str, int, float], None]
    """Tell the telemetry: what was billed, how many units, US dollars in all."""


@dataclass(frozen=True)
class Reading:
    """One completed collection.

    ``expected`` and ``seen`` count resources (their ratio is the coverage); ``newest`` gives, by
    resource, the unix time of its newest datapoint, or None where nothing was ever returned.
    """

    series: tuple[Series, ...]
    expected: int
    seen: int
    newest: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Collector:
    """A unit of collection. ``every``, ``offset`` and ``deadline`` are seconds.

    Runs are aligned: they start at multiples of ``every`` plus ``offset`` (the measured lag).
    """

    name: str
    specs: tuple[MetricSpec, ...]
    iam: tuple[str, ...]
    every: Callable[[Inventory], float]
    offset: Callable[[Inventory], float]
    deadline: Callable[[Inventory], float]
    collect: Callable[[Context], Reading]
