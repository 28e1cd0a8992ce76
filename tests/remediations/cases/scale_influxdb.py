"""Scaling: another class and more storage, in one change."""

from __future__ import annotations

from typing import Any

from tests.remediations.case import Case
from tests.remediations.rig import Rig
from tests.remediations.test_settings_actions import available


def _world(rig: Rig) -> Any:
    (found,) = rig.aws.client("timestream-influxdb").list_db_instances()["items"]
    return {name: found[name] for name in ("dbInstanceType", "allocatedStorage", "status")}


CASE = Case(
    name="scale_influxdb",
    params={"instance_type": "db.influx.large", "storage_gib": 200},
    prepare=available,
    world=_world,
    effects={("timestream-influxdb", "UpdateDbInstance"): 1},
)
