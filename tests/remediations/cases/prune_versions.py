"""Pruning: three of five versions deleted, the alias where it was."""

from __future__ import annotations

from typing import Any

from tests.remediations.case import Case
from tests.remediations.rig import FUNCTION, Rig
from tests.remediations.test_prune_versions import versions


def _world(rig: Rig) -> Any:
    return {"versions": versions(rig), "serving": rig.version()}


CASE = Case(
    name="prune_versions",
    target=FUNCTION,
    params={"keep": 2},
    world=_world,
    effects={("lambda", "DeleteFunction"): 3},
)
