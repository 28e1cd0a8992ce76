"""For every alert: what makes it fire, what just does not, how it resolves, which gap it survives.

Written against the repository's inventory; the numbers stand here anew on purpose, so that a
changed threshold, comparison, wait or window is seen.
"""

from __future__ import annotations

from dataclasses import replace

import cases_flags
from patterns import (
    FIRES,
    GAP,
    KEEP,
    LIFE,
    QUIET,
    RESOLVES,
    T0,
    burn,
    count,
    down,
    level,
    mean,
    old,
    quiet,
    share,
)
from promtool import STALE, Cases, Line, Scenario, counter, gauge

BUCKET = '{bucket="energy_data"}'
FUNCTION = '{function="lambda_router"}'
API = '{api="ons", stage="prod"}'


def _regressed() -> Cases:
    alias = '{function="lambda_router", alias="LIVE"}'
    version = '{function="lambda_router", alias="LIVE", version="2"}'
    healthy: dict[str, Line] = {
        f"dataplatform:lambda_current_error_ratio:lookback{alias}": gauge({0: 0.0}),
        f"dataplatform:lambda_earlier_error_ratio:lookback{alias}": gauge({0: 0.01}),
        f"dataplatform:lambda_current_errors:lookback{alias}": gauge({0: 0}),
        f"dataplatform:lambda_sole_version:info{version}": gauge({0: 1}),
        f"dataplatform:lambda_errors:recent{FUNCTION}": gauge({0: 0}),
        f"dataplatform:lambda_error_ratio:recent{FUNCTION}": gauge({0: 0.0}),
        f"dataplatform_lambda_alias_changed_timestamp_seconds{alias}": gauge({0: 0}),
        f"dataplatform_lambda_version_errors_total{version}": counter({}),
        'vigia_collector_up{collector="lambda"}': gauge({0: 1}),
    }
    ratio, earlier, errors, sole, recent, share_now, moved, failed, measured = healthy
    bad = healthy | {
        ratio: gauge({0: 0, T0: 0.051}),
        errors: gauge({0: 0, T0: 5}),
        recent: gauge({0: 0, T0: 1}),
        share_now: gauge({0: 0, T0: 0.051}),
        moved: gauge({0: T0 - 60}),
        failed: counter({T0 - 60: 2, T0: 3}),
    }
    cured = bad | {share_now: gauge({0: 0, T0: 0.051, T0 + 300: 0.05})}
    # Nobody calls it any more: there is no share of failures.
    idle = {key: line for key, line in bad.items() if key != share_now}
    edges: dict[str, Line] = {
        ratio: gauge({0: 0, T0: 0.05}),
        earlier: gauge({0: 0.017}),
        errors: gauge({0: 0, T0: 4}),
        sole: gauge({0: STALE}),
        share_now: gauge({0: 0.05}),
        moved: gauge({0: T0 - 3600}),
        failed: counter({T0: 5}),
    }
    return Cases(
        (
            Scenario(
                LIFE,
                cured,
                {T0 - 30: 0, T0: 1, T0 + 300 + KEEP - 30: 1, T0 + 300 + KEEP + 30: 0},
            ),
            *(quiet(bad | {series: line}, T0, T0 + 60) for series, line in edges.items()),
            quiet({key: line for key, line in bad.items() if key != earlier}, T0, T0 + 60),
            quiet(idle | {recent: gauge({0: 0})}, T0, T0 + 60),
            # Nothing fails any more, it seems, but nothing is measured either.
            Scenario(
                frozenset({GAP}),
                cured | {measured: gauge({0: 1, T0 + 270: 0, T0 + 900: 1})},
                {T0 + 300 + KEEP + 30: 1, T0 + 900: 1, T0 + 900 + KEEP + 30: 0},
            ),
            # Exactly three times the ratio before: binary fractions, so that it is exact.
            quiet(bad | {ratio: gauge({0: 0, T0: 0.75}), earlier: gauge({0: 0.25})}, T0, T0 + 60),
            # An hour later the look-back holds other failures, but not this deployment's.
            Scenario(
                frozenset({RESOLVES}),
                bad | {moved: gauge({0: 0})},
                {T0: 1, 3570: 1, 3600 + KEEP + 30: 0},
            ),
            # Two failing periods more than a look-back apart are not a regression.
            quiet(
                bad | {failed: counter({0: 0, 30: 2, T0 + 3600: 3}), moved: gauge({0: T0 + 3000})},
                T0 + 3600,
                T0 + 3630,
            ),
            Scenario(
                frozenset({GAP}),
                bad | {recent: gauge({0: 0, T0: 1, T0 + 30: STALE, T0 + 90: 1})},
                {T0 + 60: 1, T0 + 120: 1},
            ),
        ),
        step=30,
    )


