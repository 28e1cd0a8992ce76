"""Functions and what is deployed to them: failures by version, deployments, flags, capacity."""

from __future__ import annotations

from alerts import windows
from alerts.panels import Panel
from catalogue.promql import (
    count_by,
    equals,
    increase,
    once,
    ratio,
    sum_by,
)
from catalogue.texts import dashboards as texts
from catalogue.texts import dashboards_areas as areas
from exporter.collectors import (
    deployments,
    flags,
    lambda_functions,
    lambda_provisioned,
    lambda_state,
    lambda_versions,
    log_events,
)
from grafana.asking import HOUR, gauge, grown, growth, per_second
from grafana.panel import Ask, Look, PanelSpec, Rows, select
from inventory.model import Inventory


def rows(inventory: Inventory) -> Rows:
    """Return the panels, row by row."""
    return (
        (errors(inventory), _error_ratio(), _version_errors()),
        (_deployments(), _weights(), _flags()),
        (_invocations(), _durations(), _cold_starts()),
        (_functions(), _throttles(inventory), _provisioned(), _versions()),
    )


def errors(inventory: Inventory) -> PanelSpec:
    """Return failures by function."""
    window = windows.spanning(inventory, inventory.thresholds.lambda_errors.window)
    errors = grown(lambda_functions.ERRORS, windows.text(window))
    return PanelSpec(
        Panel.LAMBDA_ERRORS, texts.LAMBDA_ERRORS, "short", (Ask(errors, "{{function}}"),)
    )


def _error_ratio() -> PanelSpec:
    share = ratio(per_second(lambda_functions.ERRORS), per_second(lambda_functions.INVOCATIONS))
    return PanelSpec(
        Panel.ERROR_RATIO, texts.ERROR_RATIO, "percentunit", (Ask(share, "{{function}}"),)
    )


def _version_errors() -> PanelSpec:
    return PanelSpec(
        Panel.VERSION_ERRORS,
        texts.VERSION_ERRORS,
        "ops",
        (Ask(per_second(lambda_functions.VERSION_ERRORS), "{{function}} {{alias}} {{version}}"),),
    )


def _deployments() -> PanelSpec:
    return PanelSpec(
        Panel.DEPLOYMENTS,
        areas.DEPLOYMENTS,
        "none",
        (
            Ask(sum_by(once(select(deployments.COUNT)), "status"), "{{status}}"),
            Ask(sum_by(once(select(deployments.ROLLBACKS))), "rollback"),
        ),
    )


def _weights() -> PanelSpec:
    return PanelSpec(
        Panel.ALIAS_WEIGHTS,
        areas.ALIAS_WEIGHTS,
        "percentunit",
        (gauge(lambda_functions.ALIAS_WEIGHT, "{{function}} {{alias}} {{version}}"),),
    )


def _flags() -> PanelSpec:
    return PanelSpec(
        Panel.FLAGS,
        areas.FLAGS,
        "none",
        (gauge(flags.ENABLED, "{{flag}}"), gauge(flags.UNLISTED, "?")),
        look=Look.STAT,
    )


def _functions() -> PanelSpec:
    states = equals(once(select(lambda_state.STATE)), 1)
    updates = equals(once(select(lambda_state.LAST_UPDATE)), 1)
    return PanelSpec(
        Panel.FUNCTION_STATES,
        areas.FUNCTION_STATES,
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
        areas.THROTTLES,
        "short",
        (Ask(growth(lambda_functions.THROTTLES, window, "function"), "{{function}}"),),
        values={"window": window},
    )


def _provisioned() -> PanelSpec:
    return PanelSpec(
        Panel.PROVISIONED,
        areas.PROVISIONED,
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
        areas.FUNCTION_VERSIONS,
        "none",
        (gauge(lambda_versions.VERSIONS, "{{function}}"),),
    )


def _invocations() -> PanelSpec:
    calls = per_second(lambda_functions.INVOCATIONS)
    return PanelSpec(Panel.INVOCATIONS, areas.INVOCATIONS, "ops", (Ask(calls, "{{function}}"),))


def _durations() -> PanelSpec:
    spec = lambda_functions.DURATION
    mean = ratio(per_second(spec, "sum"), per_second(spec, "count"))
    slowest = once(select(spec, {"quantile": "0.99"}))
    return PanelSpec(
        Panel.DURATIONS,
        areas.DURATIONS,
        "s",
        (Ask(mean, "{{function}}"), Ask(slowest, "{{function}} p99")),
    )


def _cold_starts() -> PanelSpec:
    events = select(log_events.EVENTS, {"event": "cold_start"})
    cold = sum_by(once(events, increase(events, HOUR)), "function")
    return PanelSpec(Panel.COLD_STARTS, areas.COLD_STARTS, "short", (Ask(cold, "{{function}}"),))
