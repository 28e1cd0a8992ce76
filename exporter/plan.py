"""What collection sends and costs in a month, worked out before anything runs. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from exporter import cap
from exporter.cap import Factors, Money, Spender
from exporter.collector import Collector, Priority, Use
from inventory.model import Inventory

MONTH = 30 * 86_400.0


@dataclass(frozen=True)
class Item:
    """One collector's cadence in seconds, before any stretching, and what a run sends by factor."""

    name: str
    priority: Priority
    every: float
    uses: Mapping[int, tuple[Use, ...]]

    @property
    def spender(self) -> Spender:
        """The collector as the cap sees it."""
        usd = {factor: _usd(uses) for factor, uses in self.uses.items()}
        return Spender(self.name, usd, self.every, self.priority)


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
    return tuple(_item(collector, inventory_of(collector)) for collector in collectors)


def monthly_usd(
    collectors: Iterable[Collector], inventory_of: Callable[[Collector], Inventory]
) -> float:
    """Return what a month of 30 days costs without any stretching."""
    return sum(
        _usd(collector.uses(inventory)) * MONTH / collector.every(inventory)
        for collector in collectors
        for inventory in (inventory_of(collector),)
    )


def plan(found: Sequence[Item], cap_usd: float) -> Plan:
    """Return a month of 30 days, stretched as far as the cap demands."""
    spenders = [item.spender for item in found]
    factors = cap.stretch(spenders, Money(cap_usd, 0.0, MONTH))
    return Plan(tuple(_line(item, factors) for item in found), cap_usd)


def _item(collector: Collector, inventory: Inventory) -> Item:
    usual = collector.uses(inventory)
    slower = {factor: _slower(collector, inventory, factor) for factor in cap.FACTORS}
    uses = {
        factor: usual if longer is None else collector.uses(longer)
        for factor, longer in slower.items()
    }
    return Item(collector.name, collector.priority, collector.every(inventory), uses)


def _slower(collector: Collector, inventory: Inventory, factor: int) -> Inventory | None:
    # What is done every so often only comes to more in each run where there are fewer: that shows
    # in an inventory whose cadences are stretched, if they are what this collector's follows.
    longer = cap.stretched(inventory, factor)
    collection = longer.collection
    longer = longer.model_copy(
        update={"collection": collection.model_copy(update={"period": collection.period * factor})}
    )
    follows = collector.every(longer) == collector.every(inventory) * factor
    return longer if follows and factor > 1 else None


def _line(item: Item, factors: Factors) -> Line:
    factor = factors[item.name]
    runs, uses = MONTH / (item.every * factor), item.uses[factor]
    return Line(
        collector=item.name,
        priority=item.priority.name.lower(),
        every=item.every * factor,
        stretch=factor,
        runs=runs,
        calls=_summed((use.service, use.calls * runs) for use in uses),
        billed_metrics=runs * sum(use.metrics for use in uses),
        usd=runs * _usd(uses),
    )


def _usd(uses: Iterable[Use]) -> float:
    return sum(use.usd for use in uses)


def _summed(pairs: Iterable[tuple[str, float]]) -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    for name, number in pairs:
        found[name] += number
    return dict(sorted(found.items()))
