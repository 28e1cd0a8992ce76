"""Which REST API a name stands for: its identifier is in its URL, and names are not unique."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from exporter import deadline
from exporter.collector import Context, Use
from inventory.resources import Api

_PAGE = 500
Candidates = Mapping[str | None, Mapping[str, list[str]]]
"""By scope and name, the identifiers of the REST APIs that bear it."""


def find(context: Context, apis: Iterable[Api]) -> Candidates:
    """List the REST APIs of every scope that one of ``apis`` is in."""
    found: dict[str | None, dict[str, list[str]]] = {}
    for scope in dict.fromkeys(api.scope for api in apis):
        names: dict[str, list[str]] = defaultdict(list)
        request: dict[str, Any] = {"limit": _PAGE}
        while True:
            deadline.check(context, "GetRestApis")
            page = context.client("apigateway", scope).get_rest_apis(**request)
            for item in page.get("items", []):
                names[item.get("name", "")].append(item["id"])
            if not page.get("position"):
                break
            request["position"] = page["position"]
        found[scope] = names
    return found


def stage_of(context: Context, api: Api, identity: str) -> dict[str, Any] | None:
    """Return what GetStage answers; None where the API or the stage does not exist."""
    deadline.check(context, "GetStage")
    try:
        stage: dict[str, Any] = context.client("apigateway", api.scope).get_stage(
            restApiId=identity, stageName=api.stage
        )
    except ClientError as error:
        if not is_missing(error):
            raise
        return None
    return stage


def identify(context: Context, api: Api, candidates: Candidates) -> str | None:
    """Return the identifier of ``api``; of several of its name, the one that has the stage."""
    known = candidates[api.scope].get(api.name, [])
    if len(known) == 1:
        return known[0]
    return next((one for one in known if stage_of(context, api, one) is not None), None)


def is_missing(error: ClientError) -> bool:
    """Say whether API Gateway knows no such thing."""
    return str(error.response.get("Error", {}).get("Code")) == "NotFoundException"


def use(apis: Iterable[Api], share: float = 1.0) -> Use:
    """Return what :func:`find` sends, if it is called in ``share`` of the runs."""
    return Use("apigateway", "GetRestApis", share * len({api.scope for api in apis}))
