"""Lambda, ours: revision ids that rotate, checked weights, guarded deletes, paging.

Also provisioned concurrency. Rules from the API reference of UpdateAlias, DeleteFunction,
PublishVersion, ListVersionsByFunction and PutProvisionedConcurrencyConfig.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from typing import Any

from moto.awslambda.exceptions import (
    InvalidParameterValueException,
    LambdaClientError,
    PreconditionFailedException,
)
from moto.awslambda.models import (
    LambdaAlias,
    LambdaBackend,
    LambdaFunction,
    LambdaStorage,
    lambda_backends,
)
from moto.awslambda.responses import LambdaResponse
from moto.core.models import DEFAULT_ACCOUNT_ID
from werkzeug.wrappers import Request, Response

from simulator.aws.extend import extend, original
from simulator.aws.front import AwsError, Front, json_response

PROVISIONING_SECONDS = 5.0
_WEIGHTED = "Alias with weights can not be used with Provisioned Concurrency"
_REGION = re.compile(r"Credential=[^/]+/\d+/([^/]+)/")
_PAGE = 50
# What ListVersionsByFunction leaves out, as ListFunctions' reference says of itself.
_UNLISTED = ("State", "LastUpdateStatus")
# What two versions of the same code and configuration may differ in.
_OWN_TO_A_VERSION = (
    *("Description", "FunctionArn", "LastModified", "LastUpdateStatus", "RevisionId"),
    *("State", "Version"),
)


class _ConflictError(LambdaClientError):
    code = 409

    def __init__(self, message: str) -> None:
        super().__init__("ResourceConflictException", message)


def backend(region: str) -> LambdaBackend:
    """Return moto's Lambda backend of ``region``."""
    return lambda_backends[DEFAULT_ACCOUNT_ID][region]


def serving(region: str, function: str, alias: str) -> dict[str, float]:
    """Return the share of traffic by version that ``alias`` really serves."""
    found = backend(region).get_alias(alias, function)
    weights = {str(v): float(w) for v, w in _weights(found.routing_config).items()}
    return {str(found.function_version): 1.0 - sum(weights.values()), **weights}


def move_alias(
    region: str,
    function: str,
    alias: str,
    version: str | None,
    routing: dict[str, Any] | None,
) -> LambdaAlias:
    """Point an alias elsewhere; weights stay as they are where ``routing`` is None."""
    found = backend(region).get_alias(alias, function)
    target = version or str(found.function_version)
    if routing is not None:
        _check_weights(region, function, target, routing)
    backend(region).get_function(function, target)
    found.update(None, version, routing)  # type: ignore[arg-type]  # moto types the mapping as text
    found.revision_id = str(uuid.uuid4())
    return found


def _weights(routing: Any) -> dict[str, float]:
    return (routing or {}).get("AdditionalVersionWeights") or {}


def _check_weights(region: str, function: str, version: str, routing: dict[str, Any]) -> None:
    weights = _weights(routing)
    if len(weights) > 1:
        raise InvalidParameterValueException(
            "Number of items in AdditionalVersionWeights exceeds 1"
        )
    for other, weight in weights.items():
        if not 0 <= float(weight) <= 1:
            raise InvalidParameterValueException(f"Invalid weight {weight}")
        if "$LATEST" in (other, version):
            raise InvalidParameterValueException("$LATEST is not supported for weighted aliases")
        if other == version:
            raise InvalidParameterValueException("A version cannot be weighted against itself")
        backend(region).get_function(function, other)


