"""Fills the embedded AWS with the platform that the inventory describes."""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from inventory.model import Inventory
from inventory.resources import Bucket, Function
from inventory.snapshots import Manifest, manifest_key, stamp_of
from simulator import instance_metrics
from simulator.aws.codedeploy import Deployment, app_spec
from simulator.aws.server import EmbeddedAws

VERSIONS = 5
LEFT_BEHIND = "retired_importer"
"""A function that was deleted, and whose log group was not."""
PROVISIONED = 2
_DAY = 86_400.0
_OBJECTS = 12
_ROLE = "arn:aws:iam::123456789012:role/ons-lambda"
_RUNNING = 3
_MEASURED_MINUTES = 15
_ARCHIVE = {
    "ID": "archive",
    "Status": "Enabled",
    "Filter": {"Prefix": "archive/"},
    "Transitions": [{"Days": 90, "StorageClass": "GLACIER"}],
}
_TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
_DAILY_USD = {
    "AWS Lambda": 21.0,
    "Amazon API Gateway": 6.5,
    "Amazon Simple Storage Service": 11.2,
    "Amazon Timestream": 34.0,
    "AmazonCloudWatch": 9.3,
    "AWS Step Functions": 3.1,
}


def seed(
    aws: EmbeddedAws, inventory: Inventory, now: Callable[[], float], *, functions: bool = True
) -> None:
    """Create everything, or all but the ``functions``; ``now`` returns unix seconds."""
    role = seed_functions(aws, inventory, now) if functions else _ROLE
    _people(aws, inventory, now())
    _network(aws)
    _logs(aws, inventory, now())
    _pipeline(aws, inventory, role)
    _storage(aws, inventory, now())
    seed_flags(aws, inventory)
    _edges(aws, inventory)
    _database(aws, inventory, now())
    _cost(aws)


def package(marker: str) -> bytes:
    """Return a deployment package whose code differs by ``marker``."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("handler.py", f"VERSION = {marker!r}\n\n\ndef handle(event, context):\n")
    return buffer.getvalue()


def publish(aws: EmbeddedAws, function: str, marker: str) -> str:
    """Publish a new version of ``function`` and return its number."""
    client = aws.client("lambda")
    client.update_function_code(FunctionName=function, ZipFile=package(marker))
    version: str = client.publish_version(FunctionName=function, Description=marker)["Version"]
    return version


def seed_functions(aws: EmbeddedAws, inventory: Inventory, now: Callable[[], float]) -> str:
    """Create the functions, their versions, aliases and deployments; return their role's ARN."""
    role = aws.client("iam").create_role(RoleName="ons-lambda", AssumeRolePolicyDocument=_TRUST)[
        "Role"
    ]["Arn"]
    for function in inventory.functions:
        _function(aws, inventory, function, role, now())
    return str(role)


def _people(aws: EmbeddedAws, inventory: Inventory, now: float) -> None:
    iam = aws.client("iam")
    limit = inventory.security.access_key_max_age
    # One key was rotated in time, the other should have been long ago.
    for user, age in (("deploy-bot", limit / 9), ("operations", limit * 2)):
        iam.create_user(UserName=user)
        key = iam.create_access_key(UserName=user)["AccessKey"]["AccessKeyId"]
        aws.security.created(user, key, now - age)
    for days, name in enumerate(inventory.security.trail_events, 1):
        aws.trail.record(name, "operations", now - days * _DAY)


def _network(aws: EmbeddedAws) -> None:
    ec2 = aws.client("ec2")
    network = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    for name, source in (("ons-influxdb", "10.0.0.0/8"), ("ons-bastion", "0.0.0.0/0")):
        group = ec2.create_security_group(GroupName=name, Description=name, VpcId=network)
        ec2.authorize_security_group_ingress(
            GroupId=group["GroupId"], IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp=source
        )


def _logs(aws: EmbeddedAws, inventory: Inventory, now: float) -> None:
    """Keep logs for a month, but for ever in one function's group and in one left behind."""
    client = aws.client("logs")
    for function in inventory.functions[:-1]:
        client.put_retention_policy(logGroupName=function.log_group, retentionInDays=30)
    left = f"{inventory.log_groups.prefixes[0]}{LEFT_BEHIND}"
    client.create_log_group(logGroupName=left)
    for days in range(400, 370, -1):
        aws.logs.put(left, "seed", now - days * _DAY, "import of the old format is done")


