"""The cadences that keep this exporter below its cap, decided anew as money is spent."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence

from exporter import cap, telemetry
from exporter.cap import Factors, Money, Spender
from exporter.samples import Series
from exporter.spending import Spending
from inventory.durations import format_duration

_LOG = logging.getLogger(__name__)


class Budget:
    """Holds the factor of each collector's cadence; ``review`` decides it anew.

    ``now`` returns unix seconds.
    """

    def __init__(self, spending: Spending, now: Callable[[], float]) -> None:
        self._spending = spending
        self._now = now
        self._spenders: Sequence[Spender] = ()
        self._cap = 0.0
        self._share = 1.0
        self._money = Money(0.0, 0.0, 0.0)
        self._factors: Factors = {}
        self._deciding = threading.Lock()

    def load(self, spenders: Sequence[Spender], cap_usd: float, share: float) -> None:
        """Take over what an inventory says: the cap in US dollars, of which ``share`` is ours."""
        with self._deciding:
            self._spenders, self._cap, self._share = spenders, cap_usd * share, share
            self._money = self._count()
            self._factors = cap.stretch(spenders, self._money)
        self._tell()

    def review(self) -> tuple[str, ...]:
        """Decide the factors anew; return the collectors whose cadence changed."""
        self._spending.keep()
        with self._deciding:
            before = self._factors
            self._money = self._count()
            self._factors = cap.restretch(self._spenders, self._money, before)
        changed = tuple(name for name, factor in self._factors.items() if factor != before[name])
        if changed:
            self._tell()
        return changed

    def factor(self, collector: str) -> int:
        """Return how many times longer than the inventory says the collector's cadence is."""
        return self._factors[collector]

    def cadences(self) -> dict[str, str]:
        """Return every collector's cadence for people."""
        found = {}
        for spender in self._spenders:
            factor = self._factors[spender.name]
            stretched = f" (stretched {factor}x)" if factor > 1 else ""
            found[spender.name] = format_duration(spender.every * factor) + stretched
        return found

    def summary(self) -> str:
        """Return the month's money and whose cadence is stretched, in one line."""
        stretched = [f"{name} {factor}x" for name, factor in self._factors.items() if factor > 1]
        return (
            f"this month: ${self._money.spent:.4f} spent, ${self._projected():.2f} projected,"
            f" cap ${self._cap:.2f}; stretched to keep it: {', '.join(stretched) or 'nothing'}"
        )

    def series(self) -> Iterator[Series]:
        """Yield the cadences and the month's money."""
        yield Series(telemetry.COST_CAP, (), self._cap)
        yield Series(telemetry.COST_MONTH, (), self._money.spent)
        yield Series(telemetry.COST_PROJECTED, (), self._projected())
        for spender in self._spenders:
            factor = self._factors[spender.name]
            yield Series(telemetry.CADENCE, (spender.name,), spender.every * factor)
            yield Series(telemetry.STRETCH, (spender.name,), float(factor))

    def _count(self) -> Money:
        return Money(self._cap, self._spending.month(self._share), cap.seconds_left(self._now()))

    def _projected(self) -> float:
        return cap.projection(self._spenders, self._factors, self._money)

    def _tell(self) -> None:
        if any(factor > 1 for factor in self._factors.values()):
            _LOG.warning("cadences: %s", self.summary())
