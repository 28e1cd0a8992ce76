"""Permissions: every call's action, what collectors declare, and the policy that allows it."""

from __future__ import annotations

import fnmatch
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel

from exporter import iam
from exporter.app import ExporterApp, find_collectors
from exporter.iam import action, files, policy
from inventory.load import load_inventory
from inventory.model import Inventory
from inventory.resources import Scope
from remediations.app import all_actions
from simulator.aws.server import EmbeddedAws
from simulator.seed import seed
from tests.exporter.support import ROOT, Clock, settings_for
from vigia import writer_policy

CFN_LINT = Path(sys.executable).parent / "cfn-lint"
READS = re.compile(r"(Get|List|Describe|Filter|Lookup|Head|BatchGet)")
SERVICES = (
    *("apigateway", "appconfig", "appconfigdata", "ce", "cloudtrail", "codedeploy", "events"),
    *("iam", "lambda", "logs", "resourcegroupstaggingapi", "s3", "sns", "stepfunctions", "sts"),
    "timestream-influxdb",
)
UNLISTED = {
    # Directory buckets and metadata tables are not in the table; neither are these new ones.
    *("s3:GetBucketMetadataConfiguration", "s3:ListDirectoryBuckets"),
    *("lambda:GetLayerVersionByArn", "logs:GetLogObject", "cloudtrail:ListInsightsMetricData"),
}
OPTIONAL = {"cloudwatch", "ce"}
"""Services whose reads may be narrowed to data sets or billing views, which we do not have."""


@cache
def reference() -> dict[str, Any]:
    """Return AWS's actions by service with the resources each knows, as cfn-lint ships them."""
    cfnlint = pytest.importorskip("cfnlint")
    path = Path(cfnlint.__file__).parent / "data" / "AdditionalSpecs" / "Policies.json"
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def known(name: str) -> dict[str, Any] | None:
    """Return what the reference says of an action; None if there is no such action."""
    service, operation = name.split(":")
    found: dict[str, Any] | None = (
        reference().get(service, {}).get("Actions", {}).get(operation.lower())
    )
    return found


def declared() -> list[str]:
    """Return every action that a collector declares."""
    return sorted({name for collector in find_collectors().values() for name in collector.iam})


def allowed(document: dict[str, Any], name: str, arn: str) -> bool:
    """Say whether a policy allows an action on a resource, as IAM matches them."""
    return any(
        name in statement["Action"]
        and any(fnmatch.fnmatchcase(arn, pattern) for pattern in statement["Resource"])
        for statement in document["Statement"]
    )


@pytest.fixture
def inventory() -> Inventory:
    """The platform's inventory with a second account and resources of every kind in it."""
    whole = load_inventory(ROOT / "platform.yaml")
    other = Scope(
        name="south",
        account="210987654321",
        region="sa-east-1",
        role_arn="arn:aws:iam::210987654321:role/vigia-reader",
    )
    moved = {"scope": "south"}
    return whole.model_copy(
        update={
            "scopes": (other,),
            "functions": (
                *whole.functions,
                whole.functions[0].model_copy(update={**moved, "name": "southern"}),
            ),
            "rules": (
                *whole.rules,
                whole.rules[0].model_copy(update={**moved, "name": "rule", "bus": "energy"}),
            ),
            "state_machines": (
                *whole.state_machines,
                whole.state_machines[0].model_copy(update={**moved, "name": "machine"}),
            ),
            "buckets": (
                *whole.buckets,
                whole.buckets[0].model_copy(
                    update={**moved, "name": "southern-raw", "snapshots": "southern-copies"}
                ),
            ),
            "apis": (*whole.apis, whole.apis[0].model_copy(update={**moved, "name": "api"})),
        }
    )


@pytest.mark.parametrize(
    ("service", "operation", "expected"),
    [
        ("lambda", "GetAlias", "lambda:GetAlias"),
        ("s3", "HeadBucket", "s3:ListBucket"),
        ("s3", "ListObjectsV2", "s3:ListBucket"),
        ("s3", "GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration"),
        ("s3", "GetBucketLocation", "s3:GetBucketLocation"),
        ("apigateway", "GetRestApis", "apigateway:GET"),
        ("apigateway", "GetStages", "apigateway:GET"),
        ("stepfunctions", "ListExecutions", "states:ListExecutions"),
        ("states", "ListExecutions", "states:ListExecutions"),
        ("appconfigdata", "GetLatestConfiguration", "appconfig:GetLatestConfiguration"),
        ("timestream-influxdb", "ListDbInstances", "timestream-influxdb:ListDbInstances"),
        ("resourcegroupstaggingapi", "GetResources", "tag:GetResources"),
        ("cloudwatch", "GetMetricData", "cloudwatch:GetMetricData"),
        ("sts", "AssumeRole", "sts:AssumeRole"),
        ("s3", "CopyObject", "s3:PutObject"),
        ("apigateway", "UpdateStage", "apigateway:PATCH"),
    ],
)
def test_a_call_has_its_action(service: str, operation: str, expected: str) -> None:
    """A call's action follows from its client and operation, also where AWS names it otherwise."""
    assert action(service, operation) == expected