def _errors_high() -> Cases:
    errors = f"dataplatform_lambda_errors_total{FUNCTION}"
    return Cases(
        (
            Scenario(
                LIFE,
                {errors: counter({600: 6, 885: 6})},
                {885: 0, 900: 1, 1185 + KEEP - 30: 1, 1185 + KEEP + 15: 0},
            ),
            quiet({errors: counter({600: 5, 885: 5, 1170: 5})}, 600, 900, 1200, 1230),
            quiet({errors: counter({600: 6})}, 615, 900, 960),
            Scenario(
                frozenset({GAP}),
                {errors: counter({600: 6, 885: 6, 930: STALE, 990: 0})},
                {975: 1, 1020: 1},
            ),
        )
    )


def _idle() -> Cases:
    processed = 'dataplatform_log_events_total{event="processed", function="lambda_router"}'
    return Cases(
        (
            Scenario(
                LIFE,
                {processed: counter({600: 1, 8400: 1})},
                {7680: 0, 7800: 1, 8400 + KEEP - 60: 1, 8400 + KEEP + 60: 0},
            ),
            quiet({processed: counter({600: 1, 7740: 1})}, 7740, 7800, 7860),
            quiet({processed: counter(dict.fromkeys(range(600, 12000, 1800), 1))}, 7800, 12000),
            Scenario(
                frozenset({GAP}),
                {processed: counter({600: 1, 7860: STALE, 8040: 0})},
                {7980: 1, 8100: 1},
            ),
        ),
        step=60,
    )


def _datapoint_missing() -> Cases:
    age = 'vigia_datapoint_age_seconds{collector="lambda", resource="lambda_router"}'
    day, half = 86_400, 1_800
    now = 3 * day
    before = {0: 5000, day: 200}
    return Cases(
        (
            Scenario(
                LIFE,
                {age: gauge({**before, now: 900, now + half: 901, now + 3 * half: 200})},
                {now: 0, now + half: 1, now + 3 * half: 1, now + 4 * half: 0},
            ),
            quiet({age: gauge({0: 900, now: 901})}, now, now + half),
            # More than a tenth of yesterday without data: not a steady resource.
            quiet({age: gauge({**before, day + 72_000: 5000, now: 5001})}, now),
            quiet({age.replace("lambda", "logs", 1): gauge({**before, now: 5000})}, now),
            Scenario(
                frozenset({GAP}),
                {age: gauge({**before, now: 901, now + half: STALE, now + 2 * half: 901})},
                {now: 1, now + half: 1, now + 2 * half: 1},
            ),
        ),
        step=half,
    )


def _never_matched() -> Cases:
    series = 'dataplatform_log_pattern_never_matched{event="processed", function="lambda_router"}'
    rightly = series.replace("processed", "security")
    base = level(series, 0, 0, 1, wait=7200, step=60)
    return Cases((*base.scenarios, quiet({rightly: gauge({0: 1})}, 7200, 9000)), step=60)


def _escalation(wait: int) -> Cases:
    series = (
        'ALERTS{alertname="InfluxDown", alertstate="firing", severity="page", tier="1",'
        ' team="operations", escalate="true", environment="prod"}'
    )
    plain = series.replace(', escalate="true"', "")
    return Cases(
        (
            Scenario(
                LIFE,
                {series: gauge({T0: 1, T0 + wait + 60: STALE})},
                {T0 + wait - 15: 0, T0 + wait: 1, T0 + wait + 45: 1, T0 + wait + 75: 0},
            ),
            quiet({plain: gauge({T0: 1})}, T0 + wait, T0 + wait + 60),
            quiet({series.replace("firing", "pending"): gauge({T0: 1})}, T0 + wait + 15),
        )
    )


def _log(event: str) -> str:
    return f'dataplatform_log_events_total{{event="{event}", function="lambda_router"}}'


FAST = (("1h", "5m", 0.144, 34), ("6h", "30m", 0.06, 80))
SLOW = (("1d", "2h", 0.03, 160), ("3d", "6h", 0.01, 490))


