"""The fake AWS as a process, met by the real SDK: answers, and what may go wrong."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from bench.fake_cloudwatch import FakeCloudWatch, Setup
from tests.conftest import wait_for

ROOT = Path(__file__).parents[2]
SETUP = Setup(120, seed=3, period=10)


@pytest.fixture(scope="module")
def process() -> Iterator[FakeCloudWatch]:
    """One process for all tests of this file."""
    with FakeCloudWatch(SETUP) as fake:
        yield fake


@pytest.fixture
def fake(process: FakeCloudWatch) -> Iterator[FakeCloudWatch]:
    """The process, without faults and with its counts at zero."""
    process.change(reset=True)
    yield process
    process.change(fault=None, page_datapoints=None, listen=True)
    wait_for(lambda: _answers(process))


def _answers(fake: FakeCloudWatch) -> bool:
    return _reached(fake.url)


def _reached(url: str) -> bool:
    try:
        requests.get(url, timeout=5)
    except requests.RequestException:
        return False
    return True


def client(fake: FakeCloudWatch, service: str = "cloudwatch") -> Any:
    """Return a client of the SDK that sends each call once."""
    return boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url=fake.url,
        aws_access_key_id="made-up",
        aws_secret_access_key="made-up",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=1, connect_timeout=2),
    )


def request(fake: FakeCloudWatch, metric: str = "Invocations") -> dict[str, Any]:
    """Return a request for the four newest periods of two functions."""
    end = fake.report()["newest"]
    return {
        "StartTime": end - 40,
        "EndTime": end,
        "ScanBy": "TimestampAscending",
        "MetricDataQueries": [
            {
                "Id": f"q{number}",
                "MetricStat": {
                    "Metric": {
                        "Namespace": "AWS/Lambda",
                        "MetricName": metric,
                        "Dimensions": [{"Name": "FunctionName", "Value": f"function-{number:05}"}],
                    },
                    "Period": 10,
                    "Stat": "Sum",
                },
            }
            for number in range(2)
        ],
    }


def test_the_sdk_reads_the_values_of_the_world(fake: FakeCloudWatch) -> None:
    """boto3 gets what a world of the same setup has, and the fake counted it."""
    answer = client(fake).get_metric_data(**request(fake))
    world = SETUP.world()
    for number, result in enumerate(answer["MetricDataResults"]):
        found = {
            int(at.timestamp()): value
            for at, value in zip(result["Timestamps"], result["Values"], strict=True)
        }
        assert len(found) == 4
        assert found == {at: world.value(number, "Invocations", "Sum", at) for at in found}
    report = fake.report()
    assert report["requests"] == {"GetMetricData": 1}
    assert report["billed_metrics"] == 2


def test_the_sdk_finds_the_functions(fake: FakeCloudWatch) -> None:
    """boto3's paginators list metrics and tagged resources to the end; the identity is known."""
    pages = client(fake).get_paginator("list_metrics").paginate(MetricName="Errors")
    listed = [metric for page in pages for metric in page["Metrics"]]
    assert len(listed) == SETUP.functions + 1
    tagging = client(fake, "resourcegroupstaggingapi").get_paginator("get_resources").paginate()
    assert sum(len(page["ResourceTagMappingList"]) for page in tagging) == SETUP.functions
    assert client(fake, "sts").get_caller_identity()["Account"] == "123456789012"
    assert client(fake, "iam").list_account_aliases()["AccountAliases"] == ["bench"]
    alias = client(fake, "lambda").get_alias(FunctionName="function-00001", Name="LIVE")
    assert alias["FunctionVersion"] == "1"


