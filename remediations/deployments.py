"""CodeDeploy's deployments of a function's alias, as the rollback reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from inventory.resources import Function
from remediations.action import Context

IN_PROGRESS = frozenset({"Created", "Queued", "InProgress", "Baking", "Ready"})
_HISTORY = 50
_BATCH = 25


def newest_first(context: Context, function: Function) -> list[dict[str, Any]]:
    """Return the deployments of the function's group that say which version they move to."""
    if function.deployment_group is None:
        return []
    client = context.reader("codedeploy")
    ids: list[str] = []
    pages = client.get_paginator("list_deployments").paginate(
        applicationName=context.inventory.codedeploy.application,
        deploymentGroupName=function.deployment_group,
    )
    for page in pages:
        ids.extend(page["deployments"])
        if len(ids) >= _HISTORY:
            break
    found = []
    for start in range(0, len(ids), _BATCH):
        answer = client.batch_get_deployments(deploymentIds=ids[start : start + _BATCH])
        found.extend(answer["deploymentsInfo"])
    read = [_deployment(info, function) for info in found]
    return sorted((d for d in read if d is not None), key=lambda d: -d["created"])


def in_progress(context: Context, function: Function) -> list[str]:
    """Return every deployment of the function's group that has not ended, whatever it deploys."""
    pages = (
        context.reader("codedeploy")
        .get_paginator("list_deployments")
        .paginate(
            applicationName=context.inventory.codedeploy.application,
            deploymentGroupName=function.deployment_group,
            includeOnlyStatuses=sorted(IN_PROGRESS),
        )
    )
    return [identity for page in pages for identity in page["deployments"]]


def ways_back(
    deployments: Sequence[Mapping[str, Any]], serving: str, verdicts: Mapping[str, bool]
) -> list[str]:
    """Return the versions that a rollback would try, in its order.

    The version that the newest successful deployment left comes first, then the others that served
    the alias, newest first; left out are those that proved bad or whose deployment did not last.
    """
    bad = {d["target"] for d in deployments if d["undone_by"] or d["status"] != "Succeeded"}
    served = [d["current"] for d in deployments if d["status"] == "Succeeded"][:1]
    for deployment in deployments:
        served.extend((deployment["target"], deployment["current"]))
    return [
        version
        for version in dict.fromkeys(served)
        if version != serving and verdicts.get(version, version not in bad)
    ]


def _deployment(info: Mapping[str, Any], function: Function) -> dict[str, Any] | None:
    properties = _properties(info.get("revision") or {})
    if properties.get("Name") != function.name or properties.get("Alias") != function.alias:
        return None
    completed = info.get("completeTime")
    return {
        "id": info["deploymentId"],
        "status": info["status"],
        "description": info.get("description"),
        "creator": info.get("creator", "user"),
        "created": info["createTime"].timestamp(),
        "completed": completed.timestamp() if completed else None,
        "current": str(properties["CurrentVersion"]),
        "target": str(properties["TargetVersion"]),
        "undone_by": (info.get("rollbackInfo") or {}).get("rollbackDeploymentId"),
    }


def _properties(revision: Mapping[str, Any]) -> Mapping[str, Any]:
    content = (revision.get("appSpecContent") or revision.get("string") or {}).get("content")
    try:
        resources = yaml.safe_load(content or "")["Resources"]
        first = resources[0] if isinstance(resources, list) else resources
        properties: Mapping[str, Any] = next(iter(first.values()))["Properties"]
    except (yaml.YAMLError, KeyError, IndexError, TypeError, AttributeError, StopIteration):
        # An AppSpec file that lies in S3 cannot be read from here: it proves nothing.
        return {}
    return properties if {"CurrentVersion", "TargetVersion"} <= set(properties) else {}