CASES: dict[str, Cases] = {
    "FunctionRegressedAfterFlag": cases_flags.regressed(),
    "FunctionRegressedAfterDeploy": _regressed(),
    "LambdaErrorsHigh": _errors_high(),
    "ApiLatencyHigh": mean("dataplatform_api_latency_seconds", API, 10, 2),
    "ApiServerErrors": count(
        'dataplatform_api_errors_total{api="ons", stage="prod", class="5xx"}',
        'dataplatform_api_errors_total{api="ons", stage="prod", class="4xx"}',
    ),
    "LogFailures": count(_log("failed"), _log("error")),
    "SecurityEvents": count(_log("security"), _log("failed")),
    "ProcessingIdle": _idle(),
    "InfluxDown": level(f"dataplatform_influxdb_up{BUCKET}", 1, 1, 0, wait=90),
    "InfluxWriteSlow": mean("dataplatform_influxdb_write_latency_seconds", BUCKET, 5, 3),
    "InfluxRecordsStale": level(
        'dataplatform_influxdb_record_age_seconds{bucket="energy_data", measurement="load"}',
        60,
        7200,
        7201,
    ),
    "CostOverBudget/80%": share("dataplatform_cost_month_to_date_usd", 0.8, 1.0),
    "CostOverBudget/100%": share("dataplatform_cost_month_to_date_usd", 1.0, 1.2),
    "CostOverBudget/120%": share("dataplatform_cost_month_to_date_usd", 1.2, None),
    "CostForecastOverBudget": share("dataplatform_cost_forecast_usd", 1.0, None),
    "LambdaBudgetBurnFast": burn("lambda_success", FAST),
    "LambdaBudgetBurnSlow": burn("lambda_success", SLOW),
    "ApiBudgetBurnFast": burn("api_latency", FAST),
    "ApiBudgetBurnSlow": burn("api_latency", SLOW),
    "ApiAvailabilityBurnFast": burn("api_availability", FAST),
    "ApiAvailabilityBurnSlow": burn("api_availability", SLOW),
    "InfluxWriteBurnFast": burn("influxdb_write_success", FAST),
    "InfluxWriteBurnSlow": burn("influxdb_write_success", SLOW),
    "InfluxLatencyBurnFast": burn("influxdb_write_latency", FAST),
    "InfluxLatencyBurnSlow": burn("influxdb_write_latency", SLOW),
    "PipelineFreshnessBurnFast": burn("pipeline_freshness", FAST, least=20),
    "PipelineFreshnessBurnSlow": burn("pipeline_freshness", SLOW, least=20),
    "ExporterDown": down("vigia-exporter"),
    "CollectorFailing/vital": replace(
        level('vigia_collector_up{collector="api"}', 1, 1, 0, wait=900), apart="priority"
    ),
    "CollectorFailing/other": replace(
        level('vigia_collector_up{collector="cost"}', 1, 1, 0, wait=900), apart="priority"
    ),
    "CollectorStale": Cases(
        tuple(
            replace(
                scenario,
                series={
                    **scenario.series,
                    'vigia_collector_cadence_seconds{collector="api"}': gauge({0: 300}),
                },
            )
            for scenario in old(
                'vigia_collector_last_success_timestamp_seconds{collector="api"}', 1500, 60
            )
        ),
        step=60,
    ),
    "DatapointMissing": _datapoint_missing(),
    "LogPatternNeverMatched": _never_matched(),
    "CoverageIncomplete": level(
        'vigia_collector_coverage_ratio{collector="api"}', 1, 1, 0.8, wait=900
    ),
    "RemediationDown": down("vigia-remediations"),
    "EngineStuck": Cases(tuple(old("vigia_engine_last_cycle_timestamp_seconds", 180, 15))),
    "LedgerDown": level("vigia_ledger_up", 1, 1, 0, wait=60),
    "RemediationNeedsHuman": level(
        'vigia_run_needs_human{action="rollback_function", target="a", outcome="failed"}', 0, 0, 1
    ),
    "ApprovalPending": level("vigia_approvals_pending", 0, 0, 1),
    "KillSwitchOn": level("vigia_kill_switch", 0, 0, 1),
    "EscalationUndelivered": level("vigia_escalations_pending", 0, 0, 1, wait=60),
    "DeliveriesTruncated": count(
        "vigia_deliveries_truncated_total", 'vigia_deliveries_total{outcome="refused"}'
    ),
    "EscalationTier2": _escalation(900),
    "EscalationTier3": _escalation(1800),
    "Watchdog": Cases((Scenario(frozenset({FIRES}), {}, {0: 1, 60: 1}),)),
}
"""By alert, and share of the budget where an alert has several."""

WITHOUT: dict[str, frozenset[str]] = {
    "Watchdog": frozenset({QUIET, RESOLVES, GAP}),  # it always fires: that is its point
    "EscalationTier2": frozenset({GAP}),  # the alert that it escalates survives the gap
    "EscalationTier3": frozenset({GAP}),
}