@pytest.mark.parametrize(
    ("kind", "code"), [("throttle", "Throttling"), ("server_error", "InternalServiceFault")]
)
def test_refusals_carry_their_codes(fake: FakeCloudWatch, kind: str, code: str) -> None:
    """A throttled and a failing call are what the SDK takes them for; every other one passes."""
    fake.change(fault={"kind": kind, "operation": "GetMetricData", "each": 2})
    metrics, asked = client(fake), request(fake)
    metrics.get_metric_data(**asked)
    with pytest.raises(ClientError) as raised:
        metrics.get_metric_data(**asked)
    assert raised.value.response["Error"]["Code"] == code
    metrics.list_metrics(MetricName="Errors")
    assert fake.report()["spoiled"] == {kind: 1}
    assert fake.report()["billed_metrics"] == 4


def test_a_hanging_call_is_never_answered(fake: FakeCloudWatch) -> None:
    """The SDK runs into its time-out."""
    fake.change(fault={"kind": "hang"})
    with pytest.raises(ReadTimeoutError):
        client(fake).get_metric_data(**request(fake))


@pytest.mark.parametrize(
    ("kind", "status", "points"),
    [("internal_error", "InternalError", 0), ("partial_data", "PartialData", 2)],
)
def test_spoiled_results_say_so(fake: FakeCloudWatch, kind: str, status: str, points: int) -> None:
    """One result in two failed or is cut for good, the other is whole."""
    fake.change(fault={"kind": kind, "each": 2})
    answer = client(fake).get_metric_data(**request(fake))
    found = [(r["StatusCode"], len(r["Values"])) for r in answer["MetricDataResults"]]
    assert found == [("Complete", 4), (status, points)]
    assert "NextToken" not in answer


def test_small_pages_are_followed_by_the_sdk(fake: FakeCloudWatch) -> None:
    """With pages of two datapoints the paginator needs four, and each is billed."""
    fake.change(page_datapoints=2)
    pages = list(client(fake).get_paginator("get_metric_data").paginate(**request(fake)))
    assert len(pages) == 4
    assert sum(len(r["Values"]) for page in pages for r in page["MetricDataResults"]) == 8
    assert fake.report()["billed_metrics"] == 8


def test_connections_are_refused_and_taken_again(fake: FakeCloudWatch) -> None:
    """Shut, the port refuses at once; opened, it is the same port."""
    asked = request(fake)
    fake.change(listen=False)
    wait_for(lambda: not _answers(fake))
    with pytest.raises(EndpointConnectionError):
        client(fake).get_metric_data(**asked)
    fake.change(listen=True)
    wait_for(lambda: _answers(fake))
    assert client(fake).get_metric_data(**asked)["MetricDataResults"]


def test_errors_can_be_switched_while_it_runs(fake: FakeCloudWatch) -> None:
    """Errors end with the profile, and a burst shows in its period."""
    end = fake.report()["newest"]
    fake.change(profile={"name": "none", "start": end - 20})
    fake.change(errors={"function": 1, "start": end - 10, "count": 9})
    asked = request(fake, "Errors") | {"StartTime": end - 40, "EndTime": end}
    first, second = client(fake).get_metric_data(**asked)["MetricDataResults"]
    assert all(value > 0 for value in first["Values"][:2])
    assert first["Values"][2:] == [0.0, 0.0]
    assert second["Values"] == [0.0, 0.0, 0.0, 9.0]


def test_an_unknown_change_is_refused(fake: FakeCloudWatch) -> None:
    """A slip in a benchmark shows at once."""
    with pytest.raises(ValueError, match="unknown: falt"):
        fake.change(falt=None)
    with pytest.raises(ValueError, match="no fault"):
        fake.change(fault={"kind": "flood"})


def test_the_process_ends_when_told() -> None:
    """Nothing answers after stop."""
    fake = FakeCloudWatch(Setup(1))
    fake.stop()
    assert not _answers(fake)


def test_the_process_ends_with_whoever_started_it() -> None:
    """A starter that is killed leaves no fake behind."""
    code = (
        "import os, signal; from bench.fake_cloudwatch import FakeCloudWatch, Setup;"
        " print(FakeCloudWatch(Setup(1)).url, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    starter = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    url = starter.stdout.strip()
    assert starter.returncode == -signal.SIGKILL
    wait_for(lambda: not _reached(url))