@pytest.mark.parametrize("service", SERVICES)
def test_every_read_has_an_action_that_exists(service: str) -> None:
    """Whatever a collector may come to read, its action is one that IAM knows."""
    model = ServiceModel(Loader().load_service_model(service, "service-2"), service)
    found = {action(service, name) for name in model.operation_names if READS.match(name)}
    assert found
    assert {name for name in found if known(name) is None} <= UNLISTED


@pytest.mark.parametrize("name", find_collectors())
def test_collectors_only_read_and_say_what(name: str) -> None:
    """A collector declares real actions, sorted out once each, and none that changes anything."""
    collector = find_collectors()[name]
    assert len(set(collector.iam)) == len(collector.iam)
    for each in collector.iam:
        assert known(each) is not None, each
        operation = each.split(":")[1]
        assert each == "apigateway:GET" or READS.match(operation) or each == START_SESSION, each
    planned = collector.uses(load_inventory(ROOT / "platform.yaml"))
    assert {action(use.service, use.operation) for use in planned} <= set(collector.iam)


START_SESSION = "appconfig:StartConfigurationSession"
"""Begins to read flags; it changes nothing."""


def test_committed_policies_are_current() -> None:
    """The committed policies are byte for byte what the inventory generates, none left over."""
    platform = load_inventory(ROOT / "platform.yaml")
    expected = {
        **files(platform, find_collectors().values()),
        **writer_policy.files(platform, all_actions().values()),
    }
    found = {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for path in (ROOT / iam.FOLDER).iterdir()
    }
    assert found == expected


def test_policies_are_the_same_whatever_the_order(inventory: Inventory) -> None:
    """The order of resources and collectors changes nothing."""
    collectors = list(find_collectors().values())
    turned = inventory.model_copy(
        update={
            "functions": inventory.functions[::-1],
            "buckets": inventory.buckets[::-1],
            "rules": inventory.rules[::-1],
        }
    )
    assert files(inventory, collectors) == files(turned, collectors[::-1])
    assert list(files(inventory, collectors)) == [
        "deploy/iam/reader-policy.json",
        "deploy/iam/reader-policy.south.json",
    ]


def test_each_account_is_read_where_it_is(inventory: Inventory) -> None:
    """A scope's policy names that account's resources and no other's; the main one may go there."""
    actions = (
        *("lambda:GetAlias", "logs:FilterLogEvents", "s3:ListBucket", "states:ListExecutions"),
        *("events:DescribeRule", "ce:GetCostAndUsage", "cloudwatch:GetMetricData"),
        *("sns:GetTopicAttributes", "codedeploy:ListDeployments"),
    )
    main, south = policy(inventory, actions), policy(inventory, actions, "south")
    router = "arn:aws:lambda:us-east-1:123456789012:function:lambda_router"
    assert allowed(main, "lambda:GetAlias", router)
    assert allowed(main, "lambda:GetAlias", f"{router}:LIVE")
    assert not allowed(main, "lambda:GetAlias", f"{router}_of_others")
    assert not allowed(south, "lambda:GetAlias", router)
    southern = "arn:aws:lambda:sa-east-1:210987654321:function:southern"
    assert allowed(south, "lambda:GetAlias", southern)
    assert not allowed(main, "lambda:GetAlias", southern)
    rule = "arn:aws:events:sa-east-1:210987654321:rule/energy/rule"
    assert allowed(south, "events:DescribeRule", rule)
    for bucket in ("southern-raw", "southern-copies"):
        assert allowed(south, "s3:ListBucket", f"arn:aws:s3:::{bucket}")
        assert not allowed(main, "s3:ListBucket", f"arn:aws:s3:::{bucket}")
    machine = "arn:aws:states:sa-east-1:210987654321:stateMachine:machine"
    assert allowed(south, "states:ListExecutions", machine)
    topic = "arn:aws:sns:us-east-1:123456789012:ons-data-platform-deployments"
    assert allowed(main, "sns:GetTopicAttributes", topic)
    assert "sns:GetTopicAttributes" not in json.dumps(south)
    assert "ce:GetCostAndUsage" not in json.dumps(south)
    role = "arn:aws:iam::210987654321:role/vigia-reader"
    assert allowed(main, "sts:AssumeRole", role)
    assert not allowed(main, "sts:AssumeRole", role + "s")
    assert "sts:AssumeRole" not in json.dumps(south)


def test_the_main_role_may_be_assumed_too(inventory: Inventory) -> None:
    """Where the main account is read through a role, the process may assume it."""
    role = "arn:aws:iam::123456789012:role/vigia"
    main = inventory.model_copy(update={"aws": inventory.aws.model_copy(update={"role_arn": role})})
    assert allowed(policy(main, ()), "sts:AssumeRole", role)
    assert policy(load_inventory(ROOT / "platform.yaml"), ())["Statement"] == []


