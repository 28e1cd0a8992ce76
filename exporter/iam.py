"""Which permissions calls need: the action behind each, and policies that allow them.

Names, ARNs and resource-level support are those of AWS's Service Authorization Reference.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from exporter.collector import Collector
from inventory.model import Inventory

ASSUME_ROLE = "sts:AssumeRole"
"""What the clients themselves need for accounts that are read through a role."""
FOLDER = "deploy/iam"

_PREFIXES = {
    "appconfigdata": "appconfig",
    "resourcegroupstaggingapi": "tag",
    "stepfunctions": "states",
    "tagging": "tag",
}
"""The prefix of a service's actions, where it is not the name of its client or of its signature."""
_S3 = {
    "CompleteMultipartUpload": "PutObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketAnalyticsConfiguration": "GetAnalyticsConfiguration",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketIntelligentTieringConfiguration": "GetIntelligentTieringConfiguration",
    "GetBucketInventoryConfiguration": "GetInventoryConfiguration",
    "GetBucketLifecycle": "GetLifecycleConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketMetricsConfiguration": "GetMetricsConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "UploadPart": "PutObject",
    "UploadPartCopy": "PutObject",
    "DeleteObjects": "DeleteObject",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBucketAnalyticsConfigurations": "GetAnalyticsConfiguration",
    "ListBucketIntelligentTieringConfigurations": "GetIntelligentTieringConfiguration",
    "ListBucketInventoryConfigurations": "GetInventoryConfiguration",
    "ListBucketMetricsConfigurations": "GetMetricsConfiguration",
    "ListBuckets": "ListAllMyBuckets",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListParts": "ListMultipartUploadParts",
}
_HTTP = {
    "Create": "POST",
    "Delete": "DELETE",
    "Flush": "DELETE",
    "Get": "GET",
    "Put": "PUT",
    "Update": "PATCH",
}
"""API Gateway's actions are HTTP's methods; what begins each operation's name."""
_ACCOUNT_WIDE = frozenset(
    {
        "appconfig:CreateDeploymentStrategy",
        "appconfig:ListApplications",
        "appconfig:ListDeploymentStrategies",
        "codedeploy:GetDeploymentTarget",
        "codedeploy:ListApplications",
        "codedeploy:ListDeploymentTargets",
        "codedeploy:StopDeployment",
        "events:ListEventBuses",
        "events:ListRules",
        "iam:GenerateCredentialReport",
        "iam:GetAccountSummary",
        "iam:GetCredentialReport",
        "iam:ListRoles",
        "iam:ListUsers",
        "lambda:GetAccountSettings",
        "lambda:ListEventSourceMappings",
        "lambda:ListFunctions",
        "logs:DescribeLogGroups",
        "s3:ListAllMyBuckets",
        "sns:ListTopics",
        "states:ListStateMachines",
        "timestream-influxdb:ListDbInstances",
    }
)
"""Actions of the services below that know no resources."""
# A managed policy holds 6,144 characters: beyond so many names, their common beginning stands.
_MOST_NAMES = 10
_MAIN_ONLY = ("ce:",)


def action(service: str, operation: str) -> str:
    """Return the IAM action of a call, by the name of its boto3 client and of its operation."""
    if service == "s3":
        return f"s3:{_S3.get(operation, operation)}"
    if service == "apigateway":
        verb = re.match(r"[A-Z][a-z]+", operation)
        if verb is not None and verb.group() in _HTTP:
            return f"apigateway:{_HTTP[verb.group()]}"
    return f"{_PREFIXES.get(service, service)}:{operation}"


@dataclass(frozen=True)
class _Kind:
    """A kind of resource: the names that a scope has of it, and the ARNs of each."""

    names: Callable[[Inventory, str | None], Iterable[str]]
    arns: tuple[str, ...]


def _main(*names: str) -> Callable[[Inventory, str | None], Iterable[str]]:
    return lambda _inventory, scope: names if scope is None else ()


def _groups(inventory: Inventory, scope: str | None) -> Iterator[str]:
    for function in inventory.functions:
        if function.scope == scope and function.deployment_group:
            yield f"{inventory.codedeploy.application}/{function.deployment_group}"


