"""Cases of the alerts that ask for an action, or say why there is none to take."""

from __future__ import annotations

from patterns import FIRES, GAP, KEEP, LIFE, T0, level, quiet
from promtool import STALE, Cases, Scenario, counter, gauge

FUNCTION = '{function="lambda_router"}'
LOG = 'dataplatform_log_events_total{{event="{}", function="lambda_router"}}'


def _without_change() -> Cases:
    errors = f"dataplatform_lambda_errors_total{FUNCTION}"
    alias = (
        'dataplatform_lambda_alias_changed_timestamp_seconds{function="lambda_router", alias="L"}'
    )
    flag = 'dataplatform_flag_changed_timestamp_seconds{flag="a"}'
    failing = {errors: counter({600: 6, 885: 6})}
    often = counter(dict.fromkeys(range(3600, 4800, 285), 6))
    return Cases(
        (
            Scenario(LIFE, failing, {885: 0, 900: 1, 1185 + KEEP - 30: 1, 1185 + KEEP + 15: 0}),
            quiet({errors: counter({600: 5, 885: 5, 1170: 5})}, 600, 900, 1200, 1230),
            quiet({errors: counter({600: 6})}, 615, 900, 960),
            # Changed within the hour, and just no more.
            *(quiet({**failing, one: gauge({0: 0, 300: 300})}, 900, 960) for one in (alias, flag)),
            *(
                Scenario(LIFE, {errors: often, one: gauge({0: 585})}, {4170: 0, 4185 + 300: 1})
                for one in (alias, flag)
            ),
            Scenario(
                frozenset({GAP}),
                {errors: counter({600: 6, 885: 6, 930: STALE, 990: 0})},
                {975: 1, 1020: 1},
            ),
        )
    )


def _stuck() -> Cases:
    created = f"dataplatform_deployment_created_timestamp_seconds{FUNCTION}"
    status = 'dataplatform_deployment_status{function="lambda_router", status="InProgress"}'
    late = T0 + 1800
    hangs = {created: gauge({0: 0, T0: T0}), status: gauge({0: 0, T0: 1})}
    return Cases(
        (
            Scenario(
                LIFE,
                hangs | {status: gauge({0: 0, T0: 1, late + 120: 0})},
                {late: 0, late + 15: 1, late + 105 + KEEP: 1, late + 135 + KEEP: 0},
            ),
            # It ended long ago, or another one has begun since.
            quiet(hangs | {status: gauge({0: 0, T0: 1, T0 + 60: 0})}, late + 15, late + 600),
            quiet(hangs | {created: gauge({0: 0, T0: T0, late: late})}, late + 15, late + 600),
            quiet(
                {created: gauge({0: 0}), status.replace("InProgress", "Ended"): gauge({0: 1})}, late
            ),
            Scenario(
                frozenset({GAP}),
                hangs | {status: gauge({0: 0, T0: 1, late + 30: STALE, late + 90: 1})},
                {late + 15: 1, late + 75: 1, late + 120: 1},
            ),
        )
    )


def _corrupted() -> Cases:
    series, window = LOG.format("corrupted"), 300
    return Cases(
        (
            Scenario(
                LIFE,
                {series: counter({T0: 4})},
                {T0 - 15: 0, T0: 1, T0 + window + KEEP - 30: 1, T0 + window + KEEP + 15: 0},
            ),
            quiet({series: counter({T0: 3}), LOG.format("error"): counter({T0: 9})}, T0, T0 + 60),
            quiet({series: counter({T0: 3, T0 + 330: 3})}, T0, T0 + 330, T0 + 400 // 15 * 15),
            Scenario(
                frozenset({GAP}),
                {series: counter({T0: 4, T0 + 30: STALE, T0 + 90: 0})},
                {T0 + 75: 1, T0 + 120: 1},
            ),
        )
    )


_CALLING = (
    *("not_allowed", "cool_down", "rate", "blast_radius", "no_data", "alert_unconfirmed"),
    *("aws_denied", "prometheus_unreachable"),
)
# Of a storm people hear once, and not once for each run; the others pass without a person.
_CALLING_NOBODY = ("storm", "kill_switch", "maintenance", "target_busy", "flags_first")


def _blocked() -> Cases:
    held = 'vigia_run_blocked{action="rollback_function", target="a", reason="cool_down"}'
    base = level(held, 0, 0, 1, wait=120)
    every = {held.replace("cool_down", reason): gauge({0: 0, T0: 1}) for reason in _CALLING}
    return Cases(
        (
            *base.scenarios,
            Scenario(frozenset({FIRES}), every, {T0 + 105: 0, T0 + 120: len(every)}),
            # One by one: each alone must be enough to keep the alert quiet.
            *(
                quiet({held.replace("cool_down", reason): gauge({0: 1})}, 120, 240, 3600)
                for reason in _CALLING_NOBODY
            ),
        ),
        base.step,
    )


CASES: dict[str, Cases] = {
    "FunctionFailsWithoutChange": _without_change(),
    "DeploymentStuck": _stuck(),
    "DataCorrupted": _corrupted(),
    "InfluxDiskAlmostFull": level(
        'dataplatform_influxdb_disk_utilization_ratio{instance_id="ons"}', 0.5, 0.8, 0.81
    ),
    "RemediationBlocked": _blocked(),
}
