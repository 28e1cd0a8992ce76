"""The addresses that the API probe makes of API Gateway's identifiers, and how it keeps them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from exporter import rest_apis
from exporter.collector import CollectError, Reading, Reason
from exporter.collectors import api_probe
from exporter.failures import classify
from inventory.resources import Api
from simulator.aws.server import EmbeddedAws
from tests.exporter.servers import Server, answer
from tests.exporter.support import Bench
from tests.exporter.test_exporter_probe import API, NAME, at

Serve = Callable[..., Server]


def create_api(aws: EmbeddedAws, name: str, stage: str = "prod") -> str:
    """Create a REST API with one stage; return its identifier."""
    client = aws.client("apigateway")
    identity: str = client.create_rest_api(name=name)["id"]
    root = client.get_resources(restApiId=identity)["items"][0]["id"]
    where = {"restApiId": identity, "resourceId": root, "httpMethod": "GET"}
    client.put_method(**where, authorizationType="NONE")
    client.put_integration(**where, type="MOCK")
    client.create_deployment(restApiId=identity, stageName=stage)
    return identity


def urls(bench: Bench) -> dict[str, str]:
    """Return the addresses that would be asked."""
    return api_probe._urls(bench.context(NAME))


def test_address_is_made_of_the_identifier(
    bench: Bench, aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a health URL the API is found by name, on whichever page it stands."""
    monkeypatch.setattr(rest_apis, "_PAGE", 2)
    for number in range(4):
        aws.client("apigateway").create_rest_api(name=f"other-{number}")
    identity = create_api(aws, API[0])
    host = f"{identity}.execute-api.us-east-1.amazonaws.com"
    assert urls(bench) == {"/".join(API): f"https://{host}/prod/health"}
    assert aws.front.count("apigateway", "GetRestApis") == 3


def test_address_in_another_partition(bench: Bench) -> None:
    """China's addresses end in a domain of their own."""
    place = bench.inventory.aws.model_copy(update={"region": "cn-north-1"})
    assert (place.partition, place.dns_suffix) == ("aws-cn", "amazonaws.com.cn")
    assert bench.inventory.aws.partition == "aws"


def test_of_two_apis_of_one_name_the_one_with_the_stage(bench: Bench, aws: EmbeddedAws) -> None:
    """Names are not unique: what has no such stage is another API."""
    create_api(aws, API[0], "test")
    wanted = create_api(aws, API[0])
    create_api(aws, API[0], "test")
    assert urls(bench)["/".join(API)].startswith(f"https://{wanted}.")


def test_identifier_is_kept_for_a_while(bench: Bench, aws: EmbeddedAws) -> None:
    """It is asked for once, also across a restart, and anew when it is old; `uses` says so."""
    bench.inventory = at(None, probe_every=60.0, resources_every=300.0)
    create_api(aws, API[0])
    first = urls(bench)
    assert first
    for _ in range(4):
        bench.clock.at += 60
        bench.restart()
        assert urls(bench) == first
    assert aws.front.count("apigateway", "GetRestApis") == 1
    (use,) = bench.collectors[NAME].uses(bench.inventory)
    assert (use.service, use.operation) == ("apigateway", "GetRestApis")
    assert 5 * use.calls == 1
    aws.client("apigateway").delete_rest_api(restApiId=first["/".join(API)][8:18])
    again = create_api(aws, API[0])
    bench.clock.at += 60
    assert urls(bench)["/".join(API)].startswith(f"https://{again}.")


def test_unknown_api_is_missing(bench: Bench, serve: Serve) -> None:
    """An API that AWS does not have lowers the coverage and has no series; others are measured."""
    (gone,) = bench.inventory.apis
    there = Api(name="there", stage="prod", health_url=serve(answer(200)).url)
    bench.inventory = bench.inventory.model_copy(update={"apis": (gone, there)})
    reading = bench.reading(NAME)
    assert (reading.seen, reading.expected, reading.missing) == (1, 2, ("/".join(API),))
    assert {series.labels for series in reading.series} == {("there", "prod")}


def test_api_that_left_the_inventory_is_forgotten(bench: Bench, aws: EmbeddedAws) -> None:
    """Its identifier does not stay in the state."""
    create_api(aws, API[0])
    urls(bench)
    assert list(bench.store.of(NAME).load()) == ["/".join(API)]
    bench.inventory = bench.inventory.model_copy(update={"apis": ()})
    assert bench.reading(NAME) == Reading((), expected=0, seen=0)
    assert bench.store.of(NAME).load() == {}


def test_failing_lookup_is_classified(bench: Bench, aws: EmbeddedAws) -> None:
    """Not to know the address is a failure of collection, with its reason."""
    aws.front.fail("apigateway", "GetRestApis", code="AccessDeniedException", status=403)
    with pytest.raises(Exception, match="AccessDenied") as raised:
        bench.reading(NAME)
    assert classify(raised.value) == (Reason.DENIED, "GetRestApis answered AccessDeniedException")


def test_no_request_begins_after_the_deadline(bench: Bench, serve: Serve) -> None:
    """With no time left nothing is sent."""
    server = serve(answer(200))
    bench.inventory = at(server.url)
    bench.seconds = 0
    with pytest.raises(CollectError) as raised:
        bench.reading(NAME)
    assert raised.value.reason is Reason.TIMEOUT
    assert server.heads == []