def _rules(inventory: Inventory, scope: str | None) -> Iterator[str]:
    for rule in inventory.rules:
        if rule.scope == scope:
            yield rule.name if rule.bus == "default" else f"{rule.bus}/{rule.name}"


def _buckets(inventory: Inventory, scope: str | None) -> Iterator[str]:
    for bucket in inventory.buckets:
        if bucket.scope == scope:
            yield bucket.name
            if bucket.snapshots:
                yield bucket.snapshots


_KINDS = {
    # Identifiers that AWS gives are not in the inventory: any resource of the account stands.
    "Apis": _Kind(
        lambda i, scope: [a.name for a in i.apis if a.scope == scope][:1],
        ("apigateway:{region}::/restapis", "apigateway:{region}::/restapis/*"),
    ),
    "Buckets": _Kind(_buckets, ("s3:::{name}",)),
    "Databases": _Kind(_main("*"), ("timestream-influxdb:{at}:db-instance/{name}",)),
    "Copies": _Kind(
        lambda i, scope: [b.snapshots for b in i.buckets if b.scope == scope and b.snapshots],
        ("s3:::{name}/*",),
    ),
    "DeploymentApplications": _Kind(
        lambda i, scope: [i.codedeploy.application] if any(_groups(i, scope)) else [],
        ("codedeploy:{at}:application:{name}",),
    ),
    "DeploymentConfigurations": _Kind(
        lambda i, scope: ["*"] if any(_groups(i, scope)) else [],
        ("codedeploy:{at}:deploymentconfig:{name}",),
    ),
    "DeploymentGroups": _Kind(_groups, ("codedeploy:{at}:deploymentgroup:{name}",)),
    "Executions": _Kind(
        lambda i, scope: [m.name for m in i.state_machines if m.scope == scope],
        ("states:{at}:execution:{name}:*",),
    ),
    "Flags": _Kind(_main("*"), ("appconfig:{at}:application/{name}",)),
    "FlagDeployments": _Kind(
        _main("*"),
        ("appconfig:{at}:application/{name}", "appconfig:{at}:deploymentstrategy/{name}"),
    ),
    "Functions": _Kind(
        lambda i, scope: [f.name for f in i.functions if f.scope == scope],
        ("lambda:{at}:function:{name}", "lambda:{at}:function:{name}:*"),
    ),
    "LogGroups": _Kind(
        lambda i, scope: [f.log_group for f in i.functions if f.scope == scope],
        ("logs:{at}:log-group:{name}:*",),
    ),
    "Objects": _Kind(_buckets, ("s3:::{name}/*",)),
    "Rules": _Kind(_rules, ("events:{at}:rule/{name}",)),
    "Stages": _Kind(
        lambda i, scope: [a.stage for a in i.apis if a.scope == scope],
        ("apigateway:{region}::/restapis/*/stages/{name}",),
    ),
    "StateMachines": _Kind(
        lambda i, scope: [m.name for m in i.state_machines if m.scope == scope],
        ("states:{at}:stateMachine:{name}",),
    ),
    "Topics": _Kind(
        lambda i, scope: [i.sns.topic] if scope is None else [],
        ("sns:{at}:{name}",),
    ),
    # A function's name alone stands for all of it; its versions are named with their number.
    "Versions": _Kind(
        lambda i, scope: [f.name for f in i.functions if f.scope == scope],
        ("lambda:{at}:function:{name}:*",),
    ),
    "Users": _Kind(lambda _inventory, _scope: ["*"], ("iam::{account}:user/{name}",)),
}
_KIND_OF = {
    "apigateway": "Apis",
    "apigateway:DELETE": "Stages",
    "apigateway:PATCH": "Stages",
    "appconfig": "Flags",
    "appconfig:StartDeployment": "FlagDeployments",
    "codedeploy": "DeploymentGroups",
    "codedeploy:GetApplication": "DeploymentApplications",
    "codedeploy:GetApplicationRevision": "DeploymentApplications",
    "codedeploy:GetDeploymentConfig": "DeploymentConfigurations",
    "codedeploy:ListDeploymentGroups": "DeploymentApplications",
    "codedeploy:RegisterApplicationRevision": "DeploymentApplications",
    "events": "Rules",
    "iam": "Users",
    "lambda": "Functions",
    "lambda:DeleteFunction": "Versions",
    "logs": "LogGroups",
    "s3": "Buckets",
    "s3:AbortMultipartUpload": "Copies",
    "s3:GetObject": "Objects",
    "s3:GetObjectAttributes": "Objects",
    "s3:GetObjectTagging": "Objects",
    "s3:ListMultipartUploadParts": "Copies",
    "s3:PutObject": "Copies",
    "s3:PutObjectTagging": "Copies",
    "sns": "Topics",
    "states": "StateMachines",
    "states:DescribeExecution": "Executions",
    "states:GetExecutionHistory": "Executions",
    "states:RedriveExecution": "Executions",
    "states:StopExecution": "Executions",
    "timestream-influxdb": "Databases",
}
"""The kind of resource of an action, or of all other actions of its service."""


