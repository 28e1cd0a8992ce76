"""A snapshot: twelve objects copied, the source as it was."""

from __future__ import annotations

from typing import Any

from inventory.snapshots import folder
from simulator.aws.s3 import keys
from tests.remediations.case import Case
from tests.remediations.rig import Rig

SOURCE = "ons-data-platform-processed-prod"
TARGET = "ons-data-platform-processed-prod-backup"


def _world(_rig: Rig) -> Any:
    # Without the moment in their keys, and without the manifests, which hold times and ids.
    return {
        "source": _objects(SOURCE, ""),
        "copies": {
            n: v for n, v in _objects(TARGET, folder(SOURCE)).items() if n.startswith("data/")
        },
    }


def _objects(bucket: str, prefix: str) -> dict[str, str]:
    found = keys(bucket)
    return {
        name.removeprefix(prefix).partition("/")[2] if prefix else name: key.etag
        for name, key in found.items()
        if name.startswith(prefix)
    }


CASE = Case(
    name="snapshot_data",
    world=_world,
    effects={("s3", "CopyObject"): 12},
    target=SOURCE,
)
