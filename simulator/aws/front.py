"""What stands before moto: names each call, records it, injects faults, serves added routes."""

from __future__ import annotations

import io
import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel
from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_SCOPE = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")
_FORM = "application/x-www-form-urlencoded"
# By the name that a call is signed with: the service models that say what its path means.
_REST = {
    "lambda": ("lambda",),
    "appconfig": ("appconfig", "appconfigdata"),
    "apigateway": ("apigateway",),
    "s3": ("s3",),
}

INFLUXDB = "influxdb"
_INFLUXDB = {("GET", "buckets"): "GetBuckets", ("PATCH", "buckets"): "UpdateBucket"}


@dataclass(frozen=True)
class Seen:
    """One call that reached the embedded AWS, or that a fault kept from it.

    ``resource`` is the path of its URL, ``caller`` the access key that signed it.
    """

    at: float
    service: str
    operation: str
    status: int
    resource: str = ""
    caller: str = ""
    injected: bool = False


@dataclass
class Fault:
    """A fault on one operation. ``after`` lets the effect happen and loses the answer.

    ``resource`` is how the URL's path must begin for the fault to strike, ``region`` where it does;
    None is everywhere. ``callers`` are those whom it strikes; None is everybody.
    """

    service: str
    operation: str
    code: str
    status: int
    times: int | None
    after: bool
    delay: float
    resource: str
    region: str | None
    callers: frozenset[str] | None = None


class AwsError(Exception):
    """An error answer in the REST-JSON form; ``members`` are those of its own shape."""

    def __init__(self, status: int, code: str, message: str, **members: Any) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.members = members


Handler = Callable[[Request, dict[str, str]], Response]


@dataclass(frozen=True)
class _Rest:
    """How an operation is told from its request: by method, path, and what it must hold.

    An empty value in ``query`` stands for any.
    """

    name: str
    method: str
    path: re.Pattern[str]
    query: dict[str, str]
    headers: tuple[str, ...]

    def matches(self, request: Request) -> bool:
        """Say whether a request is one of this operation."""
        return (
            self.method == request.method
            and self.path.fullmatch(request.path) is not None
            and all(
                name in request.args and value in ("", request.args[name])
                for name, value in self.query.items()
            )
            and all(name in request.headers for name in self.headers)
        )


