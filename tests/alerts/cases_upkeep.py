"""Cases of the alerts on cost by service, retention, security, maintenance and the exporter."""

from __future__ import annotations

from patterns import GAP, KEEP, LIFE, T0, aged, also, beside, count, level, quiet
from promtool import STALE, Cases, Line, Scenario, gauge

SLOW = 630
_DAY = 'dataplatform_cost_daily_usd{service="Amazon S3", day="yesterday"}'
_WEEK = 'dataplatform_cost_daily_mean_7d_usd{service="Amazon S3"}'
_FLAG = 'dataplatform_flag_enabled{flag="enable_maintenance_mode"}'
_ACTIVE = "dataplatform_maintenance_active"
_PLACE = 'account="1", region="us-east-1"'


def _cost() -> Cases:
    least = beside(level(_DAY, 9, 18.9, 19), {_WEEK: gauge({0: 9})})
    return also(
        least,
        # Twice as much is not yet too much, however many dollars it is.
        quiet({_DAY: gauge({0: 40}), _WEEK: gauge({0: 20})}, T0),
        quiet({_DAY: gauge({0: 100}), _WEEK: gauge({0: 0})}, T0),
        quiet({_DAY.replace("yesterday", "today"): gauge({0: 99}), _WEEK: gauge({0: 9})}, T0),
        Scenario(LIFE, {_DAY: gauge({0: 42}), _WEEK: gauge({0: 20})}, {T0: 1}),
    )


def _overrun() -> Cases:
    fired = T0 + 300
    on, out = gauge({0: 1}), gauge({0: 0})
    return Cases(
        (
            Scenario(
                LIFE,
                {_FLAG: gauge({0: 1, fired + 120: 0}), _ACTIVE: gauge({0: 1, T0: 0})},
                {
                    fired - 15: 0,
                    fired: 1,
                    fired + 120 + KEEP - 15: 1,
                    fired + 120 + KEEP + 15: 0,
                },
            ),
            quiet({_FLAG: on, _ACTIVE: on}, fired, fired + 60),
            quiet({_FLAG: out, _ACTIVE: out}, fired, fired + 60),
            quiet({_FLAG: on}, fired, fired + 60),
            quiet({_FLAG.replace("maintenance_mode", "cache"): on, _ACTIVE: out}, fired),
            Scenario(
                frozenset({GAP}),
                {_FLAG: gauge({0: 1, fired + 135: STALE, fired + 195: 1}), _ACTIVE: out},
                {fired + 120: 1, fired + 180: 1, fired + 240: 1},
            ),
        )
    )


def _ahead() -> Cases:
    series = 'vigia_collector_last_success_timestamp_seconds{job="vigia-exporter", collector="api"}'
    engine = 'vigia_engine_last_cycle_timestamp_seconds{job="vigia-remediations"}'
    over = T0 + 300

    def clock(ahead: int, *, start: int = T0, gap: range = range(0)) -> Line:
        return gauge(
            {0: 0}
            | {at: at + ahead for at in range(start, over, 15) if at not in gap}
            | dict.fromkeys(gap[:1], STALE)
            | {over: over}
        )

    return Cases(
        (
            Scenario(
                LIFE,
                {series: clock(61)},
                {T0 - 15: 0, T0: 1, over + KEEP - 15: 1, over + KEEP + 15: 0},
            ),
            Scenario(LIFE, {series: clock(0), engine: clock(61)}, {T0 - 15: 0, T0: 1}),
            quiet({series: clock(60), engine: clock(60)}, T0, T0 + 150),
            Scenario(
                frozenset({GAP}),
                {series: clock(61, gap=range(T0 + 60, T0 + 120, 15))},
                {T0 + 45: 1, T0 + 105: 1, T0 + 150: 1},
            ),
        )
    )


CASES: dict[str, Cases] = {
    "ServiceCostJumped": _cost(),
    "LogsWithoutRetention": level(
        f"dataplatform_log_groups_without_retention{{{_PLACE}}}", 0, 0, 1
    ),
    "PermissionsChanged": count(
        'dataplatform_trail_events_total{event="PutUserPolicy", account="1"}',
        "vigia_aws_billed_metrics_total",
        window=SLOW,
    ),
    "SecurityGroupOpen": level(
        f'dataplatform_security_group_open_rules{{group="db", group_id="sg-1", {_PLACE},'
        ' ports="all"}',
        0,
        0,
        1,
    ),
    "AccessKeyOld": aged(
        'dataplatform_access_key_created_timestamp_seconds{account="1", user="ana", key="ABCD"}',
        7_776_000,
    ),
    "MaintenanceOverrun": _overrun(),
    "ExporterStateFailing": count(
        'vigia_collector_failures_total{collector="api", reason="state"}',
        'vigia_collector_failures_total{collector="api", reason="denied"}',
    ),
    "ExporterStateLost": count("vigia_state_resets_total", "vigia_aws_billed_metrics_total"),
    "CollectionStretched": level(
        'vigia_collector_stretch_ratio{collector="log_groups"}', 1, 2, 2.1, wait=900
    ),
    "CollectionOverCap": beside(
        level("vigia_cost_projected_usd", 40, 50, 50.1, wait=900),
        {"vigia_cost_cap_usd": gauge({0: 50})},
    ),
    "AwsThrottled": count(
        f'vigia_aws_throttles_total{{{_PLACE}, service="monitoring"}}',
        "vigia_aws_billed_metrics_total",
        window=3600,
        limit=20,
    ),
    "ClockAhead": _ahead(),
    "ScopeFailing": level(
        'vigia_collector_scope_up{collector="lambda", scope="second"}', 1, 1, 0, wait=900
    ),
    "ResourceMissing": level(
        'vigia_resource_missing{collector="buckets", resource="raw"}', 0, 0, 1, wait=900
    ),
    "CustomMetricNeverSeen": level(
        'vigia_custom_metric_never_seen{resource="latency"}', 0, 0, 1, wait=86_400, step=120
    ),
}
