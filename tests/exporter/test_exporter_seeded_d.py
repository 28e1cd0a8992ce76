"""Accounts, logs, trail, cost and maintenance on the demo's platform: complete, and right."""

from __future__ import annotations

import math

import pytest

from simulator.aws.server import EmbeddedAws
from simulator.seed import LEFT_BEHIND, seed
from tests.exporter.support import Bench, compressed, values

DAY = 86_400.0
NAMES = ("access_keys", "cost", "log_groups", "logs", "maintenance", "security_groups", "trail")


@pytest.fixture
def seeded(bench: Bench, aws: EmbeddedAws, alertmanager: str) -> Bench:
    """The whole platform of the shipped inventory."""
    inventory = compressed()
    alerting = inventory.alerting.model_copy(update={"alertmanager_url": alertmanager})
    bench.inventory = inventory.model_copy(update={"alerting": alerting})
    seed(aws, bench.inventory, bench.clock.now)
    return bench


@pytest.mark.parametrize("name", NAMES)
def test_collection_is_complete(seeded: Bench, name: str) -> None:
    """Everything that is expected is seen, and nothing is missing."""
    reading = seeded.reading(name)
    assert reading.series
    assert (reading.seen, reading.missing) == (reading.expected, ())


def test_values_are_those_of_the_platform(seeded: Bench, aws: EmbeddedAws) -> None:
    """Old keys, open groups, endless logs, changes by people and cost are found as seeded."""
    now, home = seeded.clock.at, (seeded.inventory.aws.account, seeded.inventory.aws.region)
    keys = values(seeded.reading("access_keys"))
    ages = {labels[2]: now - value for labels, value in keys.items() if len(labels) == 4}
    assert ages == {"deploy-bot": 10 * DAY, "operations": 180 * DAY}
    assert keys["access_keys_overdue", home[0]] == 1.0

    rules = values(seeded.reading("security_groups"))
    opened = {(key[1], key[5]): value for key, value in rules.items() if value}
    assert opened == {("ons-bastion", "some"): 1.0}
    assert {key[1] for key in rules} == {"default", "ons-bastion", "ons-influxdb"}

    groups = values(seeded.reading("log_groups"))
    assert groups["log_groups", *home] == 6.0
    assert groups["log_groups_without_retention", *home] == 2.0
    left = aws.logs.stored(f"/aws/lambda/{LEFT_BEHIND}")
    assert groups["log_groups_stored_bytes", *home] == left > 0
    retention = [
        groups["log_group_retention_seconds", f"/aws/lambda/{name}"]
        for name in seeded.inventory.function_names
    ]
    assert retention == [30 * DAY] * 4 + [math.inf]

    cost = values(seeded.reading("cost"))
    assert cost["cost_unsettled",] == 1.0
    assert len([key for key in cost if key[0] == "cost_trend_7d_ratio"]) == 6
    # A whole week of the seeded swing is any other week.
    assert cost["cost_trend_7d_ratio", "AWS Lambda"] == pytest.approx(1.0)
    assert values(seeded.reading("maintenance"))["maintenance_active",] == 0.0


def test_trail_goes_on_from_the_seeded_past(seeded: Bench, aws: EmbeddedAws) -> None:
    """What people did before the first look is the past; what they do now counts."""
    account = seeded.inventory.aws.account
    events = seeded.inventory.security.trail_events
    found = values(seeded.reading("trail"))
    assert [found["trail_events_total", event, account] for event in events] == [0.0] * 7
    aws.trail.record(events[0], "operations", seeded.clock.at + 1)
    seeded.clock.at += 300
    found = values(seeded.reading("trail"))
    assert found["trail_events_total", events[0], account] == 1.0
    assert found["trail_event_never_seen", events[1], account] == 1.0