def test_a_policy_of_thousands_of_functions_fits(inventory: Inventory) -> None:
    """A managed policy holds 6,144 characters: many names are allowed by their common beginning."""
    many = tuple(
        inventory.functions[0].model_copy(
            update={"name": f"ons-{n}", "log_group": f"/aws/lambda/ons-{n}"}
        )
        for n in range(5000)
    )
    document = policy(inventory.model_copy(update={"functions": many}), declared())
    assert len(json.dumps(document, separators=(",", ":"))) < 6144
    arn = "arn:aws:lambda:us-east-1:123456789012:function:ons-4999"
    assert allowed(document, "lambda:GetAlias", arn)
    assert not allowed(document, "lambda:GetAlias", arn.replace("ons-", "others-"))
    assert len(json.dumps(policy(inventory, declared()), separators=(",", ":"))) < 6144


def test_other_partitions_have_their_own_arns(inventory: Inventory) -> None:
    """Resources in China and GovCloud are named in their partitions."""
    for region, partition in (("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")):
        aws = inventory.aws.model_copy(update={"region": region})
        document = policy(inventory.model_copy(update={"aws": aws}), ("lambda:GetAlias",))
        start = f"arn:{partition}:lambda:{region}:"
        resources = document["Statement"][0]["Resource"]
        assert all(resource.startswith(start) for resource in resources)


def every_kind() -> list[str]:
    """Return the collectors' actions and, of each kind of resource, one more."""
    names = [name if ":" in name else f"{name}:" for name in iam._KIND_OF]
    exact = [name for name in names if not name.endswith(":")]
    examples = (
        *("appconfig:GetLatestConfiguration", "codedeploy:GetDeployment", "iam:ListAccessKeys"),
        *("lambda:GetFunctionConfiguration", "logs:DescribeMetricFilters", "apigateway:GET"),
        *("s3:GetLifecycleConfiguration", "sns:GetTopicAttributes", "states:ListExecutions"),
        *("timestream-influxdb:GetDbInstance", "events:ListTargetsByRule"),
    )
    return sorted({*declared(), *exact, *examples})


@pytest.mark.parametrize("scope", [None, "south"])
def test_everything_is_allowed_exactly_where_it_must_be(
    inventory: Inventory, scope: str | None
) -> None:
    """Each action stands once, and on all resources only if IAM knows none for it."""
    document = policy(inventory, every_kind(), scope)
    assert document["Version"] == "2012-10-17"
    sids = [statement["Sid"] for statement in document["Statement"]]
    assert len(set(sids)) == len(sids)
    assert all(re.fullmatch(r"[A-Za-z0-9]+", sid) for sid in sids)
    standing = [name for statement in document["Statement"] for name in statement["Action"]]
    assert len(set(standing)) == len(standing)
    if scope is None:
        assert set(standing) == {*every_kind(), iam.ASSUME_ROLE}
    for statement in document["Statement"]:
        for name in statement["Action"]:
            resources = (known(name) or {}).get("Resources", [])
            wide = not resources or name.split(":")[0] in OPTIONAL
            assert (statement["Resource"] == ["*"]) == wide, name


@pytest.mark.parametrize("name", sorted(iam._ACCOUNT_WIDE))
def test_account_wide_actions_know_no_resources(name: str) -> None:
    """What the table says of an action is what AWS says."""
    assert known(name) == {}


@pytest.mark.parametrize("scope", [None, "south"])
def test_cfn_lint_accepts_the_policy(
    inventory: Inventory, tmp_path: Path, scope: str | None
) -> None:
    """In a template, the policy's form, action names and the resources they take are all valid."""
    if not CFN_LINT.exists():
        pytest.skip("cfn-lint is not installed beside this Python; run 'make setup'")
    assert linted(policy(inventory, every_kind(), scope), tmp_path) == ""
    misplaced = policy(inventory, ("lambda:GetAlias",), scope)
    misplaced["Statement"][0]["Action"] = ["states:ListExecutions", "lambda:GetAliasses"]
    complaints = linted(misplaced, tmp_path)
    assert "I3510" in complaints
    assert "W3037" in complaints


def linted(document: dict[str, Any], root: Path) -> str:
    """Return what cfn-lint says of a managed policy."""
    resource = {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {"PolicyDocument": document},
    }
    template = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"Reader": resource}}
    path = root / "template.json"
    path.write_text(json.dumps(template), encoding="utf-8")
    run = subprocess.run(
        [CFN_LINT, "--include-checks", "I3510", "W3037", "--", path],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return run.stdout + run.stderr


def test_no_request_goes_round_the_count(
    aws: EmbeddedAws, watched: Inventory, clock: Clock, tmp_path: Path
) -> None:
    """Every request that reaches AWS was counted, however it was sent: its action is known."""
    seed(aws, watched, clock.now)
    app = ExporterApp(settings_for(aws.url, tmp_path), lambda: watched, clock)
    before = len(aws.front.seen)
    for _ in range(2):
        assert app.collect_once() == {}
        clock.at += 10
    counted = sum(app._tally.bill().requests.values())
    reached = [seen for seen in list(aws.front.seen)[before:] if seen.service]
    app.stop()
    assert counted == len(reached) > 0
