"""Keeping collection below its monthly cap: whose cadence is stretched, and how far. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from exporter.collector import Priority
from inventory.model import Inventory

FACTORS = (1, 2, 4, 8, 16)
MOST = FACTORS[-1]
# CloudWatch's period follows it, and a counter whose period changes loses part of one.
_KEPT = "slow_every"
# A cadence that is eased by a hair would be stretched again by the next retried request.
_EASE_SHARE = 0.95

Factors = Mapping[str, int]
"""By collector, how many times longer than the inventory says its cadence is; 1 is unstretched."""


@dataclass(frozen=True)
class Spender:
    """A collector as the cap sees it: US dollars a run by factor, its cadence and its priority.

    ``every`` is in seconds, before any stretching. Of what a collector does in some runs only,
    there is more in each where there are fewer.
    """

    name: str
    usd: Mapping[int, float]
    every: float
    priority: Priority

    def rate(self, factor: int) -> float:
        """Return US dollars a second at a stretched cadence."""
        return self.usd[factor] / (self.every * factor)


@dataclass(frozen=True)
class Money:
    """A month's cap and what was spent of it, in US dollars, and the seconds that are left."""

    cap: float
    spent: float
    left: float


def stretch(spenders: Sequence[Spender], money: Money) -> Factors:
    """Return the least stretching whose projection fits the cap, or the most there is."""
    factors: Factors = {}
    for factors in _steps(spenders):
        if projection(spenders, factors, money) <= money.cap:
            break
    return factors


def restretch(spenders: Sequence[Spender], money: Money, current: Factors) -> Factors:
    """Return what to go over to from ``current``: more at once, less only with room to spare."""
    wanted = stretch(spenders, money)
    if all(wanted[name] >= current.get(name, 1) for name in wanted):
        return wanted
    careful = stretch(spenders, replace(money, cap=money.cap * _EASE_SHARE))
    return {name: min(factor, current.get(name, 1)) for name, factor in careful.items()}


def projection(spenders: Iterable[Spender], factors: Factors, money: Money) -> float:
    """Return the month's US dollars when its rest is collected at the stretched cadences."""
    rate = sum(spender.rate(factors[spender.name]) for spender in spenders)
    return money.spent + rate * money.left


def stretched(inventory: Inventory, factor: int) -> Inventory:
    """Return the inventory as a stretched collector sees it.

    What it keeps between runs, a paid answer for one, must be kept longer too: fewer runs that ask
    more each would save nothing.
    """
    if factor == 1:
        return inventory
    collection = inventory.collection
    longer = {
        name: value * factor
        for name, value in collection
        if name.endswith("_every") and name != _KEPT
    }
    return inventory.model_copy(update={"collection": collection.model_copy(update=longer)})


def month_of(now: float) -> str:
    """Return the UTC month of ``now`` (unix seconds), as 2026-11."""
    return f"{datetime.fromtimestamp(now, UTC):%Y-%m}"


def seconds_left(now: float) -> float:
    """Return the seconds from ``now`` (unix seconds) to the end of its UTC month."""
    first = datetime.fromtimestamp(now, UTC).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
    following = (first + timedelta(days=32)).replace(day=1)
    return following.timestamp() - now


def _steps(spenders: Sequence[Spender]) -> Iterator[Factors]:
    """Yield every stretching, each more than the last: the lowest priority is used up first."""
    factors = {spender.name: 1 for spender in spenders}
    yield dict(factors)
    paying = [spender for spender in spenders if spender.usd[1] > 0]
    for priority in sorted({spender.priority for spender in paying}):
        for factor in FACTORS[1:]:
            factors |= {one.name: factor for one in paying if one.priority == priority}
            yield dict(factors)
