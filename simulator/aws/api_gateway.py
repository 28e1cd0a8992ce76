"""API Gateway, ours: REST APIs in pages, deployments dated by our clock."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.apigateway.models import Deployment, RestAPI, apigateway_backends
from moto.apigateway.responses import APIGatewayResponse
from moto.core.models import DEFAULT_ACCOUNT_ID

from simulator.aws.extend import extend, original

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

    extend(APIGatewayResponse, get_rest_apis)
    extend(RestAPI, create_deployment)


def caches(region: str, name: str, stage: str) -> bool:
    """Say whether the stage of the REST API called ``name`` really has its cache enabled."""
    for api in apigateway_backends[DEFAULT_ACCOUNT_ID][region].list_apis():
        if api.name == name and stage in api.stages:
            return bool(api.stages[stage].cache_cluster_enabled)
    return False
