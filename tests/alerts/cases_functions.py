"""Cases of the alerts on the state and the limits of functions and of InfluxDB."""

from __future__ import annotations

from patterns import T0, also, count, level, mean, quiet
from promtool import Cases, gauge

FUNCTION = '{function="lambda_router"}'
ALIAS = '{function="lambda_router", alias="LIVE"}'
INSTANCE = '{instance_id="ons"}'
SLOW = 630
_PROVISIONED = "dataplatform_lambda_provisioned_concurrency"


def _state(state: str) -> str:
    return f'dataplatform_lambda_state{{function="lambda_router", state="{state}"}}'


def _update(state: str) -> str:
    return _state(state).replace("lambda_state", "lambda_last_update_status")


def _status(state: str) -> str:
    return f'dataplatform_influxdb_instance_status{{instance_id="ons", state="{state}"}}'


def _allocation(state: str) -> str:
    return f'{_PROVISIONED}_status{{function="lambda_router", alias="LIVE", state="{state}"}}'


CASES: dict[str, Cases] = {
    "FunctionNotActive": also(
        level(_state("Failed"), 0, 0, 1, wait=375),
        quiet({_state("Inactive"): gauge({0: 1})}, T0 + 375, T0 + 400),
        quiet({_state("Active"): gauge({0: 1})}, T0 + 375, T0 + 400),
    ),
    "FunctionUpdateFailed": also(
        level(_update("Failed"), 0, 0, 1), quiet({_update("InProgress"): gauge({0: 1})}, T0)
    ),
    "FunctionThrottled": count(
        f"dataplatform_lambda_throttles_total{FUNCTION}",
        f"dataplatform_lambda_invocations_total{FUNCTION}",
        window=SLOW,
        limit=5,
    ),
    "ProvisionedConcurrencySpilt": count(
        f"{_PROVISIONED}_spillover_invocations_total{ALIAS}",
        f"dataplatform_lambda_invocations_total{FUNCTION}",
        window=SLOW,
    ),
    "ProvisionedConcurrencyBusy": level(
        f"{_PROVISIONED}_utilization_ratio{ALIAS}", 0.5, 0.8, 0.81, wait=945
    ),
    "ProvisionedConcurrencyFailed": also(
        level(_allocation("FAILED"), 0, 0, 1), quiet({_allocation("READY"): gauge({0: 1})}, T0)
    ),
    "FunctionVersionsMany": level(f"dataplatform_lambda_versions{FUNCTION}", 5, 20, 21),
    "InfluxInstanceNotAvailable": also(
        level(_status("failed"), 0, 0, 1, wait=1815),
        quiet({_status("available"): gauge({0: 1})}, T0 + 1815, T0 + 1860),
    ),
    "InfluxListenerDown": level(
        'dataplatform_influxdb_listener_up{instance_id="ons", endpoint="/health"}',
        1,
        1,
        0,
        wait=90,
    ),
    "InfluxCpuHigh": level(
        f"dataplatform_influxdb_cpu_utilization_ratio{INSTANCE}", 0.5, 0.8, 0.81, wait=600
    ),
    "InfluxMemoryHigh": level(
        f"dataplatform_influxdb_memory_utilization_ratio{INSTANCE}", 0.5, 0.8, 0.81, wait=600
    ),
    "InfluxQuerySlow": mean(
        "dataplatform_influxdb_query_duration_seconds", '{bucket="energy_data"}', 2, 2
    ),
    "InfluxWriteTimeouts": count(
        f"dataplatform_influxdb_write_timeouts_total{INSTANCE}",
        f"dataplatform_influxdb_query_requests_total{INSTANCE}",
        window=SLOW,
    ),
}
