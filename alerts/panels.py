"""The overview's panels by number: an alert links to one before any dashboard is built."""

from __future__ import annotations

from enum import IntEnum

from catalogue.text import Locale


class Panel(IntEnum):
    """Stable ids of the overview's panels; never reuse one."""

    FIRING = 1
    FILES_PROCESSED = 2
    API_LATENCY = 3
    LAMBDA_ERRORS = 4
    INFLUX_LATENCY = 5
    DAILY_COST = 6
    BUDGET_LEFT = 7
    ALERTS_IN_TIME = 8
    LOG_EVENTS = 9
    API_ERRORS = 10
    ERROR_RATIO = 11
    VERSION_ERRORS = 12
    RECORD_AGE = 13
    COST_OF_MONTH = 14
    RUNS = 15
    OPEN_RUNS = 16
    ENGINE_AGE = 17
    COLLECTORS_UP = 18
    COLLECTOR_AGE = 19
    COVERAGE = 20
    AWS_REQUESTS = 21
    API_REQUESTS = 22


def dashboard_uid(locale: Locale) -> str:
    """Return the overview's stable uid in ``locale``."""
    return f"vigia-overview-{locale.lower()}"
