"""What is left out of botocore's models is not missed."""

from __future__ import annotations

import boto3
import botocore.session
import pytest

from inventory.service_models import LeanFiles

SERVICES = ("s3", "lambda", "logs", "apigateway", "timestream-influxdb")


@pytest.mark.parametrize("service", SERVICES)
def test_addresses_are_found_without_the_texts(service: str) -> None:
    """A client made of lean models finds the address of every call, those of buckets included."""
    core = botocore.session.Session()
    core.get_component("data_loader").file_loader = LeanFiles()
    session = boto3.Session(botocore_session=core, aws_access_key_id="a", aws_secret_access_key="b")
    client = session.client(service, region_name="us-east-1")
    addresses: list[str] = []

    class Stopped(Exception):  # noqa: N818 it ends the call before it leaves
        pass

    def about_to_leave(request: object, **_: object) -> None:
        addresses.append(request.url)  # type: ignore[attr-defined]
        raise Stopped

    client.meta.events.register("before-send", about_to_leave)
    ask = {
        "s3": lambda: client.list_objects_v2(Bucket="some-bucket"),
        "lambda": client.get_account_settings,
        "logs": client.describe_log_groups,
        "apigateway": client.get_rest_apis,
        "timestream-influxdb": client.list_db_instances,
    }[service]
    with pytest.raises(Stopped):
        ask()
    assert addresses
    assert addresses[0].startswith("https://")
