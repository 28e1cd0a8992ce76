"""The pipeline: files, what starts their processing, executions, buckets."""

from __future__ import annotations

from alerts.panels import Panel
from catalogue.promql import (
    increase,
    once,
    ratio,
    since,
    sum_by,
)
from catalogue.texts import dashboards as texts
from catalogue.texts import dashboards_areas as areas
from exporter.collectors import (
    bucket_settings,
    bucket_storage,
    buckets,
    log_events,
    rules,
    state_machines,
)
from grafana.asking import HOUR, gauge, grown_part, growth, per_second, well_above
from grafana.panel import Ask, PanelSpec, Rows, select
from inventory.model import Inventory


def rows(_inventory: Inventory) -> Rows:
    """Return the panels, row by row."""
    return (
        (files(), _log_events()),
        (_rules(), _executions(), _execution_age()),
        (_buckets(), _snapshots(), _lifecycle()),
        (_stored(),),
    )


def files() -> PanelSpec:
    """Return files processed and failed."""
    return PanelSpec(
        Panel.FILES_PROCESSED,
        texts.FILES_PROCESSED,
        "short",
        tuple(
            Ask(sum_by(once(events, increase(events, HOUR)), "event"), "{{event}}")
            for events in (
                select(log_events.EVENTS, {"event": event}) for event in ("processed", "failed")
            )
        ),
    )


def _log_events() -> PanelSpec:
    return PanelSpec(
        Panel.LOG_EVENTS,
        texts.LOG_EVENTS,
        "ops",
        (Ask(sum_by(per_second(log_events.EVENTS), "event"), "{{event}}"),),
    )


def _rules() -> PanelSpec:
    return well_above(
        Panel.RULES_ENABLED,
        areas.RULES_ENABLED,
        gauge(rules.ENABLED, "{{rule}}"),
        gauge(rules.TARGETS, "{{rule}}: targets"),
    )


def _executions() -> PanelSpec:
    ended = growth(state_machines.FINISHED, HOUR, "state_machine", "outcome")
    return PanelSpec(
        Panel.EXECUTIONS,
        areas.EXECUTIONS,
        "short",
        (
            Ask(ended, "{{state_machine}} {{outcome}}"),
            Ask(growth(state_machines.THROTTLED, HOUR, "state_machine"), "{{state_machine}} 429"),
            Ask(growth(rules.FAILED_INVOCATIONS, HOUR, "rule"), "{{rule}} failed"),
        ),
    )


def _execution_age() -> PanelSpec:
    oldest = since(once(select(state_machines.OLDEST)))
    spec = state_machines.DURATION
    spent, ended = (grown_part(spec, sample, HOUR) for sample in ("sum", "count"))
    return PanelSpec(
        Panel.EXECUTION_AGE,
        areas.EXECUTION_AGE,
        "s",
        (
            Ask(oldest, "{{state_machine}}", optional=True),
            Ask(ratio(spent, ended), "{{state_machine}} mean"),
        ),
    )


def _buckets() -> PanelSpec:
    return well_above(Panel.BUCKETS_UP, areas.BUCKETS_UP, gauge(buckets.UP, "{{bucket}}"))


def _snapshots() -> PanelSpec:
    age = since(once(select(bucket_settings.SNAPSHOT_TIMESTAMP)))
    return PanelSpec(
        Panel.SNAPSHOT_AGE, areas.SNAPSHOT_AGE, "s", (Ask(age, "{{bucket}}", optional=True),)
    )


def _lifecycle() -> PanelSpec:
    return well_above(
        Panel.LIFECYCLE, areas.LIFECYCLE, gauge(bucket_settings.LIFECYCLE_RULES, "{{bucket}}")
    )


def _stored() -> PanelSpec:
    return PanelSpec(
        Panel.STORED,
        areas.STORED,
        "bytes",
        (gauge(bucket_storage.SIZE, "{{bucket}} {{storage_type}}"),),
    )
