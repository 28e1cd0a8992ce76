"""The stages collector against the embedded AWS."""

from __future__ import annotations

import pytest

from exporter import rest_apis
from exporter.collector import CollectError, Reading, Reason
from exporter.collectors.api_stages import Stage, parse
from exporter.failures import classify
from exporter.samples import SummaryValue
from inventory.resources import Api
from simulator.aws.server import EmbeddedAws
from tests.exporter.support import START, Bench, compressed, values
from tests.exporter.test_exporter_probe_address import create_api

NAME = "api_stages"
API = ("ons-data-platform-api", "prod")
WHERE = {"ApiName": API[0], "Stage": API[1]}
CACHE = ("api_cache_state", *API)


def enable_cache(aws: EmbeddedAws, identity: str, *, enabled: bool = True) -> None:
    """Switch the stage's cache on or off."""
    aws.client("apigateway").update_stage(
        restApiId=identity,
        stageName=API[1],
        patchOperations=[
            {"op": "replace", "path": "/cacheClusterEnabled", "value": str(enabled).lower()},
            {"op": "replace", "path": "/cacheClusterSize", "value": "1.6"},
        ],
    )


def put(aws: EmbeddedAws, at: float, name: str, numbers: list[float]) -> None:
    """Let the stage answer requests at ``at``."""
    aws.metrics.put("AWS/ApiGateway", name, WHERE, at, numbers)


def test_stage_without_a_cache(bench: Bench, aws: EmbeddedAws) -> None:
    """No cache is a state, not an absence; its size is absent; the deployment tells its time."""
    create_api(aws, API[0])
    bench.clock.at += 3600
    found = bench.collect(NAME)
    assert found["api_cache_enabled", *API] == 0.0
    assert ("api_cache_size_bytes", *API) not in found
    assert {name[3] for name, value in found.items() if name[:3] == CACHE and value == 1.0} == {
        "not_available"
    }
    assert len([name for name in found if name[:3] == CACHE]) == 5
    assert found["api_deployed_timestamp_seconds", *API] == START


def test_cache_that_is_enabled_and_disabled(bench: Bench, aws: EmbeddedAws) -> None:
    """Size in bytes and state follow the stage; a new deployment moves the time."""
    identity = create_api(aws, API[0])
    enable_cache(aws, identity)
    assert bench.collect(NAME)[*CACHE, "create_in_progress"] == 1.0
    bench.clock.at += 600
    found = bench.collect(NAME)
    assert found["api_cache_enabled", *API] == 1.0
    assert found["api_cache_size_bytes", *API] == 1.6e9
    assert (found[*CACHE, "available"], found[*CACHE, "not_available"]) == (1.0, 0.0)
    enable_cache(aws, identity, enabled=False)
    bench.clock.at += 600
    aws.client("apigateway").create_deployment(restApiId=identity, stageName=API[1])
    found = bench.collect(NAME)
    assert found["api_cache_enabled", *API] == 0.0
    assert ("api_cache_size_bytes", *API) not in found
    assert found["api_deployed_timestamp_seconds", *API] == START + 1200


def test_parse_reads_every_state() -> None:
    """Changes under way are states of their own, and one that AWS adds is shown as it comes."""
    assert parse({"cacheClusterEnabled": True, "cacheClusterStatus": "CREATE_IN_PROGRESS"}) == (
        Stage(cached=True, cache_bytes=None, cache_state="create_in_progress")
    )
    sized = {"cacheClusterEnabled": False, "cacheClusterSize": "0.5"}
    assert parse(sized | {"cacheClusterStatus": "RESTING"}, 5.0) == (
        Stage(cached=False, cache_bytes=None, cache_state="resting", created=5.0)
    )


def test_hits_misses_and_integration_latency_add_up(bench: Bench, aws: EmbeddedAws) -> None:
    """What CloudWatch counts per request becomes counters, milliseconds become seconds."""
    create_api(aws, API[0])
    first = values(bench.reading(NAME))
    assert first["api_cache_hits_total", *API] == 0.0
    for _ in range(3):
        put(aws, bench.clock.at, "CacheHitCount", [1.0, 1.0, 0.0])
        put(aws, bench.clock.at, "CacheMissCount", [0.0, 0.0, 1.0])
        put(aws, bench.clock.at, "IntegrationLatency", [200.0])
        bench.clock.at += 300
    bench.clock.at += 2
    reading = bench.reading(NAME)
    found = values(reading)
    assert found["api_cache_hits_total", *API] == 6.0
    assert found["api_cache_misses_total", *API] == 3.0
    latency = found["api_integration_latency_seconds", *API]
    assert isinstance(latency, SummaryValue)
    assert (latency.count, latency.sum) == (3.0, pytest.approx(0.6))
    assert latency.quantiles == {q: pytest.approx(0.2) for q in (0.5, 0.9, 0.99)}
    assert reading.newest == {"/".join(API): START + 600}


