"""What collection itself costs: counted where AWS is called, read when series are shown."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

_METRICS_SERVICE = "cloudwatch"
_PAID = ("cloudwatch", "ce")


@dataclass(frozen=True)
class Bill:
    """A copy of the counts. ``requests`` is by service, operation and code; money in USD."""

    requests: Mapping[tuple[str, str, str], int]
    billed_metrics: int
    usd_by_service: Mapping[str, float]
    usd_by_collector: Mapping[str, float]


class Tally:
    """Thread-safe counts of this process."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, str, str]] = Counter()
        self._metrics = 0
        self._by_service: dict[str, float] = dict.fromkeys(_PAID, 0.0)
        self._by_collector: dict[str, float] = {}
        self._lock = threading.Lock()

    def request(self, service: str, operation: str, code: str) -> None:
        """Count one HTTP attempt."""
        with self._lock:
            self._requests[service, operation, code] += 1

    def billed(self, collector: str, service: str, units: int, usd: float) -> None:
        """Count ``units`` billed by ``service`` at ``usd`` in all, on behalf of ``collector``."""
        with self._lock:
            if service == _METRICS_SERVICE:
                self._metrics += units
            self._by_service[service] = self._by_service.get(service, 0.0) + usd
            self._by_collector[collector] = self._by_collector.get(collector, 0.0) + usd

    def bill(self) -> Bill:
        """Return a copy."""
        with self._lock:
            return Bill(
                dict(self._requests),
                self._metrics,
                dict(self._by_service),
                dict(self._by_collector),
            )
