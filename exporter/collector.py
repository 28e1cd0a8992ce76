"""What a collector is. Collectors raise; only the wrapper in ``refresh`` catches and times."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
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
        """Return the committed JSON documents whose key starts with ``prefix``.

        Raises:
            CollectError: with Reason.STATE when they cannot be read.
        """
        ...

    def memory(self) -> dict[str, Any]:
        """Return what the collector chose to keep between its runs in this process.

        It is empty at the start and whenever another process has written since: what is derived
        from the documents and kept here is never older than they are. Keep only what is committed.

        Raises:
            CollectError: with Reason.STATE when that cannot be found out.
        """
        ...

    def commit(self, changes: Mapping[str, Any]) -> None:
        """Write every document, or delete it where None, in one transaction.

        Documents are plain data with finite numbers.

        Raises:
            CollectError: with Reason.STATE when it could not be made durable, or when another
                process has written one of them since; then nothing was written.
        """
        ...


class Clients(Protocol):
    """Where a collector gets its boto3 clients."""

    def __call__(self, service: str, scope: str | None = None, *, region: str | None = None) -> Any:
        """Return the ready client of ``service`` in a scope; None is the main one.

        ``region`` is another region of the scope's account than its own.
        """
        ...


@dataclass(frozen=True)
class Context:
    """All that a collector may use. ``client`` returns ready boto3 clients.

    ``now`` returns unix seconds; ``remaining`` the seconds left until the deadline;
    ``influx_token`` returns the secret (read afresh, never logged).
    """

    inventory: Inventory
    client: Clients
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
    resource, the unix time of its newest datapoint, or None where nothing was ever returned;
    ``missing`` names the resources that the inventory expects and AWS does not have.
    """

    series: tuple[Series, ...]
    expected: int
    seen: int
    newest: Mapping[str, float | None] = field(default_factory=dict)
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Use:
    """What one run of a collector sends, at most, when nothing is to be caught up.

    ``calls`` are requests of one operation; ``usd`` is what all of them cost; ``metrics`` are the
    CloudWatch metrics billed among them. What is sent in some runs only counts with its share.
    """

    service: str
    operation: str
    calls: float
    metrics: float = 0.0
    usd: float = 0.0


class Priority(IntEnum):
    """Whose cadence is stretched first when collection would cost more than its cap."""

    DETAIL = 1
    NORMAL = 2
    VITAL = 3


@dataclass(frozen=True)
class Collector:
    """A unit of collection. ``every``, ``offset`` and ``deadline`` are seconds.

    Runs are aligned: they start at multiples of ``every`` plus ``offset`` (the measured lag).
    ``splits`` says that its resources are shared out among shards; a collector that does not
    split belongs to one shard as a whole.
    """

    name: str
    specs: tuple[MetricSpec, ...]
    iam: tuple[str, ...]
    every: Callable[[Inventory], float]
    offset: Callable[[Inventory], float]
    deadline: Callable[[Inventory], float]
    collect: Callable[[Context], Reading]
    uses: Callable[[Inventory], tuple[Use, ...]]
    priority: Priority = Priority.NORMAL
    splits: bool = True
