"""What a fault can be made of, and what is remembered of one that is on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict

from inventory.model import Inventory
from inventory.resources import Function
from simulator.aws.lambda_functions import serving
from simulator.aws.server import EmbeddedAws
from simulator.influxdb import InfluxStandIn
from simulator.processes import Child
from simulator.workload import Invocation, Workload


@dataclass(frozen=True)
class Ground:
    """The embedded platform and the programs in front of it; ``now`` returns unix seconds."""

    aws: EmbeddedAws
    influxdb: InfluxStandIn
    workload: Workload
    inventory: Inventory
    children: Mapping[str, Child]
    now: Callable[[], float]

    def version(self, function: Function) -> str:
        """Return the version that serves most of the function's traffic."""
        shares = serving(self.inventory.aws.region, function.name, function.alias)
        return max(shares, key=lambda one: shares[one])


@dataclass(eq=False)
class Injected:
    """A fault that is on.

    ``first_failure`` is when it first hurt and ``until`` when it was taken out (unix seconds),
    ``version`` what it deployed; ``undo`` takes it out again, the last part first.
    """

    fault: Fault
    since: float
    first_failure: float | None = None
    until: float | None = None
    version: str | None = None
    undo: list[Callable[[], object]] = field(default_factory=list)

    def hurts(self, ground: Ground, struck: Callable[[Invocation], bool]) -> None:
        """Note when the first invocation that was ``struck`` failed."""

        def watch(invocation: Invocation) -> None:
            if self.first_failure is None and invocation.failed and struck(invocation):
                self.first_failure = invocation.at

        watchers = ground.workload.watchers
        watchers.append(watch)
        self.undo.append(lambda: watchers.remove(watch))


class Fault(BaseModel, ABC):
    """A kind of fault: plain data, and how it is injected. Each kind names itself in ``kind``."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: str

    @abstractmethod
    def inject(self, ground: Ground, injected: Injected) -> None:
        """Switch it on, and note in ``injected`` how it is taken out again."""
