"""InfluxDB: refused writes, slow writes, and energy data that grow old."""

from __future__ import annotations

from alerts import windows
from alerts.panels import Panel
from alerts.rule import AlertRule, Severity, Shown
from catalogue.promql import above, equals, once, rate, ratio, series
from catalogue.texts import alerts_actions
from catalogue.texts import alerts_influxdb as texts
from exporter.collectors import influxdb as metrics
from exporter.collectors import influxdb_instance
from inventory.durations import format_duration
from inventory.model import Inventory


def rules(inventory: Inventory) -> tuple[AlertRule, ...]:
    """Return the rules on InfluxDB."""
    return (
        _down(inventory),
        _write_slow(inventory),
        _records_stale(inventory),
        _disk_almost_full(inventory),
    )


def _down(inventory: Inventory) -> AlertRule:
    wait = 2 * (inventory.collection.influxdb_every + inventory.alerting.scrape_interval)
    return AlertRule(
        name="InfluxDown",
        expr=equals(once(series(metrics.UP)), 0),
        severity=Severity.PAGE,
        team=inventory.contacts.levels[0].team,
        texts=texts.INFLUX_DOWN,
        panel=Panel.INFLUX_LATENCY,
        for_=wait,
        keep_firing_for=windows.gap(inventory),
        values={"limit": windows.text(wait)},
    )


def _write_slow(inventory: Inventory) -> AlertRule:
    limit = inventory.thresholds.influxdb_write_seconds
    window = windows.text(windows.canary(inventory))
    spent, writes = (series(metrics.WRITE_LATENCY, sample=sample) for sample in ("sum", "count"))
    mean = ratio(once(spent, rate(spent, window)), once(writes, rate(writes, window)))
    return AlertRule(
        name="InfluxWriteSlow",
        expr=above(mean, limit.above),
        severity=Severity.PAGE,
        team=inventory.contacts.levels[0].team,
        texts=texts.INFLUX_WRITE_SLOW,
        panel=Panel.INFLUX_LATENCY,
        for_=windows.in_a_row(limit.window, limit.times),
        keep_firing_for=windows.gap(inventory),
        threshold=limit.above,
        shown=Shown.DURATION,
        values={
            "window": window,
            "times": str(limit.times),
            "limit": format_duration(limit.above),
        },
    )


def _records_stale(inventory: Inventory) -> AlertRule:
    limit = inventory.thresholds.influxdb_record_age
    return AlertRule(
        name="InfluxRecordsStale",
        expr=above(once(series(metrics.RECORD_AGE)), limit),
        severity=Severity.PAGE,
        team=inventory.contacts.levels[0].team,
        texts=texts.INFLUX_RECORDS_STALE,
        panel=Panel.RECORD_AGE,
        keep_firing_for=windows.gap(inventory),
        threshold=limit,
        shown=Shown.DURATION,
        values={"limit": format_duration(limit)},
    )


def _disk_almost_full(inventory: Inventory) -> AlertRule:
    limit = inventory.thresholds.influxdb_disk
    return AlertRule(
        name="InfluxDiskAlmostFull",
        expr=above(once(series(influxdb_instance.DISK)), limit),
        severity=Severity.PAGE,
        team=inventory.contacts.levels[0].team,
        texts=alerts_actions.INFLUX_DISK_ALMOST_FULL,
        panel=Panel.INFLUX_STATES,
        keep_firing_for=windows.gap(inventory),
        shown=Shown.RATIO,
        values={"limit": f"{limit:.0%}"},
    )
