"""What is left out of botocore's models is not missed."""

from __future__ import annotations

import boto3
import botocore.session
import pytest

from inventory.service_models import LeanFiles

CALLS = {
    "s3": ("list_objects_v2", {"Bucket": "some-bucket"}),
    "lambda": ("get_account_settings", {}),
    "logs": ("describe_log_groups", {}),
    "apigateway": ("get_rest_apis", {}),
    "timestream-influxdb": ("list_db_instances", {}),
}


@pytest.mark.parametrize("service", CALLS)
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
    name, arguments = CALLS[service]
    with pytest.raises(Stopped):
        getattr(client, name)(**arguments)
    assert addresses
    assert addresses[0].startswith("https://")
