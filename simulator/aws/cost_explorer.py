"""Cost Explorer, ours: answers from a ledger of days instead of moto's queue."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from moto.ce.responses import CostExplorerResponse
from moto.core.exceptions import JsonRESTError

from simulator.aws.extend import extend

_METRICS = {"BlendedCost", "UnblendedCost", "AmortizedCost", "NetUnblendedCost"}
_PAGE_DAYS = 31


class CostLedger:
    """US dollars by day and service; the newest ``estimated_days`` are still provisional."""

    def __init__(self, now: Callable[[], float], estimated_days: int = 2) -> None:
        self._now = now
        self._estimated_days = estimated_days
        self._days: dict[date, dict[str, float]] = defaultdict(dict)

    def set_day(self, day: date, service: str, usd: float) -> None:
        """Set what ``service`` cost on ``day`` (UTC)."""
        self._days[day][service] = usd

    def today(self) -> date:
        """Return the current day in UTC."""
        return datetime.fromtimestamp(self._now(), UTC).date()

    def of(self, day: date) -> dict[str, float]:
        """Return what each service cost on ``day``."""
        return dict(self._days.get(day, {}))

    def estimated(self, day: date) -> bool:
        """Say whether AWS may still restate ``day``."""
        return day > self.today() - timedelta(days=self._estimated_days)

    def mean(self) -> float:
        """Return the mean total of the days on record."""
        totals = [
            sum(services.values()) for day, services in self._days.items() if day < self.today()
        ]
        return sum(totals) / len(totals) if totals else 0.0


def install(ledger: CostLedger) -> None:
    """Answer GetCostAndUsage and GetCostForecast from ``ledger``."""

    def get_cost_and_usage(self: CostExplorerResponse) -> str:
        return json.dumps(_usage(json.loads(self.body), ledger))

    def get_cost_forecast(self: CostExplorerResponse) -> str:
        return json.dumps(_forecast(json.loads(self.body), ledger))

    extend(CostExplorerResponse, get_cost_and_usage, get_cost_forecast)


def _period(params: dict[str, Any]) -> tuple[date, date]:
    start = date.fromisoformat(params["TimePeriod"]["Start"])
    end = date.fromisoformat(params["TimePeriod"]["End"])
    if start >= end:
        raise JsonRESTError("ValidationException", "Start date should be before end date")
    return start, end


def _usage(params: dict[str, Any], ledger: CostLedger) -> dict[str, Any]:
    start, end = _period(params)
    metrics = params.get("Metrics") or []
    if params.get("Granularity") != "DAILY" or not metrics or set(metrics) - _METRICS:
        raise JsonRESTError(
            "ValidationException", "only DAILY granularity and cost metrics are supported here"
        )
    if params.get("Filter"):
        raise JsonRESTError("ValidationException", "filters are not supported here")
    group_by = params.get("GroupBy") or []
    if group_by not in ([], [{"Type": "DIMENSION", "Key": "SERVICE"}]):
        raise JsonRESTError("ValidationException", "only grouping by SERVICE is supported here")
    first = date.fromisoformat(params["NextPageToken"]) if params.get("NextPageToken") else start
    last = min(end, first + timedelta(days=_PAGE_DAYS))
    days = [first + timedelta(days=n) for n in range((last - first).days)]
    answer: dict[str, Any] = {"ResultsByTime": [_day(d, ledger, metrics, group_by) for d in days]}
    if last < end:
        answer["NextPageToken"] = last.isoformat()
    return answer


def _day(day: date, ledger: CostLedger, metrics: list[str], group_by: list[Any]) -> dict[str, Any]:
    def money(usd: float) -> dict[str, Any]:
        return {metric: {"Amount": f"{usd:.10f}", "Unit": "USD"} for metric in metrics}

    services = ledger.of(day)
    return {
        "TimePeriod": {"Start": day.isoformat(), "End": (day + timedelta(days=1)).isoformat()},
        "Estimated": ledger.estimated(day),
        "Total": {} if group_by else money(sum(services.values())),
        "Groups": [
            {"Keys": [service], "Metrics": money(usd)} for service, usd in sorted(services.items())
        ]
        if group_by
        else [],
    }


def _forecast(params: dict[str, Any], ledger: CostLedger) -> dict[str, Any]:
    start, end = _period(params)
    if start < ledger.today():
        raise JsonRESTError("ValidationException", "Start date must not be in the past")
    amount = f"{ledger.mean() * (end - start).days:.10f}"
    return {
        "Total": {"Amount": amount, "Unit": "USD"},
        "ForecastResultsByTime": [
            {
                "TimePeriod": {"Start": start.isoformat(), "End": end.isoformat()},
                "MeanValue": amount,
            }
        ],
    }
