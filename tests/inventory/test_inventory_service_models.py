"""Service models without documentation: smaller, and otherwise what botocore reads itself."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import JSONFileLoader, create_loader

from inventory.aws import AwsClients
from inventory.resources import Aws
from inventory.service_models import LeanFiles

LEAN = LeanFiles()


def without_documentation(content: Any) -> Any:
    """Return the content as it should be read."""
    if isinstance(content, dict):
        return {
            name: ""
            if name == "documentation" and isinstance(value, str)
            else without_documentation(value)
            for name, value in content.items()
        }
    return [*map(without_documentation, content)] if isinstance(content, list) else content


def paths(*services: str) -> Iterator[str]:
    """Yield the paths, without endings, of services' models as botocore finds them."""
    loader = create_loader()
    for service in services:
        version = loader.determine_latest_version(service, "service-2")
        for kind in ("service-2", "endpoint-rule-set-1", "paginators-1"):
            found = [Path(root, service, version, kind) for root in loader.search_paths]
            yield from (str(path) for path in found if JSONFileLoader().exists(str(path)))


@pytest.mark.parametrize("service", ["cloudwatch", "lambda", "s3", "sts"])
def test_nothing_but_documentation_is_missing(service: str) -> None:
    """Every model is what botocore's own reader reads, less the text for people."""
    read = [*paths(service)]
    assert read
    for path in read:
        assert LEAN.load_file(path) == without_documentation(JSONFileLoader().load_file(path))


def test_a_member_called_documentation_stays(tmp_path: Path) -> None:
    """A shape of that name is part of a call, packed or not."""
    shape = {"members": {"documentation": {"shape": "Text", "documentation": "<p>said</p>"}}}
    (tmp_path / "plain.json").write_text(json.dumps(shape), encoding="utf-8")
    (tmp_path / "packed.json.gz").write_bytes(gzip.compress(json.dumps(shape).encode()))
    for name in ("plain", "packed"):
        found = LEAN.load_file(str(tmp_path / name))
        assert found == {"members": {"documentation": {"shape": "Text", "documentation": ""}}}
    assert LEAN.load_file(str(tmp_path / "absent")) is None


def test_clients_are_made_of_lean_models() -> None:
    """A client's model has its operations, and of their documentation nothing."""
    client = AwsClients(Aws(region="us-east-1", account="123456789012")).client("sts")
    model = client.meta.service_model.operation_model("GetCallerIdentity")
    assert model.output_shape is not None
    assert set(model.output_shape.members) == {"UserId", "Account", "Arn"}
    assert not model.documentation
    assert not model.output_shape.documentation


@pytest.mark.parametrize("service", ["s3", "lambda", "cloudwatch"])
def test_clients_of_lean_models_can_call(service: str) -> None:
    """What botocore looks up for each call is there, of services with settings of their own too."""
    client = AwsClients(Aws(region="us-east-1", account="123456789012")).client(service)
    for operation in client.meta.service_model.operation_names:
        client.meta.service_model.operation_model(operation)
    parameters = client.meta.service_model.client_context_parameters
    assert all(parameter.documentation == "" for parameter in parameters)
    assert bool(parameters) == (service == "s3")
