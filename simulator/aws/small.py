"""Small corrections to moto, ours: Timestream for InfluxDB, CloudTrail events, STS.

An instance becomes AVAILABLE some seconds after it was created or changed, and its storage only
grows (UpdateDbInstance); LookupEvents answers from recorded events; AssumeRole refuses a role that
IAM does not know, or the wrong external id.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

from moto.cloudtrail.responses import CloudTrailResponse
from moto.core.exceptions import JsonRESTError, ServiceException
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.models import iam_backends
from moto.sts.responses import TokenResponse
from moto.timestreaminfluxdb.models import DBInstance, InstanceStatus, TimestreamInfluxDBBackend
from moto.timestreaminfluxdb.responses import TimestreamInfluxDBResponse

from simulator.aws.extend import extend, original

CHANGE_SECONDS = 5.0
GLOBAL_REGION = "us-east-1"
_PAGE = 50
_ARN_COLONS = 5


def install_timestream(now: Callable[[], float]) -> None:
    """Let instances become AVAILABLE and be changed."""
    since: dict[str, float] = {}
    read = original(TimestreamInfluxDBBackend, "get_db_instance")
    create = original(TimestreamInfluxDBBackend, "create_db_instance")

    def create_db_instance(self: TimestreamInfluxDBBackend, **asked: Any) -> DBInstance:
        instance: DBInstance = create(self, **asked)
        since[instance.id] = now()
        return instance

    def settle(instance: DBInstance) -> DBInstance:
        if now() - since[instance.id] >= CHANGE_SECONDS:
            instance.status = InstanceStatus.AVAILABLE
        return instance

    def get_db_instance(self: TimestreamInfluxDBBackend, id: str) -> DBInstance:  # noqa: A002 moto's name
        by_name = [i.id for i in self.db_instances.values() if i.name == id]
        return settle(read(self, by_name[0] if by_name else id))

    def update_db_instance(self: TimestreamInfluxDBResponse) -> str:
        asked = json.loads(self.body)
        instance = self.timestreaminfluxdb_backend.get_db_instance(asked["identifier"])
        if instance.status != InstanceStatus.AVAILABLE:
            raise JsonRESTError("ConflictException", "The instance is not available")
        storage = asked.get("allocatedStorage", instance.allocated_storage)
        if storage < instance.allocated_storage:
            raise JsonRESTError("ValidationException", "Allocated storage can only grow")
        instance.allocated_storage = storage
        instance.db_instance_type = asked.get("dbInstanceType", instance.db_instance_type)
        instance.status = InstanceStatus.UPDATING
        since[instance.id] = now()
        return json.dumps(instance.to_dict())

    def list_db_instances(self: TimestreamInfluxDBResponse) -> str:
        backend = self.timestreaminfluxdb_backend
        for instance in backend.db_instances.values():
            settle(instance)
        return json.dumps(_page(json.loads(self.body), backend.list_db_instances()))

    extend(TimestreamInfluxDBBackend, create_db_instance, get_db_instance)
    extend(TimestreamInfluxDBResponse, update_db_instance, list_db_instances)


def _page(asked: dict[str, Any], found: list[dict[str, Any]]) -> dict[str, Any]:
    start, size = int(asked.get("nextToken") or 0), int(asked.get("maxResults") or _PAGE)
    answer: dict[str, Any] = {"items": found[start : start + size]}
    if start + size < len(found):
        answer["nextToken"] = str(start + size)
    return answer


class Trail:
    """What CloudTrail saw, newest first, in each region.

    ``page`` is how many events an answer holds at most: AWS may send fewer than it was asked for.
    """

    def __init__(self) -> None:
        self._events: list[dict[str, Any]] = []
        self.page = _PAGE

    def record(self, name: str, user: str, at: float, region: str = GLOBAL_REGION) -> str:
        """Record that ``user`` called ``name`` at ``at`` (unix seconds); return the event's id.

        IAM and other global services leave their events in one region alone.
        """
        identity = str(uuid.uuid4())
        event = {"EventId": identity, "EventName": name, "EventTime": int(at), "Username": user}
        self._events.append({**event, "Region": region})
        self._events.sort(key=lambda event: -event["EventTime"])
        return identity

    def lookup(self, asked: dict[str, Any], region: str) -> dict[str, Any]:
        """Return one page of LookupEvents."""
        attributes = asked.get("LookupAttributes") or []
        if any(a["AttributeKey"] not in ("EventName", "Username") for a in attributes):
            raise JsonRESTError("InvalidLookupAttributesException", "not supported here")
        since, until = float(asked.get("StartTime") or 0), float(asked.get("EndTime") or 1e12)
        if since > until:
            raise JsonRESTError("InvalidTimeRangeException", "The start is after the end")
        found = [
            {key: value for key, value in event.items() if key != "Region"}
            for event in self._events
            if event["Region"] == region
            and all(event[a["AttributeKey"]] == a["AttributeValue"] for a in attributes)
            and since <= event["EventTime"] <= until
        ]
        most = int(asked.get("MaxResults") or _PAGE)
        if not 1 <= most <= _PAGE:
            raise JsonRESTError("InvalidMaxResultsException", f"MaxResults must be 1 to {_PAGE}")
        start = int(asked.get("NextToken") or 0)
        end = start + min(most, self.page)
        answer: dict[str, Any] = {"Events": found[start:end]}
        if end < len(found):
            answer["NextToken"] = str(end)
        return answer


def install_trail(trail: Trail) -> None:
    """Answer LookupEvents from ``trail``."""

    def lookup_events(self: CloudTrailResponse) -> str:
        return json.dumps(trail.lookup(json.loads(self.body), self.region))

    extend(CloudTrailResponse, lookup_events)


class _AccessDenied(ServiceException):
    code = "AccessDenied"


def install_sts() -> None:
    """Let AssumeRole refuse a role that does not exist, or that asks for another external id."""
    assume = original(TokenResponse, "assume_role")

    def assume_role(self: TokenResponse) -> Any:
        arn = self._get_param("RoleArn") or ""
        account = arn.split(":")[4] if arn.count(":") >= _ARN_COLONS else DEFAULT_ACCOUNT_ID
        roles = {role.arn: role for role in iam_backends[account]["aws"].roles.values()}
        wanted = _external_ids(roles[arn].assume_role_policy_document) if arn in roles else None
        if wanted is None or (wanted and self._get_param("ExternalId") not in wanted):
            raise _AccessDenied(f"not authorized to perform sts:AssumeRole on {arn}")
        return assume(self)

    extend(TokenResponse, assume_role)


def _external_ids(policy: str) -> set[str]:
    """Return the external ids of a trust policy; empty where it asks for none."""
    statements = json.loads(policy).get("Statement", [])
    equal = [s.get("Condition", {}).get("StringEquals", {}) for s in statements]
    return {condition["sts:ExternalId"] for condition in equal if "sts:ExternalId" in condition}
