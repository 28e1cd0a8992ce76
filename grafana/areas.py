"""The overview's lower half: what each area of the platform shows, beside its alerts' limits."""

from __future__ import annotations

from collections.abc import Mapping

from alerts import windows
from alerts.panels import Panel
from catalogue.metrics import MetricSpec
from catalogue.promql import (
    Match,
    Vector,
    count_by,
    equals,
    increase,
    max_by,
    once,
    or_zero,
    ratio,
    since,
    sum_by,
    until,
)
from catalogue.texts import dashboards_areas as texts
from catalogue.texts.dashboards import PanelTexts
from exporter import telemetry as exporter
from exporter.collectors import (
    access_keys,
    api_probe,
    api_stages,
    bucket_settings,
    buckets,
    cost,
    deployments,
    flags,
    influxdb,
    influxdb_instance,
    influxdb_server,
    lambda_functions,
    lambda_provisioned,
    lambda_state,
    lambda_versions,
    log_groups,
    maintenance,
    rules,
    security_groups,
    state_machines,
    trail,
)
from grafana.panel import Ask, Look, PanelSpec, select
from inventory.model import Inventory

_HOUR = "1h"
_STAGE = "{{api}} {{stage}}"


def panels(inventory: Inventory) -> tuple[tuple[PanelSpec, ...], ...]:
    """Return the panels, row by row."""
    return (
        (_api_health(), _certificate(), _cache(), _buckets()),
        (_rules(), _executions(), _execution_age()),
        (_deployments(), _weights(), _flags()),
        (_functions(), _throttles(inventory), _provisioned()),
        (_influx_load(), _influx_queries(inventory), _influx_states()),
        (_cost_change(), _snapshots(), _versions()),
        (_lifecycle(), _retention(), _open_groups(), _maintenance()),
        (_trail(), _key_age(), _collection_cost()),
        (_stretch(), _aws_throttles(inventory), _clock()),
    )


def _gauge(spec: MetricSpec, legend: str, where: Mapping[str, str | Match] | None = None) -> Ask:
    return Ask(once(select(spec, where)), legend)


def _growth(spec: MetricSpec, window: str, *by: str) -> Vector:
    counter = select(spec)
    return sum_by(once(counter, increase(counter, window)), *by)


def _on(panel: Panel, said: PanelTexts, *asks: Ask) -> PanelSpec:
    """Return a panel of values that are 1, or more, where all is well."""
    return PanelSpec(panel, said, "none", asks, look=Look.STAT, worse_below=True)


def _api_health() -> PanelSpec:
    return _on(Panel.API_HEALTH, texts.API_HEALTH, _gauge(api_probe.UP, _STAGE))


def _certificate() -> PanelSpec:
    left = until(once(select(api_probe.CERTIFICATE)))
    return PanelSpec(
        Panel.API_CERTIFICATE,
        texts.API_CERTIFICATE,
        "s",
        (Ask(left, _STAGE, optional=True),),
        look=Look.STAT,
        worse_below=True,
    )


def _cache() -> PanelSpec:
    return PanelSpec(
        Panel.API_CACHE,
        texts.API_CACHE,
        "short",
        (
            Ask(_growth(api_stages.CACHE_HITS, _HOUR, "api", "stage"), f"{_STAGE} hit"),
            Ask(_growth(api_stages.CACHE_MISSES, _HOUR, "api", "stage"), f"{_STAGE} miss"),
            Ask(equals(once(select(api_stages.CACHE_STATE)), 1), f"{_STAGE} {{{{state}}}}"),
        ),
    )


def _buckets() -> PanelSpec:
    return _on(Panel.BUCKETS_UP, texts.BUCKETS_UP, _gauge(buckets.UP, "{{bucket}}"))


def _snapshots() -> PanelSpec:
    age = since(once(select(bucket_settings.SNAPSHOT_TIMESTAMP)))
    return PanelSpec(
        Panel.SNAPSHOT_AGE, texts.SNAPSHOT_AGE, "s", (Ask(age, "{{bucket}}", optional=True),)
    )


def _lifecycle() -> PanelSpec:
    return _on(
        Panel.LIFECYCLE, texts.LIFECYCLE, _gauge(bucket_settings.LIFECYCLE_RULES, "{{bucket}}")
    )


