"""The resource that AWS judges a call by, from the names in it.

By AWS's Service Authorization Reference.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from exporter import iam
from inventory.model import Inventory

_OTHERS = "of-others"
_BY_IDENTIFIER = ("timestream-influxdb", "appconfig", "apigateway")
"""Services whose resources have identifiers that AWS gives: an inventory cannot tell them."""


@dataclass(frozen=True)
class Asked:
    """One call that an action made; ``names`` are its arguments that are texts."""

    inventory: Inventory
    service: str
    operation: str
    names: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.permission} on {', '.join(self.resources())}"

    @property
    def permission(self) -> str:
        """The IAM action."""
        return iam.action(self.service, self.operation)

    def allowed_by(self, document: Mapping[str, Any]) -> bool:
        """Say whether a policy allows the call."""
        return all(_allows(document, self.permission, arn) for arn in self.resources())

    def foreign_allowed_by(self, document: Mapping[str, Any]) -> bool:
        """Say whether a policy would allow the same on somebody else's resource."""
        if self.permission in iam._ACCOUNT_WIDE:
            return False
        return any(
            _allows(document, self.permission, arn)
            for own in self.resources()
            for arn in _foreign(own, self.service)
        )

    def resources(self) -> list[str]:
        """Return the ARNs of what the call is about."""
        if self.permission in iam._ACCOUNT_WIDE:
            return ["*"]
        aws = self.inventory.aws
        start = f"arn:aws:{self.permission.split(':')[0]}:{aws.region}:{aws.account}:"
        return [arn if arn.startswith("arn:") else start + arn for arn in self._named(self.names)]

    def _named(self, names: Mapping[str, str]) -> list[str]:
        if self.service == "codedeploy":
            return self._deployed(names)
        return [_NAMED[self.service](names)]

    def _deployed(self, names: Mapping[str, str]) -> list[str]:
        application = self.inventory.codedeploy.application
        if self.operation in ("ListDeploymentGroups", "GetApplicationRevision"):
            return [f"application:{names['applicationName']}"]
        if "deploymentGroupName" in names:
            return [f"deploymentgroup:{names['applicationName']}/{names['deploymentGroupName']}"]
        # A deployment is judged by its group: any of those that have one.
        return [
            f"deploymentgroup:{application}/{one.deployment_group}"
            for one in self.inventory.functions
            if one.deployment_group is not None
        ]


def _function(names: Mapping[str, str]) -> str:
    return ":".join(filter(None, ("function", names["FunctionName"], names.get("Qualifier"))))


def _object(names: Mapping[str, str]) -> str:
    return "arn:aws:s3:::" + "/".join(filter(None, (names["Bucket"], names.get("Key"))))


def _stage(names: Mapping[str, str]) -> str:
    stage = ("stages", names["stageName"]) if "stageName" in names else ()
    path = (names["restApiId"], *stage) if "restApiId" in names else ()
    return "/".join(("arn:aws:apigateway:us-east-1::/restapis", *path))


_NAMED: Mapping[str, Callable[[Mapping[str, str]], str]] = {
    "apigateway": _stage,
    "appconfig": lambda n: f"application/{n.get('ApplicationId', 'any')}",
    "appconfigdata": lambda _: "application/any",
    "events": lambda n: f"rule/{n['Name']}",
    "lambda": _function,
    "logs": lambda n: f"log-group:{n['logGroupName']}:log-stream:",
    "s3": _object,
    "sns": lambda n: n["TopicArn"],
    "stepfunctions": lambda n: n.get("executionArn") or n["stateMachineArn"],
    "timestream-influxdb": lambda n: f"db-instance/{n['identifier']}",
}


def _foreign(own: str, service: str) -> list[str]:
    """Return a resource of another account, and one of ours that is merely called alike."""
    parts = own.split(":", 5)
    found = []
    if parts[4]:
        found.append(":".join([*parts[:4], "999999999999", parts[5]]))
    if service in _BY_IDENTIFIER or service == "appconfigdata":
        return found
    kind, separator, name = parts[5].partition("/" if service == "events" else ":")
    if service == "s3":
        bucket, _, key = parts[5].partition("/")
        return [":".join([*parts[:5], "/".join(filter(None, (bucket + _OTHERS, key)))])]
    if service == "sns":
        return [*found, own + _OTHERS]
    first, mark, rest = name.partition("/" if service == "codedeploy" else ":")
    return [*found, ":".join([*parts[:5], f"{kind}{separator}{first}{_OTHERS}{mark}{rest}"])]


def _allows(document: Mapping[str, Any], permission: str, arn: str) -> bool:
    return any(
        permission in statement["Action"]
        and any(fnmatch.fnmatchcase(arn, pattern) for pattern in statement["Resource"])
        for statement in document["Statement"]
    )
