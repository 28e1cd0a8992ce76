"""The InfluxDB instance: its state, how busy it is, how slowly it answers."""

from __future__ import annotations

from functools import partial

from alerts import windows
from alerts.panels import Panel
from alerts.rule import AlertRule, Severity, Shown
from catalogue.promql import above, equals, increase, once, rate, ratio, rounded, series, unlike
from catalogue.texts import alerts_influxdb as texts
from exporter.collectors import influxdb, influxdb_instance, influxdb_server
from inventory.durations import format_duration
from inventory.model import Inventory

_CHANGE_PATIENCE = 1800.0
"""A change of class or storage restarts the instance and takes a while."""


def rules(inventory: Inventory) -> tuple[AlertRule, ...]:
    """Return the rules on the instance's load."""
    ticket = partial(
        AlertRule,
        severity=Severity.TICKET,
        team=inventory.contacts.levels[0].team,
        keep_firing_for=windows.gap(inventory),
    )
    limits, collection = inventory.thresholds, inventory.collection
    busy = partial(
        ticket,
        panel=Panel.INFLUX_LOAD,
        for_=limits.influxdb_busy_for,
        threshold=limits.influxdb_busy_ratio,
        shown=Shown.RATIO,
        values={
            "limit": f"{limits.influxdb_busy_ratio:.0%}",
            "wait": windows.text(limits.influxdb_busy_for),
        },
    )
    query = limits.influxdb_query_seconds
    judged = max(query.window, windows.canary(inventory))
    window = windows.text(judged)
    spent, asked = (series(influxdb.QUERY_DURATION, sample=part) for part in ("sum", "count"))
    mean = ratio(once(spent, rate(spent, window)), once(asked, rate(asked, window)))
    patience = windows.runs(inventory, max(_CHANGE_PATIENCE, collection.control_plane_every), 1)
    silent = windows.runs(inventory, collection.influxdb_every)
    timeouts = series(influxdb_instance.WRITE_TIMEOUTS)
    slow = windows.text(windows.slow(inventory, limits.lambda_errors.window))
    return (
        ticket(
            name="InfluxInstanceNotAvailable",
            expr=equals(once(series(influxdb_instance.STATUS, {"state": unlike("available")})), 1),
            texts=texts.INSTANCE_NOT_AVAILABLE,
            panel=Panel.INFLUX_STATES,
            for_=patience,
            values={"limit": windows.text(patience)},
        ),
        ticket(
            name="InfluxListenerDown",
            expr=equals(once(series(influxdb_server.LISTENER_UP)), 0),
            texts=texts.LISTENER_DOWN,
            panel=Panel.INFLUX_STATES,
            for_=silent,
            values={"limit": windows.text(silent)},
        ),
        busy(
            name="InfluxCpuHigh",
            expr=above(once(series(influxdb_instance.CPU)), limits.influxdb_busy_ratio),
            texts=texts.CPU_HIGH,
        ),
        busy(
            name="InfluxMemoryHigh",
            expr=above(once(series(influxdb_instance.MEMORY)), limits.influxdb_busy_ratio),
            texts=texts.MEMORY_HIGH,
        ),
        ticket(
            name="InfluxQuerySlow",
            expr=above(mean, query.above),
            texts=texts.QUERY_SLOW,
            panel=Panel.INFLUX_QUERIES,
            for_=windows.in_a_row(query.window, query.times),
            threshold=query.above,
            shown=Shown.DURATION,
            values={
                "window": window,
                "times": str(query.times),
                "limit": format_duration(query.above),
            },
        ),
        ticket(
            name="InfluxWriteTimeouts",
            expr=above(rounded(once(timeouts, increase(timeouts, slow))), 0),
            texts=texts.WRITE_TIMEOUTS,
            panel=Panel.INFLUX_STATES,
            values={"window": slow},
        ),
    )
