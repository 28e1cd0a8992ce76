"""A platform where all is well and nothing happens: what its exporter would show."""

from __future__ import annotations

from promtool import Line, counter, gauge

_API = 'api="ons", stage="prod"'
_ALIAS = 'function="a", alias="LIVE"'
_PLACE = 'account="1", region="us-east-1"'
LATE = 10**9
"""A time that is long to come."""

LEVELS: dict[str, float] = {
    'up{job="vigia-exporter", instance="a"}': 1,
    'up{job="vigia-remediations", instance="b"}': 1,
    f"dataplatform_api_probe_up{{{_API}}}": 1,
    f"dataplatform_api_probe_certificate_expiry_timestamp_seconds{{{_API}}}": LATE,
    f"dataplatform_api_cache_enabled{{{_API}}}": 0,
    f'dataplatform_api_cache_state{{{_API}, state="not_available"}}': 1,
    f'dataplatform_api_cache_state{{{_API}, state="available"}}': 0,
    'dataplatform_bucket_up{bucket="raw"}': 1,
    'dataplatform_bucket_snapshot_never{bucket="raw"}': 0,
    'dataplatform_bucket_snapshot_complete{bucket="raw"}': 1,
    'dataplatform_bucket_snapshot_timestamp_seconds{bucket="raw"}': 0,
    'dataplatform_bucket_lifecycle_rules{bucket="raw"}': 1,
    'dataplatform_rule_enabled{rule="on-arrival"}': 1,
    'dataplatform_rule_targets{rule="on-arrival"}': 1,
    'dataplatform_state_machine_running_executions{state_machine="p"}': 0,
    # What failed long ago is still within the look-back.
    'dataplatform_deployments{deployment_group="a", status="Failed"}': 3,
    'dataplatform_deployments_rolled_back{deployment_group="a"}': 1,
    f'dataplatform_lambda_alias_weight{{{_ALIAS}, version="1"}}': 1,
    f'dataplatform_lambda_alias_info{{{_ALIAS}, version="1"}}': 1,
    'dataplatform_lambda_state{function="a", state="Active"}': 1,
    'dataplatform_lambda_state{function="a", state="Failed"}': 0,
    # Lambda puts functions to sleep that nobody invokes.
    'dataplatform_lambda_state{function="b", state="Inactive"}': 1,
    'dataplatform_lambda_last_update_status{function="a", state="Failed"}': 0,
    'dataplatform_lambda_versions{function="a"}': 5,
    f"dataplatform_lambda_provisioned_concurrency_utilization_ratio{{{_ALIAS}}}": 0,
    f'dataplatform_lambda_provisioned_concurrency_status{{{_ALIAS}, state="FAILED"}}': 0,
    'dataplatform_flag_enabled{flag="enable_maintenance_mode"}': 0,
    "dataplatform_flags_unlisted": 0,
    'dataplatform_flag_deployment_state{profile="f", state="ROLLED_BACK"}': 0,
    'dataplatform_influxdb_up{bucket="e"}': 1,
    'dataplatform_influxdb_instance_status{instance_id="i", state="available"}': 1,
    'dataplatform_influxdb_instance_status{instance_id="i", state="failed"}': 0,
    'dataplatform_influxdb_listener_up{instance_id="i", endpoint="health"}': 1,
    'dataplatform_influxdb_cpu_utilization_ratio{instance_id="i"}': 0.01,
    'dataplatform_influxdb_memory_utilization_ratio{instance_id="i"}': 0.3,
    'dataplatform_influxdb_disk_utilization_ratio{instance_id="i"}': 0.4,
    f"dataplatform_lambda_alias_changed_timestamp_seconds{{{_ALIAS}}}": 0,
    'dataplatform_flag_changed_timestamp_seconds{flag="f"}': 0,
    'dataplatform_flag_info{flag="f", critical="false"}': 1,
    'dataplatform_deployment_created_timestamp_seconds{function="a"}': 0,
    'dataplatform_deployment_status{function="a", status="Succeeded"}': 1,
    'dataplatform_deployment_status{function="a", status="InProgress"}': 0,
    'dataplatform_log_pattern_never_matched{event="processed", function="a"}': 0,
    "dataplatform_cost_month_to_date_usd": 100,
    "dataplatform_cost_budget_usd": 3000,
    "dataplatform_cost_forecast_usd": 200,
    'dataplatform_cost_daily_usd{service="Amazon S3", day="yesterday"}': 0,
    'dataplatform_cost_daily_mean_7d_usd{service="Amazon S3"}': 0,
    f"dataplatform_log_groups_without_retention{{{_PLACE}}}": 0,
    f'dataplatform_security_group_open_rules{{group="d", group_id="s", {_PLACE}, ports="all"}}': 0,
    'dataplatform_access_key_created_timestamp_seconds{account="1", user="u", key="k"}': 0,
    "dataplatform_maintenance_active": 0,
    'vigia_collector_up{collector="api"}': 1,
    'vigia_collector_cadence_seconds{collector="api"}': 60,
    'vigia_collector_coverage_ratio{collector="api"}': 1,
    'vigia_collector_stretch_ratio{collector="api"}': 1,
    'vigia_collector_scope_up{collector="api", scope="main"}': 1,
    'vigia_custom_metric_never_seen{resource="m"}': 0,
    "vigia_cost_cap_usd": 50,
    "vigia_cost_projected_usd": 5,
    "vigia_kill_switch": 0,
    "vigia_approvals_pending": 0,
    "vigia_escalations_pending": 0,
    "vigia_ledger_up": 1,
}
COUNTERS = (
    'dataplatform_lambda_errors_total{function="a"}',
    'dataplatform_lambda_invocations_total{function="a"}',
    'dataplatform_lambda_throttles_total{function="a"}',
    f"dataplatform_api_requests_total{{{_API}}}",
    f"dataplatform_api_slow_requests_total{{{_API}}}",
    f'dataplatform_api_errors_total{{{_API}, class="5xx"}}',
    f"dataplatform_api_latency_seconds_sum{{{_API}}}",
    f"dataplatform_api_latency_seconds_count{{{_API}}}",
    'dataplatform_log_events_total{event="processed", function="a"}',
    'dataplatform_log_events_total{event="failed", function="a"}',
    'dataplatform_log_events_total{event="security", function="a"}',
    'dataplatform_trail_events_total{event="PutUserPolicy", account="1"}',
    'dataplatform_rule_failed_invocations_total{rule="on-arrival"}',
    'dataplatform_state_machine_executions_finished_total{state_machine="p", outcome="failed"}',
    'dataplatform_influxdb_write_errors_total{bucket="e", reason="timeout"}',
    'dataplatform_influxdb_write_timeouts_total{instance_id="i"}',
    f'dataplatform_lambda_version_errors_total{{{_ALIAS}, version="1"}}',
    f'dataplatform_lambda_version_invocations_total{{{_ALIAS}, version="1"}}',
    f"dataplatform_lambda_provisioned_concurrency_spillover_invocations_total{{{_ALIAS}}}",
    'dataplatform_rule_throttled_total{rule="on-arrival"}',
    'dataplatform_state_machine_throttled_total{state_machine="p"}',
    'vigia_aws_throttles_total{service="lambda"}',
    "vigia_deliveries_truncated_total",
    "vigia_state_resets_total",
    'vigia_collector_failures_total{collector="api", reason="state"}',
)
_AGE = 'dataplatform_influxdb_record_age_seconds{bucket="e", measurement="load"}'


