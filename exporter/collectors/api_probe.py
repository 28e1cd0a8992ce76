"""API health: a real request to every API's health address, answered or not.

An API that is down is what was to be found out, and no failure of collection. The address goes
into no metric, log or state: it may hold a secret.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping, Sequence

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Text
from exporter import deadline, rest_apis
from exporter.collector import Collector, Context, Priority, Reading, Use
from exporter.samples import Series
from exporter.sources.http_get import Answer, Get, verifying
from inventory.model import Inventory
from inventory.resources import Api

UP = MetricSpec(
    "dataplatform_api_probe_up",
    Kind.GAUGE,
    ("api", "stage"),
    Text(
        "1 se o endereço de saúde da API respondeu 2xx dentro do prazo",
        "1 if the API's health address answered 2xx in time",
    ),
)
DURATION = MetricSpec(
    "dataplatform_api_probe_duration_seconds",
    Kind.GAUGE,
    ("api", "stage"),
    Text(
        "Duração da última requisição de saúde, respondida ou não",
        "Duration of the last health request, answered or not",
    ),
)
STATUS = MetricSpec(
    "dataplatform_api_probe_status_code",
    Kind.GAUGE,
    ("api", "stage"),
    Text(
        "Código HTTP da última resposta de saúde; ausente se não houve resposta",
        "HTTP status of the last health answer; absent if there was none",
    ),
)
CERTIFICATE = MetricSpec(
    "dataplatform_api_probe_certificate_expiry_timestamp_seconds",
    Kind.GAUGE,
    ("api", "stage"),
    Text(
        "Quando expira o primeiro dos certificados apresentados; ausente sem HTTPS",
        "When the first of the certificates presented expires; absent without HTTPS",
    ),
)
SPECS = (UP, DURATION, STATUS, CERTIFICATE)

_LOG = logging.getLogger(__name__)
_NAME = "api_probe"
_AT_ONCE = 16
_MARGIN = 10.0


def collect(context: Context) -> Reading:
    """Send every API's request, some at once; an API that AWS does not have is missing."""
    urls = _urls(context)
    apis = {_label(api): api for api in context.inventory.apis if _label(api) in urls}
    patience = context.inventory.collection.probe_deadline
    tls = verifying()
    answers: dict[str, Answer] = {}
    labels = list(apis)
    for start in range(0, len(labels), _AT_ONCE):
        deadline.check(context, "a health request")
        asked = {label: Get(urls[label], tls, patience) for label in labels[start:][:_AT_ONCE]}
        answers |= {label: get.wait() for label, get in asked.items()}
    for label, answer in answers.items():
        if not answer.up:
            _LOG.warning("%s: %s", label, answer.failure or f"answered {answer.status}")
    return Reading(
        tuple(series for label, api in apis.items() for series in parse(api, answers[label])),
        expected=len(context.inventory.apis),
        seen=len(apis),
        missing=tuple(_label(api) for api in context.inventory.apis if _label(api) not in apis),
    )


def parse(api: Api, answer: Answer) -> Iterator[Series]:
    """Yield what an answer says."""
    labels = (api.key, api.stage)
    yield Series(UP, labels, float(answer.up))
    yield Series(DURATION, labels, answer.seconds)
    if answer.status is not None:
        yield Series(STATUS, labels, float(answer.status))
    if answer.expires is not None:
        yield Series(CERTIFICATE, labels, answer.expires)


def _label(api: Api) -> str:
    return f"{api.key}/{api.stage}"


def _by_name(inventory: Inventory) -> tuple[Api, ...]:
    """Return the APIs whose address is made of their identifier."""
    return tuple(api for api in inventory.apis if api.health_url is None)


def _urls(context: Context) -> dict[str, str]:
    """Return the health address of every API that has one."""
    inventory = context.inventory
    identities = _identities(context, _by_name(inventory))
    urls = {_label(api): api.health_url for api in inventory.apis if api.health_url is not None}
    for api in _by_name(inventory):
        identity, place = identities.get(_label(api)), inventory.scope(api.scope)
        if identity is not None:
            host = f"{identity}.execute-api.{place.region}.{place.dns_suffix}"
            urls[_label(api)] = f"https://{host}/{api.stage}{api.health_path}"
    return urls


def _identities(context: Context, apis: Sequence[Api]) -> Mapping[str, str]:
    """Return the identifiers of ``apis``: those kept, or else as API Gateway now says."""
    now = context.now()
    documents = context.state.load()
    newest = now - context.inventory.collection.resources_every
    known = {
        label: str(document["id"])
        for label, document in documents.items()
        if document["at"] > newest
    }
    unknown = [api for api in apis if _label(api) not in known]
    if unknown:
        candidates = rest_apis.find(context, unknown)
        for api in unknown:
            identity = rest_apis.identify(context, api, candidates)
            if identity is not None:
                known[_label(api)] = identity
    wanted = {_label(api) for api in apis}
    changes: dict[str, dict[str, object] | None] = {
        label: {"id": known[label], "at": now} for label in map(_label, unknown) if label in known
    }
    changes |= dict.fromkeys(
        label for label in documents if label not in known or label not in wanted
    )
    if changes:
        context.state.commit(changes)
    return known


def uses(inventory: Inventory) -> tuple[Use, ...]:
    """Return what one run sends on average: identifiers are kept for a while."""
    collection = inventory.collection
    share = min(1.0, collection.probe_every / collection.resources_every)
    return (rest_apis.use(_by_name(inventory), share),)


def _deadline(inventory: Inventory) -> float:
    rounds = math.ceil(len(inventory.apis) / _AT_ONCE)
    return rounds * inventory.collection.probe_deadline + _MARGIN


COLLECTOR = Collector(
    name=_NAME,
    specs=SPECS,
    iam=("apigateway:GET",),
    every=lambda inventory: inventory.collection.probe_every,
    offset=lambda _inventory: 0.0,
    deadline=_deadline,
    collect=collect,
    uses=uses,
    priority=Priority.VITAL,
)
