"""Checks on what AWS says of each resource: is it there, is it on, is it reached."""

from __future__ import annotations

from alerts.health import Check, Unit
from catalogue.metrics import MetricSpec
from catalogue.promql import Vector, max_by, once, series, since, sum_by
from catalogue.text import Text
from catalogue.texts import health as texts
from exporter.collectors import (
    access_keys,
    api_probe,
    bucket_settings,
    bucket_storage,
    buckets,
    deployments,
    flags,
    influxdb_instance,
    lambda_state,
    log_groups,
    maintenance,
    rules,
    security_groups,
    state_machines,
)
from inventory.model import Inventory


def found(value: float) -> bool:
    """Bad if there is any."""
    return value > 0


def nothing(value: float) -> bool:
    """Bad if there is none."""
    return value <= 0


def _yes(
    key: str, title: Text, spec: MetricSpec, expected: tuple[tuple[str, ...], ...], **where: str
) -> Check:
    """Return a check of a 0 or 1 that must be 1 for everything expected."""
    labels = tuple(label for label in spec.labels if label not in where)
    vector = max_by(series(spec, where), *labels)
    return Check(key, title, vector, labels, expected, nothing, Unit.YES)


def _told(key: str, title: Text, spec: MetricSpec, unit: Unit = Unit.COUNT) -> Check:
    return Check(key, title, once(series(spec)), spec.labels, unit=unit)


def resources(inventory: Inventory) -> list[Check]:
    """Return whether each resource of the platform is there and well, by AWS's own word."""
    apis = tuple((api.key, api.stage) for api in inventory.apis)
    functions = tuple((name,) for name in inventory.function_names)
    instance = ((inventory.influxdb.instance,),)
    return [
        _yes("lambda_active", texts.LAMBDA_ACTIVE, lambda_state.STATE, functions, state="Active"),
        _yes("api_health", texts.API_HEALTH, api_probe.UP, apis),
        _yes(
            "bucket_up",
            texts.BUCKET_UP,
            buckets.UP,
            tuple((bucket.key,) for bucket in inventory.buckets),
        ),
        _yes(
            "rule_enabled",
            texts.RULE_ENABLED,
            rules.ENABLED,
            tuple((rule.key,) for rule in inventory.rules),
        ),
        _yes(
            "influxdb_instance",
            texts.INFLUX_AVAILABLE,
            influxdb_instance.STATUS,
            instance,
            state="available",
        ),
    ]


def underway(inventory: Inventory) -> list[Check]:
    """Return what is going on: an emergency asks for this before anything is touched."""
    return [
        _told("deployments", texts.DEPLOYMENTS, deployments.IN_PROGRESS),
        _told("executions", texts.EXECUTIONS, state_machines.RUNNING),
        Check(
            "flags",
            texts.FLAGS,
            once(series(flags.ENABLED)),
            ("flag",),
            tuple((flag.name,) for flag in inventory.appconfig.flags),
            unit=Unit.YES,
        ),
        _told("maintenance", texts.MAINTENANCE, maintenance.ACTIVE, Unit.YES),
    ]


def security(_inventory: Inventory) -> list[Check]:
    """Return what the daily look at security asks."""
    return [
        Check(
            "open_groups",
            texts.OPEN_GROUPS,
            sum_by(once(series(security_groups.OPEN_RULES)), "group"),
            ("group",),
            bad=found,
        ),
        Check(
            "old_keys",
            texts.OLD_KEYS,
            once(series(access_keys.OVERDUE)),
            ("account",),
            bad=found,
        ),
    ]


def upkeep(inventory: Inventory) -> list[Check]:
    """Return what the weekly review asks of storage, retention and snapshots."""
    oldest = inventory.thresholds.snapshot_age
    copied = tuple((bucket.key,) for bucket in inventory.buckets if bucket.snapshots)
    return [
        Check(
            "storage",
            texts.STORAGE,
            _by_bucket(bucket_storage.SIZE),
            ("bucket",),
            tuple((bucket.key,) for bucket in inventory.buckets),
            unit=Unit.BYTES,
            trend=True,
        ),
        Check(
            "objects",
            texts.OBJECTS,
            once(series(bucket_storage.OBJECTS)),
            ("bucket",),
            trend=True,
        ),
        Check(
            "snapshot_age",
            texts.SNAPSHOT_AGE,
            since(once(series(bucket_settings.SNAPSHOT_TIMESTAMP))),
            ("bucket",),
            copied,
            lambda age: age > oldest,
            Unit.SECONDS,
        ),
        Check(
            "without_retention",
            texts.WITHOUT_RETENTION,
            once(series(log_groups.WITHOUT_RETENTION)),
            ("account", "region"),
            bad=found,
        ),
    ]


def _by_bucket(spec: MetricSpec) -> Vector:
    return sum_by(once(series(spec)), "bucket")