def _rules() -> PanelSpec:
    return _on(
        Panel.RULES_ENABLED,
        texts.RULES_ENABLED,
        _gauge(rules.ENABLED, "{{rule}}"),
        _gauge(rules.TARGETS, "{{rule}}: targets"),
    )


def _executions() -> PanelSpec:
    ended = _growth(state_machines.FINISHED, _HOUR, "state_machine", "outcome")
    return PanelSpec(
        Panel.EXECUTIONS,
        texts.EXECUTIONS,
        "short",
        (
            Ask(ended, "{{state_machine}} {{outcome}}"),
            Ask(_growth(state_machines.THROTTLED, _HOUR, "state_machine"), "{{state_machine}} 429"),
            Ask(_growth(rules.FAILED_INVOCATIONS, _HOUR, "rule"), "{{rule}} failed"),
        ),
    )


def _execution_age() -> PanelSpec:
    oldest = since(once(select(state_machines.OLDEST)))
    spent, ended = (_mean_of(state_machines.DURATION, sample, _HOUR) for sample in ("sum", "count"))
    return PanelSpec(
        Panel.EXECUTION_AGE,
        texts.EXECUTION_AGE,
        "s",
        (
            Ask(oldest, "{{state_machine}}", optional=True),
            Ask(ratio(spent, ended), "{{state_machine}} mean"),
        ),
    )


def _mean_of(spec: MetricSpec, sample: str, window: str) -> Vector:
    counter = select(spec, sample=sample)
    return once(counter, increase(counter, window))


def _deployments() -> PanelSpec:
    return PanelSpec(
        Panel.DEPLOYMENTS,
        texts.DEPLOYMENTS,
        "none",
        (
            Ask(sum_by(once(select(deployments.COUNT)), "status"), "{{status}}"),
            Ask(sum_by(once(select(deployments.ROLLBACKS))), "rollback"),
        ),
    )


def _weights() -> PanelSpec:
    return PanelSpec(
        Panel.ALIAS_WEIGHTS,
        texts.ALIAS_WEIGHTS,
        "percentunit",
        (_gauge(lambda_functions.ALIAS_WEIGHT, "{{function}} {{alias}} {{version}}"),),
    )


def _flags() -> PanelSpec:
    return PanelSpec(
        Panel.FLAGS,
        texts.FLAGS,
        "none",
        (_gauge(flags.ENABLED, "{{flag}}"), _gauge(flags.UNLISTED, "?")),
        look=Look.STAT,
    )


def _functions() -> PanelSpec:
    states = equals(once(select(lambda_state.STATE)), 1)
    updates = equals(once(select(lambda_state.LAST_UPDATE)), 1)
    return PanelSpec(
        Panel.FUNCTION_STATES,
        texts.FUNCTION_STATES,
        "none",
        (
            Ask(count_by(states, "state"), "{{state}}"),
            Ask(count_by(updates, "state"), "update: {{state}}"),
        ),
        look=Look.STAT,
    )


def _throttles(inventory: Inventory) -> PanelSpec:
    wanted = inventory.thresholds.lambda_throttles.window
    window = windows.text(windows.slow(inventory, wanted))
    return PanelSpec(
        Panel.THROTTLES,
        texts.THROTTLES,
        "short",
        (Ask(_growth(lambda_functions.THROTTLES, window, "function"), "{{function}}"),),
        values={"window": window},
    )


def _provisioned() -> PanelSpec:
    return PanelSpec(
        Panel.PROVISIONED,
        texts.PROVISIONED,
        "percentunit",
        (
            Ask(
                once(select(lambda_provisioned.UTILIZATION)),
                "{{function}} {{alias}}",
                optional=True,
            ),
        ),
    )


def _versions() -> PanelSpec:
    return PanelSpec(
        Panel.FUNCTION_VERSIONS,
        texts.FUNCTION_VERSIONS,
        "none",
        (_gauge(lambda_versions.VERSIONS, "{{function}}"),),
    )


