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
    API_HEALTH = 40
    API_CERTIFICATE = 41
    API_CACHE = 42
    BUCKETS_UP = 43
    SNAPSHOT_AGE = 44
    LIFECYCLE = 45
    RULES_ENABLED = 46
    EXECUTIONS = 47
    EXECUTION_AGE = 48
    DEPLOYMENTS = 49
    ALIAS_WEIGHTS = 50
    FLAGS = 51
    FUNCTION_STATES = 52
    THROTTLES = 53
    PROVISIONED = 54
    FUNCTION_VERSIONS = 55
    INFLUX_LOAD = 56
    INFLUX_QUERIES = 57
    INFLUX_STATES = 58
    COST_CHANGE = 59
    LOG_RETENTION = 60
    TRAIL_EVENTS = 61
    OPEN_GROUPS = 62
    KEY_AGE = 63
    MAINTENANCE = 64
    COLLECTION_COST = 65
    STRETCH = 66
    AWS_THROTTLES = 67
    CLOCK = 68


def dashboard_uid(locale: Locale) -> str:
    """Return the overview's stable uid in ``locale``."""
    return f"vigia-overview-{locale.lower()}"
