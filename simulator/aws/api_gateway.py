"""API Gateway, ours: REST APIs in pages, deployments dated by our clock, caches that take a while.

A cache cluster is created, exchanged for one of another size, and deleted within minutes; while it
is, its stage refuses another change of it (API reference of UpdateStage; how it refuses is ours).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, cast

from moto.apigateway.exceptions import BadRequestException
from moto.apigateway.models import Deployment, RestAPI, Stage, apigateway_backends
from moto.apigateway.responses import APIGatewayResponse
from moto.core.models import DEFAULT_ACCOUNT_ID

from simulator.aws.extend import extend, original

CACHE_SECONDS = 240.0
SIZES = ("0.5", "1.6", "6.1", "13.5", "28.4", "58.2", "118", "237")
_PAGE = 25
_MOST = 500


def install(now: Callable[[], float]) -> None:
    """Extend moto's API Gateway; ``now`` returns unix seconds."""
    deploy = original(RestAPI, "create_deployment")

    def get_rest_apis(self: APIGatewayResponse) -> str:
        found = self.backend.list_apis()
        start = int(self._get_param("position") or 0)
        end = start + min(int(self._get_param("limit") or _PAGE), _MOST)
        answer: dict[str, Any] = {"item": [api.to_dict() for api in found[start:end]]}
        if end < len(found):
            answer["position"] = str(end)
        return json.dumps(answer)

    def create_deployment(self: RestAPI, *args: Any, **options: Any) -> Deployment:
        deployment: Deployment = deploy(self, *args, **options)
        deployment.created_date = int(now())
        return deployment

    _caches(now)
    extend(APIGatewayResponse, get_rest_apis)
    extend(RestAPI, create_deployment)


def _caches(now: Callable[[], float]) -> None:
    patch = original(Stage, "apply_operations")
    show = original(Stage, "to_json")

    def apply_operations(self: Stage, patch_operations: list[dict[str, Any]]) -> Stage:
        paths = {one["path"]: one.get("value") for one in patch_operations}
        if not {"/cacheClusterEnabled", "/cacheClusterSize"} & set(paths):
            return cast("Stage", patch(self, patch_operations))
        if _busy(self, now()):
            raise BadRequestException("A cache cluster operation is in progress on this stage")
        if paths.get("/cacheClusterSize", "0.5") not in SIZES:
            raise BadRequestException("Invalid cache cluster size")
        before = (self.cache_cluster_enabled, self.cache_cluster_size)
        patch(self, patch_operations)
        if before != (self.cache_cluster_enabled, self.cache_cluster_size):
            self.cache_changed = now()  # type: ignore[attr-defined]  # ours
        return self

    def to_json(self: Stage) -> dict[str, Any]:
        document: dict[str, Any] = show(self)
        if _busy(self, now()):
            being = "CREATE" if self.cache_cluster_enabled else "DELETE"
            document["cacheClusterStatus"] = f"{being}_IN_PROGRESS"
        return document

    extend(Stage, apply_operations, to_json)


def _busy(stage: Stage, now: float) -> bool:
    return now - float(getattr(stage, "cache_changed", float("-inf"))) < CACHE_SECONDS


def caches(region: str, name: str, stage: str) -> bool:
    """Say whether the stage of the REST API called ``name`` really has its cache enabled."""
    for api in apigateway_backends[DEFAULT_ACCOUNT_ID][region].list_apis():
        if api.name == name and stage in api.stages:
            return bool(api.stages[stage].cache_cluster_enabled)
    return False
