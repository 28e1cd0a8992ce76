"""Windows and waits that follow from how often and how late data arrive."""

from __future__ import annotations

from inventory.durations import format_duration
from inventory.model import Inventory

_START = 15.0


def text(seconds: float) -> str:
    """Return ``seconds`` as PromQL writes a duration."""
    return format_duration(seconds)


def spanning(inventory: Inventory, wanted: float) -> float:
    """Return ``wanted``, or longer where it could not hold two CloudWatch periods."""
    return max(wanted, 2 * (inventory.collection.period + inventory.alerting.scrape_interval))


def canary(inventory: Inventory) -> float:
    """Return the judged window of canary writes: two of the slowest fit in."""
    slowest = max(inventory.collection.influxdb_every, inventory.collection.influxdb_deadline)
    two = 2 * (slowest + inventory.alerting.scrape_interval)
    return max(inventory.thresholds.influxdb_write_seconds.window, two)


def runs(inventory: Inventory, every: float, count: int = 2) -> float:
    """Return how long ``count`` runs of a collector that runs ``every`` seconds take to be seen."""
    return count * (every + inventory.alerting.scrape_interval)


def slow(inventory: Inventory, wanted: float) -> float:
    """Return ``wanted``, or longer where it could not hold two readings of slow counters."""
    return max(spanning(inventory, wanted), runs(inventory, inventory.collection.slow_every))


def recent(inventory: Inventory) -> float:
    """Return the regression window: its periods and one more, and a scrape to see them."""
    periods = inventory.regression.periods + 1
    return periods * inventory.collection.period + inventory.alerting.scrape_interval


def in_a_row(window: float, times: int) -> float:
    """Return how long a window must stay over its limit to be ``times`` windows in a row."""
    return (times - 1) * window


def gap(inventory: Inventory) -> float:
    """Return how long an alert outlives its data: two periods and four missed scrapes."""
    return 2 * inventory.collection.period + 4 * inventory.alerting.scrape_interval


def scrapes(inventory: Inventory, count: int) -> float:
    """Return the length of ``count`` scrapes, and no less than Prometheus needs to start.

    Its discovery hands out targets every five seconds: until then each of them is missing.
    """
    return max(count * inventory.alerting.scrape_interval, _START)
