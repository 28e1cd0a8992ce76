"""API Gateway stages: the cache, what it saves, the integrations behind it, the deployment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Text
from exporter import deadline, rest_apis, views
from exporter.collector import Collector, Context, Priority, Reading, Use
from exporter.samples import Series
from exporter.telemetry import REVISED_DOWN
from exporter.views import View
from inventory.model import Inventory
from inventory.resources import Api

CACHE_ENABLED = MetricSpec(
    "dataplatform_api_cache_enabled",
    Kind.GAUGE,
    ("api", "stage"),
    Text("1 se o cache do estágio está habilitado", "1 if the stage's cache is enabled"),
)
CACHE_SIZE = MetricSpec(
    "dataplatform_api_cache_size_bytes",
    Kind.GAUGE,
    ("api", "stage"),
    Text(
        "Capacidade do cache do estágio; ausente se desabilitado",
        "Capacity of the stage's cache; absent if it is disabled",
    ),
)
CACHE_STATE = MetricSpec(
    "dataplatform_api_cache_state",
    Kind.GAUGE,
    ("api", "stage", "state"),
    Text("1 no estado em que está o cache do estágio", "1 for the state that the cache is in"),
)
CACHE_HITS = MetricSpec(
    "dataplatform_api_cache_hits_total",
    Kind.COUNTER,
    ("api", "stage"),
    Text("Requisições respondidas pelo cache", "Requests answered by the cache"),
)
CACHE_MISSES = MetricSpec(
    "dataplatform_api_cache_misses_total",
    Kind.COUNTER,
    ("api", "stage"),
    Text(
        "Requisições que o cache, habilitado, não pôde responder",
        "Requests that the enabled cache could not answer",
    ),
)
INTEGRATION_LATENCY = MetricSpec(
    "dataplatform_api_integration_latency_seconds",
    Kind.SUMMARY,
    ("api", "stage"),
    Text("Latência do que está por trás da API", "Latency of what is behind the API"),
    quantiles=tuple(views.QUANTILES),
)
DEPLOYED = MetricSpec(
    "dataplatform_api_deployed_timestamp_seconds",
    Kind.GAUGE,
    ("api", "stage"),
    Text(
        "Quando foi criada a implantação que o estágio serve",
        "When the deployment that the stage serves was created",
    ),
)
SPECS = (
    CACHE_ENABLED,
    CACHE_SIZE,
    CACHE_STATE,
    CACHE_HITS,
    CACHE_MISSES,
    INTEGRATION_LATENCY,
    DEPLOYED,
)

_NAME = "api_stages"
_STATES = (
    "create_in_progress",
    "available",
    "delete_in_progress",
    "not_available",
    "flush_in_progress",
)
_GIGABYTE = 1e9


@dataclass(frozen=True)
class Stage:
    """What API Gateway says of a stage; ``created`` is its deployment's, in unix seconds."""

    cached: bool
    cache_bytes: float | None
    cache_state: str
    created: float | None = None


def parse(stage: Mapping[str, Any], created: float | None = None) -> Stage:
    """Read an answer of GetStage; the cache's size is in gigabytes there."""
    cached = bool(stage.get("cacheClusterEnabled"))
    size = stage.get("cacheClusterSize")
    return Stage(
        cached,
        float(size) * _GIGABYTE if cached and size else None,
        str(stage.get("cacheClusterStatus") or "NOT_AVAILABLE").lower(),
        created,
    )


def collect(context: Context) -> Reading:
    """Ask for every stage and its deployment, then read what CloudWatch counted."""
    inventory = context.inventory
    candidates = rest_apis.find(context, inventory.apis)
    stages: dict[str, Stage] = {}
    for api in inventory.apis:
        for identity in candidates[api.scope].get(api.name, []):
            found = rest_apis.stage_of(context, api, identity)
            if found is not None:
                created = _created(context, api, identity, found)
                stages[_label(api)] = parse(found, created)
                break
    viewed = views.read(context, _views(inventory), views.slow(inventory.collection))
    there = {(api.key, api.stage) for api in inventory.apis if _label(api) in stages}
    return Reading(
        (
            *(
                series
                for api in inventory.apis
                if _label(api) in stages
                for series in _series(api, stages[_label(api)])
            ),
            *(series for series in viewed.series if series.labels in there),
            Series(REVISED_DOWN, (_NAME,), float(viewed.revised_down)),
        ),
        expected=len(inventory.apis),
        seen=len(stages),
        newest={label: at for label, at in viewed.newest.items() if label in stages},
        missing=tuple(_label(api) for api in inventory.apis if _label(api) not in stages),
    )


def _created(context: Context, api: Api, identity: str, stage: Mapping[str, Any]) -> float | None:
    deployment = stage.get("deploymentId")
    if not deployment:
        return None
    deadline.check(context, "GetDeployment")
    try:
        answer = context.client("apigateway", api.scope).get_deployment(
            restApiId=identity, deploymentId=deployment
        )
    except ClientError as error:
        if not rest_apis.is_missing(error):
            raise
        return None
    return float(answer["createdDate"].timestamp())


def _label(api: Api) -> str:
    return f"{api.key}/{api.stage}"


def _series(api: Api, stage: Stage) -> Iterator[Series]:
    labels = (api.key, api.stage)
    yield Series(CACHE_ENABLED, labels, float(stage.cached))
    if stage.cache_bytes is not None:
        yield Series(CACHE_SIZE, labels, stage.cache_bytes)
    for state in dict.fromkeys((*_STATES, stage.cache_state)):
        yield Series(CACHE_STATE, (*labels, state), float(state == stage.cache_state))
    if stage.created is not None:
        yield Series(DEPLOYED, labels, stage.created)


def _views(inventory: Inventory) -> list[View]:
    wanted = (
        (CACHE_HITS, "CacheHitCount", 1.0),
        (CACHE_MISSES, "CacheMissCount", 1.0),
        (INTEGRATION_LATENCY, "IntegrationLatency", 0.001),
    )
    return [
        View(
            spec,
            (api.key, api.stage),
            "AWS/ApiGateway",
            name,
            (("ApiName", api.name), ("Stage", api.stage)),
            _label(api),
            scale=scale,
            scope=api.scope,
        )
        for api in inventory.apis
        for spec, name, scale in wanted
    ]


def uses(inventory: Inventory) -> tuple[Use, ...]:
    """Return what one run sends."""
    collection = inventory.collection
    return (
        rest_apis.use(inventory.apis),
        Use("apigateway", "GetStage", len(inventory.apis)),
        Use("apigateway", "GetDeployment", len(inventory.apis)),
        views.use_of(_views(inventory), collection.slow_every, views.slow(collection)),
    )


COLLECTOR = Collector(
    name=_NAME,
    specs=SPECS,
    iam=("apigateway:GET", "cloudwatch:GetMetricData"),
    every=lambda inventory: inventory.collection.slow_every,
    offset=lambda inventory: inventory.collection.lag,
    deadline=lambda inventory: max(inventory.collection.period, 10.0),
    collect=collect,
    uses=uses,
    priority=Priority.DETAIL,
)
