"""What collection sends and costs in a month, worked out before anything runs. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from exporter import cap
from exporter.cap import Factors, Money, Spender
from exporter.collector import Collector, Priority, Use
from inventory.model import Inventory

MONTH = 30 * 86_400.0


@dataclass(frozen=True)
class Item:
    """One collector's cadence in seconds, before any stretching, and what a run of it sends."""

    name: str
    priority: Priority
    every: float
    uses: tuple[Use, ...]

    @property
    def spender(self) -> Spender:
        """The collector as the cap sees it."""
        return Spender(self.name, sum(use.usd for use in self.uses), self.every, self.priority)


@dataclass(frozen=True)
class Line:
    """One collector's month of 30 days at its stretched cadence; ``every`` is in seconds."""

    collector: str
    priority: str
    every: float
    stretch: int
    runs: float
    calls: dict[str, float]
    billed_metrics: float
    usd: float


@dataclass(frozen=True)
class Plan:
    """A month of every collector, and the cap in US dollars that it should keep."""

    lines: tuple[Line, ...]
    cap_usd: float

    @property
    def calls(self) -> dict[str, float]:
        """Calls of all collectors by service."""
        return _summed((service, n) for line in self.lines for service, n in line.calls.items())

    @property
    def billed_metrics(self) -> float:
        """CloudWatch metrics billed in all."""
        return sum(line.billed_metrics for line in self.lines)

    @property
    def usd(self) -> float:
        """US dollars in all."""
        return sum(line.usd for line in self.lines)

    @property
    def fits(self) -> bool:
        """Whether the cap is kept."""
        return self.usd <= self.cap_usd


def items(
    collectors: Iterable[Collector], inventory_of: Callable[[Collector], Inventory]
) -> tuple[Item, ...]:
    """Return what each collector does with the inventory that it is given."""
    return tuple(
        Item(
            collector.name,
            collector.priority,
            collector.every(inventory_of(collector)),
            collector.uses(inventory_of(collector)),
        )
        for collector in collectors
    )


def monthly_usd(found: Iterable[Item]) -> float:
    """Return what a month of 30 days costs without any stretching."""
    return sum(item.spender.usd * MONTH / item.every for item in found)


def plan(found: Sequence[Item], cap_usd: float) -> Plan:
    """Return a month of 30 days, stretched as far as the cap demands."""
    spenders = [item.spender for item in found]
    factors = cap.stretch(spenders, Money(cap_usd, 0.0, MONTH))
    return Plan(tuple(_line(item, factors) for item in found), cap_usd)


def _line(item: Item, factors: Factors) -> Line:
    factor = factors[item.name]
    runs = MONTH / (item.every * factor)
    return Line(
        collector=item.name,
        priority=item.priority.name.lower(),
        every=item.every * factor,
        stretch=factor,
        runs=runs,
        calls=_summed((use.service, use.calls * runs) for use in item.uses),
        billed_metrics=runs * sum(use.metrics for use in item.uses),
        usd=runs * item.spender.usd,
    )


def _summed(pairs: Iterable[tuple[str, float]]) -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    for name, number in pairs:
        found[name] += number
    return dict(sorted(found.items()))
