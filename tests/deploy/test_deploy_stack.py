"""The CloudFormation template: linted, created, and true to what the product generates and does."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulator.aws.server import EmbeddedAws
from vigia.__main__ import build_parser
from vigia.commands.generate import stack

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "cloudformation"
POLICIES = {"ReaderPolicy": "reader", "WriterPolicy": "writer"}
TEMPLATE: dict[str, Any] = yaml.safe_load((FOLDER / "template.yaml").read_text(encoding="utf-8"))
RESOURCES: dict[str, dict[str, Any]] = TEMPLATE["Resources"]
_MOST_OF_A_POLICY = 6_144
"""Characters of a managed policy without white space (IAM's quotas)."""


def policy(name: str) -> dict[str, Any]:
    """Return a generated policy."""
    text = (ROOT / f"deploy/iam/{name}-policy.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def containers() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each container with the name of its task."""
    for name, resource in RESOURCES.items():
        if resource["Type"] == "AWS::ECS::TaskDefinition":
            for container in resource["Properties"]["ContainerDefinitions"]:
                yield name, container


def test_the_template_is_that_of_the_policies() -> None:
    """The committed template is byte for byte what its source and the policies give."""
    files = {
        Path(f"deploy/iam/{name}-policy.json"): json.dumps(policy(name))
        for name in POLICIES.values()
    }
    (made,) = stack(files, ROOT).values()
    assert (FOLDER / "template.yaml").read_text(encoding="utf-8") == made


def test_the_linter_finds_nothing() -> None:
    """cfn-lint has no error and no warning."""
    lint = Path(sys.executable).with_name("cfn-lint")
    done = subprocess.run(
        [lint, FOLDER / "template.yaml"], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(("resource", "name"), POLICIES.items())
def test_policies_fit(resource: str, name: str) -> None:
    """Each policy is the inventory's, and short enough to be a managed one."""
    document = RESOURCES[resource]["Properties"]["PolicyDocument"]
    assert document == policy(name)
    assert len(json.dumps(document, separators=(",", ":"))) <= _MOST_OF_A_POLICY


def test_the_exporter_cannot_write() -> None:
    """The exporter's role has the reader's policy alone, the other the writer's alone."""
    held = {
        role: RESOURCES[role]["Properties"]["ManagedPolicyArns"]
        for role in ("ExporterRole", "RemediationsRole")
    }
    assert held == {
        "ExporterRole": [{"Ref": "ReaderPolicy"}],
        "RemediationsRole": [{"Ref": "WriterPolicy"}],
    }


@pytest.mark.parametrize(("task", "container"), [*containers()], ids=lambda one: str(one)[:20])
def test_containers_are_closed(task: str, container: dict[str, Any]) -> None:
    """No container can write outside its state, and no variable holds a secret."""
    assert container["ReadonlyRootFilesystem"] is True
    assert {mount["ContainerPath"] for mount in container["MountPoints"]} == {"/var/lib/vigia"}
    for variable in container.get("Environment", []):
        secret = any(word in variable["Name"] for word in ("TOKEN", "PASSWORD", "DATABASE"))
        assert not secret or variable["Value"].startswith("/var/lib/vigia/secrets/"), task


@pytest.mark.parametrize(
    "container",
    [container for _, container in containers() if "Command" in container],
    ids=lambda container: container["Name"],
)
def test_commands_are_those_of_the_program(container: dict[str, Any]) -> None:
    """The program takes each command line, on the port that is opened, mapped and probed."""
    args = build_parser().parse_args(container["Command"])
    (mapping,) = container["PortMappings"]
    assert args.listen_address == f"0.0.0.0:{mapping['ContainerPort']}"
    opened = RESOURCES["SecurityGroup"]["Properties"]["SecurityGroupIngress"]
    assert mapping["ContainerPort"] in {rule["FromPort"] for rule in opened}
    probed = {v["Name"]: v["Value"] for v in container["Environment"]}["VIGIA_HEALTH_URL"]
    assert f":{mapping['ContainerPort']}/-/healthy" in probed


def test_secrets_reach_the_files_that_are_named(tmp_path: Path) -> None:
    """What the first container runs writes each secret where the second looks, for it alone."""
    for _, container in containers():
        if "EntryPoint" not in container:
            continue
        script = container["EntryPoint"][2].replace("/var/lib/vigia", str(tmp_path))
        secrets = {one["Name"]: f"made-up {one['Name']}" for one in container["Secrets"]}
        for _ in range(2):
            subprocess.run([sys.executable, "-c", script], env=secrets, check=True, timeout=30)
        for name, text in secrets.items():
            path = tmp_path / "secrets" / name
            assert path.read_text(encoding="utf-8") == text
            assert path.stat().st_mode & 0o077 == 0
    named = {
        variable["Value"].rpartition("/")[2]
        for _, container in containers()
        for variable in container.get("Environment", [])
        if "TOKEN_FILE" in variable["Name"]
    }
    assert named == {path.name for path in (tmp_path / "secrets").iterdir()}


def test_the_stack_is_created() -> None:
    """The embedded AWS makes services, roles, policies and log groups of the template."""
    server = EmbeddedAws("us-east-1", time.time).start()
    try:
        _create(server)
    finally:
        server.stop()


def _create(server: EmbeddedAws) -> None:
    ec2 = server.client("ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"][:2]]
    group = ec2.create_security_group(GroupName="monitoring", Description="-", VpcId=vpc)
    given = {
        "VpcId": vpc,
        "SubnetIds": ",".join(subnets),
        "MonitoringSecurityGroupId": group["GroupId"],
        "Image": "registry.example/vigia@sha256:" + "0" * 64,
        **{
            f"{name}SecretArn": server.client("secretsmanager").create_secret(
                Name=name, SecretString="made-up"
            )["ARN"]
            for name in (
                *("WebhookToken", "InfluxDbToken", "RemediationsInfluxDbToken"),
                "DatabaseUrl",
            )
        },
    }
    client = server.client("cloudformation")
    client.create_stack(
        StackName="vigia",
        TemplateBody=(FOLDER / "template.yaml").read_text(encoding="utf-8"),
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in given.items()],
    )
    assert (
        client.describe_stacks(StackName="vigia")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
    )
    ecs = server.client("ecs")
    services = ecs.describe_services(
        cluster="vigia", services=["vigia-exporter", "vigia-remediations"]
    )["services"]
    assert {one["serviceName"]: one["desiredCount"] for one in services} == {
        "vigia-exporter": 1,
        "vigia-remediations": 2,
    }
    made = client.describe_stack_resources(StackName="vigia")["StackResources"]
    ids = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in made}
    assert set(ids) == set(RESOURCES)
    iam = server.client("iam")
    for resource, name in POLICIES.items():
        found = iam.get_policy_version(PolicyArn=ids[resource], VersionId="v1")
        assert found["PolicyVersion"]["Document"] == policy(name)
    names = server.client("servicediscovery").list_services()["Services"]
    assert {one["Name"] for one in names} == {"exporter", "remediations"}
    groups = server.client("logs").describe_log_groups(logGroupNamePrefix="/vigia/")["logGroups"]
    assert {one["logGroupName"]: one["retentionInDays"] for one in groups} == {
        "/vigia/exporter": 90,
        "/vigia/remediations": 90,
    }
