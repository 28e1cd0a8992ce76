"""The dashboards' panels by number: an alert links to one before any dashboard is built."""

from __future__ import annotations

from enum import IntEnum, StrEnum

from catalogue.text import Locale


class Panel(IntEnum):
    """Stable ids of the panels, the same on every dashboard; never reuse one."""

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
    STORED = 80
    INVOCATIONS = 81
    DURATIONS = 82
    COLD_STARTS = 83
    RECORDS = 84
    COST_PER_FILE = 85
    SECURITY_EVENTS = 86
    BLOCKED = 87
    RUN_DURATION = 88
    DELIVERIES = 89
    DATAPOINT_AGE = 90
    COLLECTION_SECONDS = 91


class Board(StrEnum):
    """The dashboards by the stable part of their uid, in the order of their links."""

    OVERVIEW = "overview"
    PIPELINE = "pipeline"
    FUNCTIONS = "functions"
    API = "api"
    INFLUXDB = "influxdb"
    COST = "cost"
    SECURITY = "security"
    REMEDIATION = "remediation"
    OWN = "vigia"


_HOMES: dict[Board, tuple[Panel, ...]] = {
    Board.OVERVIEW: (Panel.FIRING, Panel.BUDGET_LEFT, Panel.ALERTS_IN_TIME, Panel.MAINTENANCE),
    Board.PIPELINE: (
        Panel.FILES_PROCESSED,
        Panel.LOG_EVENTS,
        Panel.RULES_ENABLED,
        Panel.EXECUTIONS,
        Panel.EXECUTION_AGE,
        Panel.BUCKETS_UP,
        Panel.SNAPSHOT_AGE,
        Panel.LIFECYCLE,
        Panel.STORED,
    ),
    Board.FUNCTIONS: (
        Panel.LAMBDA_ERRORS,
        Panel.ERROR_RATIO,
        Panel.VERSION_ERRORS,
        Panel.DEPLOYMENTS,
        Panel.ALIAS_WEIGHTS,
        Panel.FLAGS,
        Panel.INVOCATIONS,
        Panel.DURATIONS,
        Panel.COLD_STARTS,
        Panel.FUNCTION_STATES,
        Panel.THROTTLES,
        Panel.PROVISIONED,
        Panel.FUNCTION_VERSIONS,
    ),
    Board.API: (
        Panel.API_LATENCY,
        Panel.API_REQUESTS,
        Panel.API_ERRORS,
        Panel.API_HEALTH,
        Panel.API_CERTIFICATE,
        Panel.API_CACHE,
    ),
    Board.INFLUXDB: (
        Panel.INFLUX_LATENCY,
        Panel.RECORD_AGE,
        Panel.RECORDS,
        Panel.INFLUX_LOAD,
        Panel.INFLUX_QUERIES,
        Panel.INFLUX_STATES,
    ),
    Board.COST: (
        Panel.DAILY_COST,
        Panel.COST_OF_MONTH,
        Panel.COST_CHANGE,
        Panel.COST_PER_FILE,
        Panel.COLLECTION_COST,
        Panel.LOG_RETENTION,
    ),
    Board.SECURITY: (
        Panel.SECURITY_EVENTS,
        Panel.TRAIL_EVENTS,
        Panel.OPEN_GROUPS,
        Panel.KEY_AGE,
    ),
    Board.REMEDIATION: (
        Panel.OPEN_RUNS,
        Panel.BLOCKED,
        Panel.RUNS,
        Panel.RUN_DURATION,
        Panel.DELIVERIES,
        Panel.ENGINE_AGE,
    ),
    Board.OWN: (
        Panel.COLLECTORS_UP,
        Panel.COVERAGE,
        Panel.COLLECTOR_AGE,
        Panel.DATAPOINT_AGE,
        Panel.COLLECTION_SECONDS,
        Panel.AWS_REQUESTS,
        Panel.AWS_THROTTLES,
        Panel.STRETCH,
        Panel.CLOCK,
    ),
}


def home(panel: Panel) -> Board:
    """Return the dashboard where a panel and its alerts belong; the overview may show it too."""
    return next(board for board, panels in _HOMES.items() if panel in panels)


def dashboard_uid(board: Board, locale: Locale) -> str:
    """Return a dashboard's stable uid in ``locale``."""
    return f"vigia-{board.value}-{locale.lower()}"
