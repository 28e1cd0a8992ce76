"""Deploying: other code in $LATEST, published as version 6 and served by the alias."""

from __future__ import annotations

from typing import Any

from tests.remediations.case import Case
from tests.remediations.rig import FUNCTION, Rig
from tests.remediations.test_deploy_version import change
from tests.remediations.test_prune_versions import versions


def _world(rig: Rig) -> Any:
    return {
        "versions": versions(rig),
        "serving": rig.version(),
        "deployments": sorted(
            (one.current, one.target, one.status)
            for one in rig.aws.deployments.all()
            if one.function == FUNCTION
        ),
    }


CASE = Case(
    name="deploy_version",
    target=FUNCTION,
    world=_world,
    prepare=change,
    effects={("lambda", "PublishVersion"): 1, ("codedeploy", "CreateDeployment"): 1},
)
