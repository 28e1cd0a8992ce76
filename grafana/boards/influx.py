"""InfluxDB: canary writes and queries, age of the data, load, states."""

from __future__ import annotations

from alerts import windows
from alerts.panels import Panel
from catalogue.promql import (
    bucket_quantile,
    equals,
    once,
    ratio,
)
from catalogue.texts import dashboards as texts
from catalogue.texts import dashboards_areas as areas
from exporter.collectors import (
    influxdb,
    influxdb_instance,
    influxdb_server,
)
from grafana.asking import gauge, grown_part, per_second
from grafana.panel import Ask, Look, PanelSpec, Rows, select
from inventory.model import Inventory


def rows(inventory: Inventory) -> Rows:
    """Return the panels, row by row."""
    return (
        (writes(), _record_age(), _records()),
        (_load(), _queries(inventory), _states()),
    )


def writes() -> PanelSpec:
    """Return canary writes."""
    spec = influxdb.WRITE_LATENCY
    return PanelSpec(
        Panel.INFLUX_LATENCY,
        texts.INFLUX_LATENCY,
        "s",
        (
            Ask(ratio(per_second(spec, "sum"), per_second(spec, "count")), "{{bucket}}"),
            Ask(bucket_quantile(0.9, per_second(spec, "bucket")), "{{bucket}} p90"),
        ),
    )


def _record_age() -> PanelSpec:
    return PanelSpec(
        Panel.RECORD_AGE,
        texts.RECORD_AGE,
        "s",
        (Ask(once(select(influxdb.RECORD_AGE)), "{{bucket}} {{measurement}}"),),
    )


def _load() -> PanelSpec:
    return PanelSpec(
        Panel.INFLUX_LOAD,
        areas.INFLUX_LOAD,
        "percentunit",
        (
            gauge(influxdb_instance.CPU, "{{instance_id}} CPU"),
            gauge(influxdb_instance.MEMORY, "{{instance_id}} memory"),
        ),
    )


def _queries(inventory: Inventory) -> PanelSpec:
    wanted = inventory.thresholds.influxdb_query_seconds.window
    window = windows.text(max(wanted, windows.canary(inventory)))
    spent, asked = (grown_part(influxdb.QUERY_DURATION, part, window) for part in ("sum", "count"))
    return PanelSpec(
        Panel.INFLUX_QUERIES, areas.INFLUX_QUERIES, "s", (Ask(ratio(spent, asked), "{{bucket}}"),)
    )


def _states() -> PanelSpec:
    state = equals(once(select(influxdb_instance.STATUS)), 1)
    return PanelSpec(
        Panel.INFLUX_STATES,
        areas.INFLUX_STATES,
        "none",
        (
            Ask(state, "{{instance_id}} {{state}}"),
            gauge(influxdb_server.LISTENER_UP, "{{instance_id}} {{endpoint}}"),
        ),
        look=Look.STAT,
    )


def _records() -> PanelSpec:
    return PanelSpec(
        Panel.RECORDS, areas.RECORDS, "short", (gauge(influxdb.RECORDS_24H, "{{bucket}}"),)
    )