def _function(
    aws: EmbeddedAws, inventory: Inventory, function: Function, role: str, now: float
) -> None:
    client = aws.client("lambda")
    client.create_function(
        FunctionName=function.name,
        Runtime="python3.12",
        Role=role,
        Handler="handler.handle",
        Code={"ZipFile": package("1")},
        Environment={"Variables": {"LOG_LEVEL": "INFO"}},
        MemorySize=512,
        Timeout=60,
        Publish=True,
    )
    for number in range(2, VERSIONS + 1):
        publish(aws, function.name, str(number))
    client.create_alias(
        FunctionName=function.name, Name=function.alias, FunctionVersion=str(VERSIONS)
    )
    if function.provisioned:
        client.put_provisioned_concurrency_config(
            FunctionName=function.name,
            Qualifier=function.alias,
            ProvisionedConcurrentExecutions=PROVISIONED,
        )
    aws.client("logs").create_log_group(logGroupName=function.log_group)
    _deployments(aws, inventory, function, now)


def _deployments(aws: EmbeddedAws, inventory: Inventory, function: Function, now: float) -> None:
    if function.deployment_group is None:
        return
    client, application = aws.client("codedeploy"), inventory.codedeploy.application
    if application not in client.list_applications()["applications"]:
        client.create_application(applicationName=application, computePlatform="Lambda")
    client.create_deployment_group(
        applicationName=application,
        deploymentGroupName=function.deployment_group,
        deploymentConfigName="CodeDeployDefault.LambdaAllAtOnce",
        serviceRoleArn=f"arn:aws:iam::{inventory.aws.account}:role/codedeploy",
    )
    for target in range(2, VERSIONS + 1):
        created = now - (VERSIONS + 1 - target) * 7 * _DAY
        current, to = str(target - 1), str(target)
        aws.deployments.record(
            Deployment(
                id=f"d-{function.name[:4].upper()}{target:05d}",
                application=application,
                group=function.deployment_group,
                function=function.name,
                alias=function.alias,
                current=current,
                target=to,
                config="CodeDeployDefault.LambdaAllAtOnce",
                content=app_spec(function.name, function.alias, current, to),
                created=created,
                status="Succeeded",
                completed=created + 60,
            )
        )


def _pipeline(aws: EmbeddedAws, inventory: Inventory, role: str) -> None:
    definition = {"StartAt": "Process", "States": {"Process": {"Type": "Pass", "End": True}}}
    for machine in inventory.state_machines:
        states = aws.client("stepfunctions")
        arn = states.create_state_machine(
            name=machine.name, definition=json.dumps(definition), roleArn=role
        )["stateMachineArn"]
        for number in range(_RUNNING):
            states.start_execution(stateMachineArn=arn, name=f"seed-{number}", input="{}")
        for rule in inventory.rules:
            events = aws.client("events")
            pattern = {"source": ["aws.s3"], "detail-type": ["Object Created"]}
            events.put_rule(Name=rule.name, EventPattern=json.dumps(pattern), State="ENABLED")
            events.put_targets(
                Rule=rule.name, Targets=[{"Id": "pipeline", "Arn": arn, "RoleArn": role}]
            )


def _storage(aws: EmbeddedAws, inventory: Inventory, now: float) -> None:
    bodies = [b"hour,mw\n" * (number + 1) for number in range(_OBJECTS)]
    client = aws.client("s3")
    for bucket in inventory.buckets:
        client.create_bucket(Bucket=bucket.name)
        for number, body in enumerate(bodies):
            client.put_object(Bucket=bucket.name, Key=f"seed/{number:04d}.csv", Body=body)
        _measured(aws, bucket, sum(map(len, bodies)), now)
        if bucket.role == "processed":
            client.put_bucket_lifecycle_configuration(
                Bucket=bucket.name, LifecycleConfiguration={"Rules": [_ARCHIVE]}
            )
        if bucket.snapshots is not None:
            client.create_bucket(Bucket=bucket.snapshots)
            _snapshot(aws, bucket.name, bucket.snapshots, sum(map(len, bodies)), now - _DAY)
    aws.client("sns").create_topic(Name=inventory.sns.topic)


