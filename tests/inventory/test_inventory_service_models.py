"""Service models without documentation are the same to whoever calls."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import boto3
import pytest

from inventory.aws import AwsClients
from inventory.load import load_inventory
from inventory.service_models import LeanFiles
from simulator.aws.server import CREDENTIALS

PLATFORM = Path(__file__).parents[2] / "platform.yaml"
SERVICES = (
    *("apigateway", "appconfig", "appconfigdata", "ce", "cloudtrail", "cloudwatch", "codedeploy"),
    *("ec2", "events", "iam", "lambda", "logs", "resourcegroupstaggingapi", "s3", "sns"),
    *("stepfunctions", "sts", "timestream-influxdb"),
)


@pytest.mark.parametrize("service", SERVICES)
def test_clients_are_those_of_boto3(monkeypatch: pytest.MonkeyPatch, service: str) -> None:
    """Every service that is asked has the same operations, parameters and errors, and no texts."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name.upper(), value)
    inventory = load_inventory(PLATFORM)
    ours = AwsClients(inventory.aws, None, timeout=1.0).client(service)
    # A session of its own: botocore rewrites paths in the models of those that have been used.
    plain = boto3.Session().client(service, region_name=inventory.aws.region, **CREDENTIALS)
    model, wanted = ours.meta.service_model, plain.meta.service_model
    assert model.operation_names == wanted.operation_names
    for name in wanted.operation_names:
        one, other = model.operation_model(name), wanted.operation_model(name)
        assert one.http == other.http
        assert [e.name for e in one.error_shapes] == [e.name for e in other.error_shapes]
        for mine, theirs in (
            (one.input_shape, other.input_shape),
            (one.output_shape, other.output_shape),
        ):
            assert (mine is None) == (theirs is None)
            if mine is not None and mine.type_name == "structure":
                assert {k: v.type_name for k, v in mine.members.items()} == {
                    k: v.type_name for k, v in theirs.members.items()
                }
    assert not any(model.operation_model(n).documentation for n in model.operation_names)


def test_a_member_called_documentation_stays(tmp_path: Path) -> None:
    """A shape of that name is part of a call; what people would read is empty, packed or not."""
    shape = {"members": {"documentation": {"shape": "Text", "documentation": "<p>said</p>"}}}
    (tmp_path / "plain.json").write_text(json.dumps(shape), encoding="utf-8")
    (tmp_path / "packed.json.gz").write_bytes(gzip.compress(json.dumps(shape).encode()))
    files = LeanFiles()
    for name in ("plain", "packed"):
        assert files.load_file(str(tmp_path / name)) == {
            "members": {"documentation": {"shape": "Text", "documentation": ""}}
        }
    assert files.load_file(str(tmp_path / "absent")) is None
