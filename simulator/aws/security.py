"""IAM and EC2 corrections to moto, ours: long answers come in pages, patterns match, keys age."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.responses import ActionResult
from moto.ec2.exceptions import InvalidParameterValueError
from moto.ec2.models.amis import AmiBackend
from moto.ec2.responses.security_groups import SecurityGroups
from moto.iam.models import iam_backends
from moto.iam.responses import IamResponse

from simulator.aws.extend import extend, original

_FEWEST, _MOST = 5, 1000


@dataclass
class Security:
    """How many items an answer holds at most: AWS may send fewer than it was asked for."""

    users: int = 1000
    keys: int = 1000
    groups: int = 1000

    def created(self, user: str, key: str, at: float) -> None:
        """Let an access key have been created at ``at`` (unix seconds)."""
        found = iam_backends[DEFAULT_ACCOUNT_ID]["aws"].get_user(user).get_access_key_by_id(key)
        found.create_date = datetime.fromtimestamp(at, UTC).replace(tzinfo=None)


def install(security: Security) -> None:
    """Answer ListUsers, ListAccessKeys and DescribeSecurityGroups in pages."""

    def list_users(self: IamResponse) -> ActionResult:
        prefix = self._get_param("PathPrefix")
        users = sorted(self.backend.list_users(prefix, None, None), key=lambda user: user.name)
        return ActionResult(_marked(self, "Users", users, security.users))

    listed = original(IamResponse, "list_access_keys")

    def list_access_keys(self: IamResponse) -> Any:
        user = self._get_param("UserName")
        if not user:
            return listed(self)
        keys = self.backend.list_access_keys(user)
        page = _marked(self, "AccessKeyMetadata", keys, security.keys)
        return ActionResult({"UserName": user, **page})

    def describe_security_groups(self: SecurityGroups) -> ActionResult:
        filters = self._filters_from_querystring()
        names = filters.pop("group-name", None)
        wanted = int(self._get_param("MaxResults") or _MOST)
        if not _FEWEST <= wanted <= _MOST:
            raise InvalidParameterValueError(f"MaxResults must be {_FEWEST} to {_MOST}")
        groups = [
            group
            for group in self.ec2_backend.describe_security_groups(
                group_ids=self._get_param("GroupIds", []),
                groupnames=self._get_param("GroupNames", []),
                filters=filters,
            )
            if names is None or any(_matches(group.name, name) for name in names)
        ]
        start = int(self._get_param("NextToken") or 0)
        end = start + min(wanted, security.groups)
        answer: dict[str, Any] = {"SecurityGroups": groups[start:end]}
        if end < len(groups):
            answer["NextToken"] = str(end)
        return ActionResult(answer)

    def _load_amis(_: AmiBackend) -> None:
        """Make none of the 1,300 images that moto has: nothing here asks for one."""

    extend(AmiBackend, _load_amis)
    extend(IamResponse, list_users, list_access_keys)
    extend(SecurityGroups, describe_security_groups)


def _matches(name: str, pattern: str) -> bool:
    # EC2's filters know two wildcards; what else stands in a pattern is meant as it is.
    wild = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".?")
    return re.fullmatch(wild, name) is not None


def _marked(self: IamResponse, name: str, items: list[Any], most: int) -> dict[str, Any]:
    start = int(self._get_param("Marker") or 0)
    end = start + min(int(self._get_param("MaxItems") or 100), most)
    answer: dict[str, Any] = {name: items[start:end], "IsTruncated": end < len(items)}
    if end < len(items):
        answer["Marker"] = str(end)
    return answer
