"""From a request's bytes to an answer's: which service, which operation, which protocol."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from bench.fake import metric_data
from bench.fake.faults import Fault
from bench.fake.ledger import Ledger, Served
from bench.fake.wire import BadRequestError, Wire
from bench.fake.wire_cbor import Cbor
from bench.fake.wire_json import Json
from bench.fake.wire_query import Query
from bench.fake.world import World

ACCOUNT = "123456789012"
REGION = "us-east-1"
RESOURCES_A_PAGE = 100
_CLOUDWATCH = "GraniteServiceVersion20100801"
_TAGGING = "ResourceGroupsTaggingAPI_20170126"
_FUNCTIONS = "/2015-03-31/functions/"


@dataclass(frozen=True)
class Call:
    """One HTTP request; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """One HTTP answer."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...]


@dataclass
class Service:
    """AWS, as far as exporters ask it. :meth:`handle` returns None for a call that is to hang."""

    world: World
    ledger: Ledger = field(default_factory=Ledger)
    served: Served = field(default_factory=Served)
    fault: Fault | None = None
    page_datapoints: int = metric_data.MAX_DATAPOINTS
    now: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        self._json, self._cbor, self._query = Json(), Cbor(), Query()

    def handle(self, call: Call) -> Reply | None:
        """Answer one request."""
        wire, operation, params = self._read(call)
        self.ledger.request(operation, wire.name)
        try:
            if operation == "GetMetricData":
                body = self._metric_data(wire, params())
            else:
                self._strike(operation)
                body = wire.document(operation, self._document(operation, params(), call))
        except BadRequestError as error:
            return _refusal(wire, 400, error.code, str(error))
        except _StruckError as error:
            self.ledger.spoiled[error.kind] += 1
            if error.kind == "hang":
                return None
            if error.kind == "throttle":
                return _refusal(wire, 400, "Throttling", "Rate exceeded")
            return _refusal(wire, 500, "InternalServiceFault", "a fault was injected")
        return Reply(200, body, _headers(wire))

    def _read(self, call: Call) -> tuple[Wire, str, Callable[[], dict[str, Any]]]:
        target = call.headers.get("x-amz-target", "")
        service, _, operation = target.partition(".")
        if service in (_CLOUDWATCH, _TAGGING):
            return self._json, operation, lambda: self._json.read(call.body)
        if call.path.startswith(f"/service/{_CLOUDWATCH}/operation/"):
            operation = call.path.rpartition("/")[2]
            return self._cbor, operation, lambda: self._cbor.read(call.body)
        if "form-urlencoded" in call.headers.get("content-type", ""):
            form = self._query.read(call.body)
            return self._query, str(form.get("Action", "unknown")), lambda: form
        if call.path.startswith(_FUNCTIONS) and "/aliases/" in call.path:
            return self._json, "GetAlias", dict
        # Of a REST service, the path's beginning stands for the operation.
        return self._json, operation or f"{call.method} /{call.path.split('/')[1]}", dict

    def _strike(self, operation: str) -> None:
        if self.fault is not None and self.fault.strikes(operation):
            raise _StruckError(self.fault.kind)

    def _metric_data(self, wire: Wire, params: Mapping[str, Any]) -> bytes:
        request = metric_data.read_request(params)
        self.ledger.metric_data(request)
        self._strike("GetMetricData")
        now = self.now()
        page = metric_data.answer(self.world, request, now, self.page_datapoints)
        results = page.results
        if page.token is None and self.fault is None:
            self.served.take(request, self.world.newest(now))
        if self.fault is not None:
            spoiled = self.fault.spoil(results)
            self.ledger.spoiled[self.fault.kind] += sum(
                one is not other for one, other in zip(results, spoiled, strict=True)
            )
            results = spoiled
        return wire.metric_data(results, page.token)

    def _document(self, operation: str, params: Mapping[str, Any], call: Call) -> dict[str, Any]:
        if operation == "ListMetrics":
            return metric_data.metrics_page(self.world, params)
        if operation == "GetResources":
            return self._resources(params)
        if operation == "GetAlias":
            return self._alias(call.path)
        if operation == "GetCallerIdentity":
            arn = f"arn:aws:iam::{ACCOUNT}:user/bench"
            return {"UserId": "BENCH", "Account": ACCOUNT, "Arn": arn}
        if operation == "ListAccountAliases":
            return {"AccountAliases": ["bench"], "IsTruncated": "false"}
        # As of an account whose policy allows only what is measured here.
        self.ledger.refused[operation] += 1
        raise BadRequestError("AccessDeniedException", f"{operation} is not served here")

    def _resources(self, params: Mapping[str, Any]) -> dict[str, Any]:
        size = min(int(params.get("ResourcesPerPage") or RESOURCES_A_PAGE), RESOURCES_A_PAGE)
        offset = metric_data.read_token(params.get("PaginationToken"))
        names = self.world.names[offset : offset + size]
        more = offset + size < len(self.world.names)
        return {
            "PaginationToken": metric_data.make_token(offset + size) if more else "",
            "ResourceTagMappingList": [
                {
                    "ResourceARN": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}",
                    "Tags": [{"Key": "Name", "Value": name}],
                }
                for name in names
            ],
        }

    def _alias(self, path: str) -> dict[str, Any]:
        name, _, alias = unquote(path.removeprefix(_FUNCTIONS)).partition("/aliases/")
        if name not in self.world.names:
            raise BadRequestError("ResourceNotFoundException", f"Function not found: {name}")
        return {
            "AliasArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}:{alias}",
            "Name": alias,
            "FunctionVersion": "1",
            "RevisionId": "fake",
        }


class _StruckError(Exception):
    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


def _headers(wire: Wire) -> tuple[tuple[str, str], ...]:
    basic = (("Content-Type", wire.content_type), ("x-amzn-RequestId", "fake"))
    return (*basic, ("smithy-protocol", "rpc-v2-cbor")) if wire.name == "cbor" else basic


def _refusal(wire: Wire, status: int, code: str, message: str) -> Reply:
    # Services that once spoke the query protocol keep its error codes in this header.
    extra = (("x-amzn-query-error", f"{code};Sender"), ("x-amzn-ErrorType", code))
    return Reply(status, wire.error(code, message), (*_headers(wire), *extra))