class Front:
    """A WSGI application around moto's."""

    def __init__(self, inner: WSGIApplication, now: Callable[[], float]) -> None:
        self._inner = inner
        self._now = now
        self._faults: list[Fault] = []
        self._hooks: list[tuple[Callable[[Seen], bool], Callable[[], None]]] = []
        self._lock = threading.Lock()
        self._mounted: dict[str, WSGIApplication] = {}
        self._routes: list[tuple[str, str, re.Pattern[str], Handler]] = []
        self._rest = {
            name: [one for model in models for one in _rest_operations(model)]
            for name, models in _REST.items()
        }
        self.seen: deque[Seen] = deque(maxlen=100_000)

    def route(self, service: str, method: str, pattern: str, handler: Handler) -> None:
        """Answer ``method`` on paths that match ``pattern`` with ``handler`` instead of moto."""
        self._routes.append((service, method, re.compile(pattern), handler))

    def mount(self, service: str, app: WSGIApplication) -> None:
        """Let another server's application answer for ``service``, counted and broken as AWS is."""
        self._mounted[service] = app

    def fail(
        self,
        service: str,
        operation: str,
        *,
        code: str = "InternalFailure",
        status: int = 500,
        times: int | None = None,
        after: bool = False,
        delay: float = 0.0,
        resource: str = "",
        region: str | None = None,
        callers: frozenset[str] | None = None,
    ) -> Fault:
        """Make calls fail: before they act, or ``after`` (the effect stays, the answer is lost)."""
        fault = Fault(
            service, operation, code, status, times, after, delay, resource, region, callers
        )
        with self._lock:
            self._faults.append(fault)
        return fault

    def repair(self, fault: Fault) -> None:
        """Forget one fault; nothing happens if it is over."""
        with self._lock:
            if fault in self._faults:
                self._faults.remove(fault)

    def once(self, matches: Callable[[Seen], bool], then: Callable[[], None]) -> None:
        """Do ``then`` once, after the next call that matches and before its caller hears of it."""
        with self._lock:
            self._hooks.append((matches, then))

    def heal(self) -> None:
        """Forget every fault."""
        with self._lock:
            self._faults.clear()

    def count(self, service: str, operation: str) -> int:
        """Return how many calls of an operation were carried out."""
        return sum(
            1
            for seen in list(self.seen)
            if (seen.service, seen.operation) == (service, operation) and seen.status < 300  # noqa: PLR2004 success
        )

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        request = Request(environ)
        caller, region, service = self._signed_for(request)
        operation = self._operation(service, request)
        fault = self._take(service, operation, request.path, region, caller)
        if fault is not None and not fault.after:
            time.sleep(fault.delay)
            self._record(
                Seen(
                    *(self._now(), service, operation, fault.status, request.path, caller),
                    injected=True,
                )
            )
            return _refusal(request, service, fault, "injected")(environ, start)
        response = self._answer(service, request)
        status = response.status_code
        self._record(Seen(self._now(), service, operation, status, request.path, caller))
        if fault is not None:
            time.sleep(fault.delay)
            return _refusal(request, service, fault, "injected after the effect")(environ, start)
        return response(environ, start)

    def _answer(self, service: str, request: Request) -> Response:
        for wanted, method, pattern, handler in self._routes:
            match = pattern.fullmatch(request.path)
            if wanted == service and method == request.method and match:
                found = {name: unquote(value) for name, value in match.groupdict().items()}
                try:
                    return handler(request, found)
                except AwsError as error:
                    return _error(error.status, error.code, str(error), **error.members)
        inner = self._mounted.get(service, self._inner)
        body = request.get_data(cache=True)
        environ = {
            **request.environ,
            "wsgi.input": io.BytesIO(body),
            "wsgi.input_terminated": True,
            "CONTENT_LENGTH": str(len(body)),
        }
        return Response.from_app(inner, environ, buffered=True)

    def _record(self, seen: Seen) -> None:
        self.seen.append(seen)
        with self._lock:
            due = [hook for hook in self._hooks if hook[0](seen)]
            for hook in due:
                self._hooks.remove(hook)
        for _, then in due:
            then()

    def _take(
        self, service: str, operation: str, path: str, region: str, caller: str
    ) -> Fault | None:
        with self._lock:
            for fault in self._faults:
                named = fault.service in (service, "*") and fault.operation in (operation, "*")
                here = path.startswith(fault.resource) and fault.region in (region, None)
                struck = fault.callers is None or caller in fault.callers
                if named and here and struck:
                    if fault.times is not None:
                        fault.times -= 1
                        if fault.times == 0:
                            self._faults.remove(fault)
                    return fault
        return None

    @staticmethod
    def _signed_for(request: Request) -> tuple[str, str, str]:
        authorization = request.headers.get("Authorization", "")
        if authorization.startswith("Token "):
            return "", "", INFLUXDB
        match = _SCOPE.search(authorization)
        caller, region, service = match.groups() if match else ("", "", "")
        return caller, region, {"monitoring": "cloudwatch"}.get(service, service)

    def _operation(self, service: str, request: Request) -> str:
        if service == INFLUXDB:
            return _INFLUXDB.get((request.method, request.path.split("/")[3]), request.path)
        target = request.headers.get("X-Amz-Target", "")
        if target:
            return target.rsplit(".", 1)[-1]
        if service in self._rest:
            for rest in self._rest[service]:
                if rest.matches(request):
                    return rest.name
        if request.mimetype == _FORM:
            match = re.search(rb"(?:^|&)Action=(\w+)", request.get_data(cache=True))
            return match.group(1).decode() if match else ""
        return f"{request.method} {request.path}"


def json_response(document: Any, status: int = 200) -> Response:
    """Return a JSON answer."""
    return Response(json.dumps(document, default=str), status=status, mimetype="application/json")


def _error(status: int, code: str, message: str, **members: Any) -> Response:
    body = json.dumps({"__type": code, "message": message, "Message": message, **members})
    headers = {"x-amzn-ErrorType": code}
    return Response(body, status=status, headers=headers, mimetype="application/json")


def _refusal(request: Request, service: str, fault: Fault, message: str) -> Response:
    error = f"<Error><Code>{fault.code}</Code><Message>{message}</Message></Error>"
    if service == "s3":
        return Response(error, status=fault.status, mimetype="application/xml")
    if request.mimetype != _FORM:
        return _error(fault.status, fault.code, message)
    # EC2's answer nests differently from that of the other services that are asked by form.
    body = f"<Response><Errors>{error}</Errors>{error}</Response>"
    return Response(body, status=fault.status, mimetype="text/xml")


@cache
def _rest_operations(service: str) -> list[_Rest]:
    model = ServiceModel(Loader().load_service_model(service, "service-2"), service)
    operations = [model.operation_model(name) for name in model.operation_names]
    found = [_rest(operation) for operation in operations if not operation.deprecated]
    # Operations that share a path differ by what their requests must hold: most demands first.
    return sorted(found, key=lambda rest: -len(rest.query) - len(rest.headers))


def _rest(operation: OperationModel) -> _Rest:
    uri, _, query = operation.http["requestUri"].partition("?")
    path = re.escape(uri).replace(r"\{", "{").replace(r"\}", "}")
    path = re.sub(r"\{[^}]*\\?\+\}", "{X+}", path).replace("{X+}", ".+")
    needed = {"querystring": dict(parse_qsl(query, keep_blank_values=True)), "header": {}}
    shape = operation.input_shape
    members = {} if shape is None else {m: shape.members[m] for m in shape.required_members}
    for member in members.values():
        where = member.serialization
        if where.get("location") in needed:
            needed[where["location"]].setdefault(where["name"], "")
    return _Rest(
        operation.name,
        operation.http["method"],
        re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)),
        needed["querystring"],
        tuple(needed["header"]),
    )