def _influx_load() -> PanelSpec:
    return PanelSpec(
        Panel.INFLUX_LOAD,
        texts.INFLUX_LOAD,
        "percentunit",
        (
            _gauge(influxdb_instance.CPU, "{{instance_id}} CPU"),
            _gauge(influxdb_instance.MEMORY, "{{instance_id}} memory"),
        ),
    )


def _influx_queries(inventory: Inventory) -> PanelSpec:
    wanted = inventory.thresholds.influxdb_query_seconds.window
    window = windows.text(max(wanted, windows.canary(inventory)))
    spent, asked = (_mean_of(influxdb.QUERY_DURATION, part, window) for part in ("sum", "count"))
    return PanelSpec(
        Panel.INFLUX_QUERIES, texts.INFLUX_QUERIES, "s", (Ask(ratio(spent, asked), "{{bucket}}"),)
    )


def _influx_states() -> PanelSpec:
    state = equals(once(select(influxdb_instance.STATUS)), 1)
    return PanelSpec(
        Panel.INFLUX_STATES,
        texts.INFLUX_STATES,
        "none",
        (
            Ask(state, "{{instance_id}} {{state}}"),
            _gauge(influxdb_server.LISTENER_UP, "{{instance_id}} {{endpoint}}"),
        ),
        look=Look.STAT,
    )


def _cost_change() -> PanelSpec:
    day = max_by(select(cost.DAILY, {"day": "yesterday"}), "service")
    return PanelSpec(
        Panel.COST_CHANGE,
        texts.COST_CHANGE,
        "none",
        (Ask(ratio(day, once(select(cost.TRAILING_7D))), "{{service}}"),),
        look=Look.BARS,
    )


def _retention() -> PanelSpec:
    return PanelSpec(
        Panel.LOG_RETENTION,
        texts.LOG_RETENTION,
        "none",
        (_gauge(log_groups.WITHOUT_RETENTION, "{{account}} {{region}}"),),
        look=Look.STAT,
    )


def _open_groups() -> PanelSpec:
    groups = sum_by(once(select(security_groups.OPEN_RULES)), "group")
    return PanelSpec(
        Panel.OPEN_GROUPS,
        texts.OPEN_GROUPS,
        "none",
        (Ask(groups, "{{group}}"),),
        look=Look.STAT,
    )


def _trail() -> PanelSpec:
    return PanelSpec(
        Panel.TRAIL_EVENTS,
        texts.TRAIL_EVENTS,
        "none",
        (Ask(_growth(trail.EVENTS, _HOUR, "event"), "{{event}}"),),
    )


def _key_age() -> PanelSpec:
    age = since(once(select(access_keys.CREATED)))
    return PanelSpec(
        Panel.KEY_AGE, texts.KEY_AGE, "s", (Ask(age, "{{user}} {{key}}", optional=True),)
    )


def _maintenance() -> PanelSpec:
    return PanelSpec(
        Panel.MAINTENANCE,
        texts.MAINTENANCE,
        "none",
        (_gauge(maintenance.ACTIVE, "window"), _gauge(maintenance.SILENCES, "silences")),
        look=Look.STAT,
    )


def _collection_cost() -> PanelSpec:
    return PanelSpec(
        Panel.COLLECTION_COST,
        texts.COLLECTION_COST,
        "currencyUSD",
        tuple(
            _gauge(spec, spec.name.removeprefix("vigia_cost_"))
            for spec in (exporter.COST_MONTH, exporter.COST_PROJECTED, exporter.COST_CAP)
        ),
    )


def _stretch() -> PanelSpec:
    return PanelSpec(
        Panel.STRETCH, texts.STRETCH, "none", (_gauge(exporter.STRETCH, "{{collector}}"),)
    )


def _aws_throttles(inventory: Inventory) -> PanelSpec:
    window = windows.text(inventory.thresholds.aws_throttles.window)
    return PanelSpec(
        Panel.AWS_THROTTLES,
        texts.AWS_THROTTLES,
        "none",
        (Ask(or_zero(_growth(exporter.AWS_THROTTLES, window, "service")), "{{service}}"),),
        values={"window": window},
    )


def _clock() -> PanelSpec:
    ahead = until(max_by(select(exporter.LAST_SUCCESS), "job"))
    return PanelSpec(Panel.CLOCK, texts.CLOCK, "s", (Ask(ahead, "{{job}}"),))
