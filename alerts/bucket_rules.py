"""Buckets: reached or not, snapshots, lifecycle."""

from __future__ import annotations

from functools import partial

from alerts import windows
from alerts.panels import Panel
from alerts.rule import AlertRule, Severity, Shown
from catalogue.promql import above, equals, once, series, since
from catalogue.texts import alerts_buckets as texts
from exporter.collectors import bucket_settings as settings
from exporter.collectors import buckets
from inventory.durations import format_duration
from inventory.model import Inventory


def rules(inventory: Inventory) -> tuple[AlertRule, ...]:
    """Return the rules on buckets."""
    rule = partial(
        AlertRule,
        team=inventory.contacts.levels[0].team,
        keep_firing_for=windows.gap(inventory),
    )
    ticket = partial(rule, severity=Severity.TICKET)
    down = windows.runs(inventory, inventory.collection.probe_every)
    oldest = inventory.thresholds.snapshot_age
    # A snapshot under way is not complete yet, and each reading may find it so once.
    settings_seen = windows.runs(inventory, inventory.collection.resources_every)
    limit = {"limit": windows.text(settings_seen)}
    return (
        rule(
            name="BucketUnreachable",
            expr=equals(once(series(buckets.UP)), 0),
            severity=Severity.PAGE,
            texts=texts.BUCKET_UNREACHABLE,
            panel=Panel.BUCKETS_UP,
            for_=down,
            threshold=1,
            values={"limit": windows.text(down)},
        ),
        ticket(
            name="SnapshotTooOld",
            expr=above(since(once(series(settings.SNAPSHOT_TIMESTAMP))), oldest),
            texts=texts.SNAPSHOT_TOO_OLD,
            panel=Panel.SNAPSHOT_AGE,
            threshold=oldest,
            shown=Shown.DURATION,
            values={"limit": format_duration(oldest)},
        ),
        ticket(
            name="SnapshotMissing",
            expr=equals(once(series(settings.SNAPSHOT_NEVER)), 1),
            texts=texts.SNAPSHOT_MISSING,
            panel=Panel.SNAPSHOT_AGE,
        ),
        ticket(
            name="SnapshotIncomplete",
            expr=equals(once(series(settings.SNAPSHOT_COMPLETE)), 0),
            texts=texts.SNAPSHOT_INCOMPLETE,
            panel=Panel.SNAPSHOT_AGE,
            for_=settings_seen,
            values=limit,
        ),
        ticket(
            name="LifecycleMissing",
            expr=equals(once(series(settings.LIFECYCLE_RULES)), 0),
            texts=texts.LIFECYCLE_MISSING,
            panel=Panel.LIFECYCLE,
            threshold=1,
        ),
        ticket(
            name="BucketSettingUnknown",
            expr=equals(once(series(settings.UNKNOWN)), 1),
            texts=texts.SETTING_UNKNOWN,
            panel=Panel.LIFECYCLE,
            for_=settings_seen,
            values=limit,
        ),
    )
