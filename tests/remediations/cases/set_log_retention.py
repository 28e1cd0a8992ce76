"""Retention: what was kept for a month is kept for a week, and nothing else changes."""

from __future__ import annotations

from typing import Any

from tests.remediations.case import Case
from tests.remediations.rig import Rig
from tests.remediations.test_settings_actions import GROUP


def _world(rig: Rig) -> Any:
    groups = rig.aws.client("logs").describe_log_groups()["logGroups"]
    return {one["logGroupName"]: one.get("retentionInDays") for one in groups}


CASE = Case(
    name="set_log_retention",
    target=GROUP,
    params={"days": 7},
    world=_world,
    effects={("logs", "PutRetentionPolicy"): 1},
)