def files(inventory: Inventory, collectors: Iterable[Collector]) -> dict[str, str]:
    """Return the reader's policies by path below the root: the main account's, then each scope's.

    The main one also allows the process to assume the roles that the inventory names.
    """
    actions = sorted({name for collector in collectors for name in collector.iam})
    scopes: list[str | None] = [None, *(scope.name for scope in inventory.scopes)]
    return {
        f"{FOLDER}/{'.'.join(filter(None, ('reader-policy', scope, 'json')))}": json.dumps(
            policy(inventory, actions, scope), indent=2
        )
        + "\n"
        for scope in scopes
    }


def policy(
    inventory: Inventory,
    actions: Sequence[str],
    scope: str | None = None,
    *,
    verb: str | None = "Read",
    most_names: int = _MOST_NAMES,
) -> dict[str, Any]:
    """Return an IAM policy that allows ``actions`` on the scope's resources of the inventory.

    Each statement's Sid says, with ``verb``, what it allows; without one there are none, which
    makes the policy shorter. Only actions that know no resources are allowed on all of them. More
    than ``most_names`` stand by their common beginning.
    """
    by_kind: dict[str, list[str]] = defaultdict(list)
    wide = []
    for name in actions:
        kind = _KIND_OF.get(name) or _KIND_OF.get(name.split(":")[0])
        if name in _ACCOUNT_WIDE or kind is None:
            if scope is None or not name.startswith(_MAIN_ONLY):
                wide.append(name)
        else:
            by_kind[kind].append(name)
    statements = [
        _statement(verb and f"{verb}{kind}", names, arns)
        for kind, names in sorted(by_kind.items())
        if (arns := _arns(inventory, _KINDS[kind], scope, most_names))
    ]
    if wide:
        statements.append(_statement(verb and f"{verb}WhatKnowsNoResources", wide, ["*"]))
    roles = sorted(
        {each.role_arn for each in (inventory.aws, *inventory.scopes) if each.role_arn is not None}
    )
    if roles and scope is None:
        statements.append(_statement(verb and "BecomeReaderElsewhere", [ASSUME_ROLE], roles))
    return {"Version": "2012-10-17", "Statement": statements}


def wanted(inventory: Inventory, collectors: Iterable[Collector]) -> dict[str, list[str]]:
    """Return what the main account's reader needs: the resources of each action."""
    actions = sorted({name for collector in collectors for name in collector.iam})
    found: dict[str, list[str]] = {}
    for statement in policy(inventory, actions)["Statement"]:
        for name in statement["Action"]:
            found.setdefault(name, []).extend(statement["Resource"])
    return found


def _statement(sid: str | None, actions: Sequence[str], resources: Sequence[str]) -> dict[str, Any]:
    allowed = {"Effect": "Allow", "Action": sorted(actions), "Resource": list(resources)}
    return {"Sid": sid, **allowed} if sid else allowed


def _arns(inventory: Inventory, kind: _Kind, scope: str | None, most_names: int) -> list[str]:
    place = inventory.scope(scope)
    names = sorted(set(kind.names(inventory, scope)))
    if len(names) > most_names:
        names = [_common_start(names[0], names[-1]) + "*"]
    at = f"{place.region}:{place.account}"
    return [
        f"arn:{place.partition}:"
        + arn.format(at=at, region=place.region, account=place.account, name=name)
        for name in names
        for arn in kind.arns
    ]


def _common_start(first: str, last: str) -> str:
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    return "".join(letter for letter, _ in alike)