def idle(end: int, step: int, *, fresh: bool) -> dict[str, Line]:
    """Return the series; the energy data stay ``fresh``, or nobody brings any."""
    times = range(0, end + step, step)
    moving = dict.fromkeys(times, 1.0)
    return {
        **{series: gauge({0: value}) for series, value in LEVELS.items()},
        **{series: counter({}) for series in COUNTERS},
        # Canary writes are made whether or not anybody else writes.
        'dataplatform_influxdb_write_latency_seconds_sum{bucket="e"}': counter(
            dict.fromkeys(times, 0.01)
        ),
        'dataplatform_influxdb_write_latency_seconds_count{bucket="e"}': counter(moving),
        'dataplatform_influxdb_write_latency_seconds_bucket{bucket="e", le="5.0"}': counter(moving),
        'dataplatform_influxdb_query_duration_seconds_sum{bucket="e"}': counter(
            dict.fromkeys(times, 0.01)
        ),
        'dataplatform_influxdb_query_duration_seconds_count{bucket="e"}': counter(moving),
        # CloudWatch has nothing to tell of what nobody invokes.
        'vigia_datapoint_age_seconds{collector="lambda", resource="a"}': gauge(
            {at: at for at in times}
        ),
        'vigia_collector_last_success_timestamp_seconds{job="vigia-exporter", collector="api"}': (
            gauge({at: at for at in times})
        ),
        'vigia_engine_last_cycle_timestamp_seconds{job="vigia-remediations"}': gauge(
            {at: at for at in times}
        ),
        _AGE: gauge({0: 60} if fresh else {at: at for at in times}),
    }