def install(front: Front, now: Callable[[], float]) -> ProvisionedConcurrency:
    """Extend moto's Lambda; ``now`` drives the provisioning that is returned."""

    def update_alias(self: LambdaResponse) -> Any:
        function, alias = _path(self, -3), _path(self, -1)
        params = json.loads(self.body)
        current = self.backend.get_alias(alias, function)
        if params.get("RevisionId") not in (None, current.revision_id):
            raise PreconditionFailedException(
                "The Revision Id provided does not match the latest Revision Id."
            )
        moved = move_alias(
            self.region,
            function,
            alias,
            params.get("FunctionVersion"),
            params.get("RoutingConfig"),
        )
        return 200, {}, json.dumps(moved.to_json())

    def list_versions_by_function(self: LambdaResponse) -> str:
        # moto lists nothing where AWS has no such function.
        self.backend.get_function(_path(self, -2))
        functions = list(self.backend.list_versions_by_function(_path(self, -2)))
        page, marker = _page(self, functions)
        versions = [
            {k: v for k, v in function.get_configuration().items() if k not in _UNLISTED}
            for function in page
        ]
        answer = {"Versions": versions}
        return json.dumps({**answer, "NextMarker": marker})

    def list_aliases(self: LambdaResponse) -> Any:
        page, marker = _page(self, list(self.backend.list_aliases(_path(self, -2))))
        answer = {"Aliases": [alias.to_json() for alias in page], "NextMarker": marker}
        return 200, {}, json.dumps(answer)

    def list_event_source_mappings(self: LambdaResponse) -> str:
        found = self.backend.list_event_source_mappings(
            self._get_param("EventSourceArn"), self._get_param("FunctionName")
        )
        page, marker = _page(self, [mapping.get_configuration() for mapping in found])
        return json.dumps({"EventSourceMappings": page, "NextMarker": marker})

    extend(
        LambdaResponse,
        update_alias,
        list_versions_by_function,
        list_aliases,
        list_event_source_mappings,
        _conditional(original(LambdaResponse, "publish_version")),
    )
    extend(LambdaStorage, _guarded_delete(original(LambdaStorage, "del_function")))
    extend(LambdaStorage, _numbered(original(LambdaStorage, "publish_version")))
    extend(LambdaFunction, _with_update_status(original(LambdaFunction, "get_configuration")))
    for name in ("update_function_code", "update_configuration"):
        extend(LambdaFunction, _revised(original(LambdaFunction, name), name))
    provisioned = ProvisionedConcurrency(now)
    provisioned.install(front)
    return provisioned


def _path(self: LambdaResponse, index: int) -> str:
    part: str = self.path.rstrip("/").split("/")[index]
    return part


def _page(self: LambdaResponse, items: list[Any]) -> tuple[list[Any], str | None]:
    start = int(self._get_param("Marker") or 0)
    size = min(int(self._get_param("MaxItems") or _PAGE), _PAGE)
    end = start + size
    return items[start:end], str(end) if end < len(items) else None


def _guarded_delete(delete: Callable[..., None]) -> Callable[..., None]:
    def del_function(self: LambdaStorage, name_or_arn: str, qualifier: str | None = None) -> None:
        if qualifier == "$LATEST":
            raise InvalidParameterValueException(
                "$LATEST version cannot be deleted without deleting the function."
            )
        if qualifier:
            for alias in self.list_aliases(name_or_arn):
                if qualifier in (str(alias.function_version), *_weights(alias.routing_config)):
                    raise _ConflictError(
                        f"Version {qualifier} is in use by alias {alias.name} and cannot be deleted"
                    )
        delete(self, name_or_arn, qualifier)

    return del_function


def _conditional(publish: Callable[..., Any]) -> Callable[..., Any]:
    def publish_version(self: LambdaResponse) -> Any:
        params = json.loads(self.body or "{}")
        now = self.backend.get_function(_path(self, -2)).get_configuration()
        if params.get("RevisionId") not in (None, now["RevisionId"]):
            raise PreconditionFailedException(
                "The Revision Id provided does not match the latest Revision Id."
            )
        if params.get("CodeSha256") not in (None, now["CodeSha256"]):
            raise InvalidParameterValueException("CodeSHA256 is different from that in $LATEST.")
        return publish(self)

    return publish_version


def _numbered(publish: Callable[..., Any]) -> Callable[..., Any]:
    """Publish nothing where nothing changed, and never give a deleted version's number again."""

    def publish_version(self: LambdaStorage, name_or_arn: str, description: str = "") -> Any:
        latest = self.get_function_by_name_or_arn_forbid_qualifier(name_or_arn)
        versions = self._functions[latest.function_name]["versions"]
        if versions and _substance(versions[-1]) == _substance(latest):
            return versions[-1]
        latest.code_or_config_updated = True
        made = publish(self, name_or_arn, description)
        highest = max(getattr(latest, "highest", 0) + 1, int(made.version))
        latest.highest = highest  # type: ignore[attr-defined]  # moto counts what is there
        if int(made.version) != highest:
            del self._arns[made.function_arn]
            made.set_version(highest)
            self._arns[made.function_arn] = made
        made.revision_id = str(uuid.uuid4())
        return made

    return publish_version


def _substance(function: LambdaFunction) -> dict[str, Any]:
    configuration = function.get_configuration()
    return {key: value for key, value in configuration.items() if key not in _OWN_TO_A_VERSION}