def _measured(aws: EmbeddedAws, bucket: Bucket, size: int, now: float) -> None:
    """Let S3 have measured the bucket on the days before today, as it does at midnight."""
    midnight = now // _DAY * _DAY
    for ago in (1, 2, 3):
        for name, storage_type, value in (
            ("BucketSizeBytes", "StandardStorage", size),
            ("NumberOfObjects", "AllStorageTypes", _OBJECTS),
        ):
            where = {"BucketName": bucket.name, "StorageType": storage_type}
            aws.metrics.put("AWS/S3", name, where, midnight - ago * _DAY, [float(value)])


def _snapshot(aws: EmbeddedAws, source: str, target: str, size: int, at: float) -> None:
    manifest = Manifest(
        version=1,
        source=source,
        started_at=at,
        finished_at=at + 60,
        objects=_OBJECTS,
        bytes=size,
        skipped=0,
        complete=True,
    )
    aws.client("s3").put_object(
        Bucket=target,
        Key=manifest_key(source, stamp_of(at)),
        Body=manifest.model_dump_json().encode(),
    )


def seed_flags(aws: EmbeddedAws, inventory: Inventory) -> None:
    """Create the place of the flags, and deploy them all off."""
    client, wanted = aws.client("appconfig"), inventory.appconfig
    app = client.create_application(Name=wanted.application)["Id"]
    environment = client.create_environment(ApplicationId=app, Name=wanted.environment)["Id"]
    profile = client.create_configuration_profile(
        ApplicationId=app,
        Name=wanted.profile,
        LocationUri="hosted",
        Type="AWS.AppConfig.FeatureFlags",
    )["Id"]
    document = {
        "version": "1",
        "flags": {flag.name: {"name": flag.name} for flag in wanted.flags},
        "values": {flag.name: {"enabled": False} for flag in wanted.flags},
    }
    version = client.create_hosted_configuration_version(
        ApplicationId=app,
        ConfigurationProfileId=profile,
        Content=json.dumps(document).encode(),
        ContentType="application/json",
    )["VersionNumber"]
    strategy = client.create_deployment_strategy(
        Name="at-once", DeploymentDurationInMinutes=0, FinalBakeTimeInMinutes=0, GrowthFactor=100
    )["Id"]
    client.start_deployment(
        ApplicationId=app,
        EnvironmentId=environment,
        ConfigurationProfileId=profile,
        ConfigurationVersion=str(version),
        DeploymentStrategyId=strategy,
    )


def _edges(aws: EmbeddedAws, inventory: Inventory) -> None:
    for api in inventory.apis:
        client = aws.client("apigateway")
        created: dict[str, Any] = client.create_rest_api(name=api.name)
        root = client.get_resources(restApiId=created["id"])["items"][0]["id"]
        client.put_method(
            restApiId=created["id"], resourceId=root, httpMethod="GET", authorizationType="NONE"
        )
        client.put_integration(
            restApiId=created["id"], resourceId=root, httpMethod="GET", type="MOCK"
        )
        client.create_deployment(restApiId=created["id"], stageName=api.stage)


def _database(aws: EmbeddedAws, inventory: Inventory, now: float) -> None:
    aws.client("timestream-influxdb").create_db_instance(
        name=inventory.influxdb.instance,
        password="embedded-password",  # noqa: S106 of the embedded platform
        dbInstanceType="db.influx.medium",
        allocatedStorage=100,
        vpcSubnetIds=["subnet-00000000"],
        vpcSecurityGroupIds=["sg-00000000"],
    )
    for minute in range(_MEASURED_MINUTES):
        instance_metrics.observe(aws, inventory.influxdb.instance, now - 60 * minute)


def _cost(aws: EmbeddedAws) -> None:
    today = aws.costs.today()
    for ago in range(31):
        for number, (service, usd) in enumerate(sorted(_DAILY_USD.items())):
            # A weekly swing, so that no two days are the same.
            swing = 1 + 0.08 * math.sin(ago * math.tau / 7 + number)
            share = 0.4 if ago == 0 else 1.0
            aws.costs.set_day(today - timedelta(days=ago), service, usd * swing * share)
