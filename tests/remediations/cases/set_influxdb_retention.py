"""Retention: from a year to ninety days, which a person approves."""

from __future__ import annotations

from typing import Any

from tests.remediations.case import Case
from tests.remediations.rig import Rig


def _prepare(rig: Rig) -> None:
    rig.influxdb().buckets.retention = 365 * 86_400


def _world(rig: Rig) -> Any:
    return rig.influxdb().buckets.document()


CASE = Case(
    name="set_influxdb_retention",
    world=_world,
    effects={("influxdb", "UpdateBucket"): 1},
    params={"keep": "90d"},
    prepare=_prepare,
)