def test_stages_of_several_pages_and_of_one_name(
    bench: Bench, aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every page is read, and of two APIs of one name the one that has the stage is meant."""
    monkeypatch.setattr(rest_apis, "_PAGE", 2)
    for name in ("other", API[0], "another", API[0]):
        create_api(aws, name, "test")
    identity = create_api(aws, API[0])
    enable_cache(aws, identity)
    assert bench.collect(NAME)["api_cache_enabled", *API] == 1.0
    assert aws.front.count("apigateway", "GetRestApis") == 3


def test_missing_api_and_missing_stage(bench: Bench, aws: EmbeddedAws) -> None:
    """What AWS does not have lowers the coverage and has no series, not even its counters."""
    create_api(aws, API[0])
    (api,) = bench.inventory.apis
    gone = (Api(name="gone", stage="prod"), Api(name=API[0], stage="gone"))
    bench.inventory = bench.inventory.model_copy(update={"apis": (api, *gone)})
    reading = bench.reading(NAME)
    assert (reading.seen, reading.expected) == (1, 3)
    assert reading.missing == ("gone/prod", f"{API[0]}/gone")
    assert list(reading.newest) == ["/".join(API)]
    assert {s.labels[:2] for s in reading.series if len(s.labels) > 1} == {API}


def test_counters_outlive_a_restart_and_an_absence(bench: Bench, aws: EmbeddedAws) -> None:
    """Totals are durable, also over a time in which AWS did not know the stage."""
    identity = create_api(aws, API[0])
    bench.reading(NAME)
    put(aws, bench.clock.at, "CacheHitCount", [1.0] * 4)
    bench.clock.at += 302
    assert bench.collect(NAME)["api_cache_hits_total", *API] == 4.0
    aws.client("apigateway").delete_rest_api(restApiId=identity)
    assert ("api_cache_hits_total", *API) not in bench.collect(NAME)
    create_api(aws, API[0])
    bench.restart()
    assert bench.collect(NAME)["api_cache_hits_total", *API] == 4.0


def test_no_apis_no_calls(bench: Bench, aws: EmbeddedAws) -> None:
    """An inventory without APIs is read in whole, and asks nothing."""
    bench.inventory = bench.inventory.model_copy(update={"apis": ()})
    reading = bench.reading(NAME)
    assert reading == Reading(reading.series, expected=0, seen=0)
    assert bench.tally.bill().requests == {}


@pytest.mark.parametrize("operation", ["GetRestApis", "GetStage", "GetDeployment"])
def test_failing_call_fails_the_run(bench: Bench, aws: EmbeddedAws, operation: str) -> None:
    """Whatever is no absence is a failure with its reason."""
    create_api(aws, API[0])
    aws.front.fail("apigateway", operation, code="AccessDeniedException", status=403)
    with pytest.raises(Exception, match="AccessDenied") as raised:
        bench.reading(NAME)
    assert classify(raised.value) == (
        Reason.DENIED,
        f"{operation} answered AccessDeniedException",
    )


def test_uses_are_the_calls_that_go_out(bench: Bench, aws: EmbeddedAws) -> None:
    """What a run is said to send is what the embedded AWS sees, and what is billed."""
    bench.inventory = compressed()
    create_api(aws, API[0])
    aws.front.seen.clear()
    bench.reading(NAME)
    uses = bench.collectors[NAME].uses(bench.inventory)
    assert {use.operation: use.calls for use in uses} == {
        use.operation: aws.front.count(use.service, use.operation) for use in uses
    }
    assert sum(use.calls for use in uses) == len(aws.front.seen)
    assert sum(use.metrics for use in uses) == bench.tally.bill().billed_metrics


def test_time_that_ran_out_is_a_timeout(bench: Bench) -> None:
    """No call begins after the deadline."""
    bench.seconds = 0
    with pytest.raises(CollectError) as raised:
        bench.reading(NAME)
    assert raised.value.reason is Reason.TIMEOUT
