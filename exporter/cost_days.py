"""Days of cost: what Cost Explorer answered for each, and what follows from a fortnight of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

TRAILING_DAYS = 7


@dataclass(frozen=True)
class Day:
    """One UTC day: US dollars by service, and whether AWS may still restate them."""

    services: dict[str, float]
    estimated: bool

    @property
    def total(self) -> float:
        """What all services cost together."""
        return sum(self.services.values(), 0.0)


def parse(pages: list[dict[str, Any]]) -> dict[date, Day]:
    """Read the pages of GetCostAndUsage (daily unblended cost grouped by service)."""
    days: dict[date, dict[str, float]] = defaultdict(dict)
    estimated: dict[date, bool] = {}
    for page in pages:
        for result in page["ResultsByTime"]:
            day = date.fromisoformat(result["TimePeriod"]["Start"])
            estimated[day] = estimated.get(day, False) or bool(result["Estimated"])
            for group in result["Groups"]:
                cost = float(group["Metrics"]["UnblendedCost"]["Amount"])
                services = days[day]
                services[group["Keys"][0]] = services.get(group["Keys"][0], 0.0) + cost
    return {day: Day(days.get(day, {}), flag) for day, flag in estimated.items()}


def trailing_days(today: date) -> list[date]:
    """Return the seven days before ``today``, yesterday first."""
    return [today - timedelta(days=ago) for ago in range(1, TRAILING_DAYS + 1)]


def between(days: Mapping[date, Day], start: date, end: date) -> float:
    """Return the cost in USD of the days from ``start`` on and before ``end``."""
    return sum((day.total for at, day in days.items() if start <= at < end), 0.0)


def first_seen(
    known: Mapping[str, float], days: Mapping[date, Day], today: date
) -> dict[str, float]:
    """Return the first totals of the trailing days: a day counts once it has ended and cost."""
    first = {}
    for day in trailing_days(today):
        found = days.get(day)
        if day.isoformat() in known:
            first[day.isoformat()] = known[day.isoformat()]
        elif found is not None and found.services:
            first[day.isoformat()] = found.total
    return first


def trend(days: Mapping[date, Day], today: date) -> dict[str, float]:
    """Return by service the last seven days over the seven before.

    Empty unless all fourteen days are known; without a service that cost nothing before.
    """
    recent = [days.get(day) for day in trailing_days(today)]
    before = [days.get(day) for day in trailing_days(today - timedelta(days=TRAILING_DAYS))]
    # Cost Explorer answers days that it knows nothing of too, without any service.
    if not all(day is not None and day.services for day in (*recent, *before)):
        return {}
    earlier, later = _by_service(before), _by_service(recent)
    return {name: later.get(name, 0.0) / usd for name, usd in sorted(earlier.items()) if usd > 0}


def _by_service(days: Iterable[Day | None]) -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    for day in days:
        for service, usd in (day.services if day else {}).items():
            found[service] += usd
    return found