def _revised(update: Callable[..., Any], name: str) -> Callable[..., Any]:
    def method(self: LambdaFunction, *arguments: Any) -> Any:
        self.revision_id = str(uuid.uuid4())  # type: ignore[attr-defined]  # moto has none
        return update(self, *arguments)

    method.__name__ = name
    return method


def set_state(region: str, function: str, version: str, state: str, last_update: str) -> None:
    """Put a version into a state, its last update having ended so."""
    found = backend(region).get_function(function, version)
    found.state = state
    found.last_update_status = last_update  # type: ignore[attr-defined]  # moto knows success alone


def _with_update_status(read: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def get_configuration(self: LambdaFunction, on_create: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002 moto's signature
        configuration = read(self, on_create)
        # moto's functions have no revision: one is given when it is first looked at.
        configuration["RevisionId"] = self.__dict__.setdefault("revision_id", str(uuid.uuid4()))
        if "LastUpdateStatus" in configuration:
            status = getattr(self, "last_update_status", configuration["LastUpdateStatus"])
            configuration["LastUpdateStatus"] = status
        return configuration

    return get_configuration


def _region(request: Request) -> str:
    match = _REGION.search(request.headers["Authorization"])
    return match.group(1) if match else ""


class ProvisionedConcurrency:
    """Asked, then READY some seconds later; refused on a weighted alias."""

    _PATH = r"/2019-09-30/functions/(?P<function>[^/]+)/provisioned-concurrency"

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._asked: dict[tuple[str, str], tuple[int, float]] = {}

    def install(self, front: Front) -> None:
        """Serve its REST routes in front of moto."""
        front.route("lambda", "PUT", self._PATH, self._put)
        front.route("lambda", "GET", self._PATH, self._get)
        front.route("lambda", "DELETE", self._PATH, self._delete)

    def ready(self, function: str, qualifier: str) -> int:
        """Return how many executions are ready for ``qualifier``; 0 where none were asked for."""
        if (function, qualifier) not in self._asked:
            return 0
        count: int = self._state((function, qualifier))["AvailableProvisionedConcurrentExecutions"]
        return count

    def _put(self, request: Request, found: dict[str, str]) -> Response:
        count = int(request.get_json()["ProvisionedConcurrentExecutions"])
        key = self._key(request, found)
        for alias in backend(_region(request)).list_aliases(key[0]):
            if alias.name == key[1] and _weights(alias.routing_config):
                raise AwsError(400, "InvalidParameterValueException", _WEIGHTED)
        self._asked[key] = (count, self._now())
        return json_response(self._state(key), 202)

    def _get(self, request: Request, found: dict[str, str]) -> Response:
        if request.args.get("List") == "ALL":
            keys = [key for key in self._asked if key[0] == found["function"]]
            return json_response(
                {"ProvisionedConcurrencyConfigs": [self._listed(request, k) for k in keys]}
            )
        return json_response(self._state(self._key(request, found)))

    def _delete(self, request: Request, found: dict[str, str]) -> Response:
        self._asked.pop(self._key(request, found), None)
        return Response(status=204)

    @staticmethod
    def _key(request: Request, found: dict[str, str]) -> tuple[str, str]:
        function, qualifier = found["function"], request.args["Qualifier"]
        try:
            backend(_region(request)).get_function(function, qualifier)
        except LambdaClientError as error:
            raise AwsError(404, "ResourceNotFoundException", "Function not found") from error
        return function, qualifier

    def _listed(self, request: Request, key: tuple[str, str]) -> dict[str, Any]:
        region = _region(request)
        arn = f"arn:aws:lambda:{region}:{DEFAULT_ACCOUNT_ID}:function:{key[0]}:{key[1]}"
        return {"FunctionArn": arn, **self._state(key)}

    def _state(self, key: tuple[str, str]) -> dict[str, Any]:
        if key not in self._asked:
            raise AwsError(
                404,
                "ProvisionedConcurrencyConfigNotFoundException",
                "No Provisioned Concurrency Config found for this function",
            )
        count, since = self._asked[key]
        ready = self._now() - since >= PROVISIONING_SECONDS
        return {
            "RequestedProvisionedConcurrentExecutions": count,
            "AvailableProvisionedConcurrentExecutions": count if ready else 0,
            "AllocatedProvisionedConcurrentExecutions": count if ready else 0,
            "Status": "READY" if ready else "IN_PROGRESS",
        }
