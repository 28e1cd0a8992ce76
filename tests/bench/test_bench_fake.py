"""The fake AWS of the benchmarks answers, limits and bills as AWS does."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.fake import metric_data
from bench.fake.service import Call, Reply, Service
from bench.fake.world import METRICS, World

NOW = 1_700_000_000
PERIOD = 60
END = NOW // PERIOD * PERIOD
STATISTICS = ("Sum", "SampleCount", "p50", "p90", "p99")
Values = dict[int, float]


def service(functions: int = 3, **world: Any) -> Service:
    """Return a service in process, at a fixed time."""
    return Service(World(functions, **world), now=lambda: NOW)


def query(
    identity: str, metric: str, statistic: str = "Sum", function: str | None = "function-00001"
) -> dict[str, Any]:
    """Return one query of a request; no function means the account."""
    dimensions = [] if function is None else [{"Name": "FunctionName", "Value": function}]
    return {
        "Id": identity,
        "MetricStat": {
            "Metric": {"Namespace": "AWS/Lambda", "MetricName": metric, "Dimensions": dimensions},
            "Period": PERIOD,
            "Stat": statistic,
        },
        "ReturnData": True,
    }


def request(queries: Iterable[dict[str, Any]], periods: int = 5, **more: Any) -> dict[str, Any]:
    """Return a request for the newest periods."""
    times = {"StartTime": END - periods * PERIOD, "EndTime": END}
    return {"MetricDataQueries": list(queries), **times, **more}


def sent(target: Service, operation: str, params: Mapping[str, Any]) -> Reply:
    """Send awsJson and return the reply."""
    headers = {"x-amz-target": f"GraniteServiceVersion20100801.{operation}"}
    reply = target.handle(Call("POST", "/", headers, json.dumps(params).encode()))
    assert reply is not None
    return reply


def asked(target: Service, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer to a GetMetricData that must succeed."""
    reply = sent(target, "GetMetricData", params)
    assert reply.status == 200, reply.body
    content: dict[str, Any] = json.loads(reply.body)
    return content


def values(result: Mapping[str, Any]) -> Values:
    """Return one result's values by period start."""
    return {int(at): v for at, v in zip(result["Timestamps"], result["Values"], strict=True)}


def refused(target: Service, params: Mapping[str, Any]) -> str:
    """Return the error code of a GetMetricData that must be refused."""
    reply = sent(target, "GetMetricData", params)
    assert reply.status == 400
    return str(json.loads(reply.body)["__type"])


def test_three_protocols_say_the_same() -> None:
    """JSON, CBOR and query answer one request with the same ids, times and values."""
    target = service()
    queries = [
        query(f"q{index}", "Duration", statistic) for index, statistic in enumerate(STATISTICS)
    ]
    params = request(queries, ScanBy="TimestampAscending")
    by_json = {r["Id"]: values(r) for r in asked(target, params)["MetricDataResults"]}

    path = "/service/GraniteServiceVersion20100801/operation/GetMetricData"
    tagged = {name: cbor2.CBORTag(1, params[name]) for name in ("StartTime", "EndTime")}
    reply = target.handle(Call("POST", path, {}, cbor2.dumps({**params, **tagged})))
    assert reply is not None
    by_cbor = {
        result["Id"]: {
            int(at.timestamp()): v
            for at, v in zip(result["Timestamps"], result["Values"], strict=True)
        }
        for result in cbor2.loads(reply.body)["MetricDataResults"]
    }

    form = {"Content-Type": "application/x-www-form-urlencoded"}
    headers = {name.lower(): value for name, value in form.items()}
    reply = target.handle(Call("POST", "/", headers, urlencode(_flat(params)).encode()))
    assert reply is not None
    by_query = {
        member.findtext("Id"): {
            int(datetime.fromisoformat(at.text or "").timestamp()): float(v.text or "")
            for at, v in zip(
                member.findall("Timestamps/member"), member.findall("Values/member"), strict=True
            )
        }
        for member in ET.fromstring(reply.body).iterfind(  # noqa: S314 our own answer
            ".//MetricDataResults/member"
        )
    }
    assert len(by_json["q0"]) == 5
    assert by_json == by_cbor == by_query


def _flat(params: Mapping[str, Any]) -> dict[str, str]:
    flat = {"Action": "GetMetricData", "Version": "2010-08-01", "ScanBy": params["ScanBy"]}
    for name in ("StartTime", "EndTime"):
        flat[name] = datetime.fromtimestamp(params[name]).astimezone().isoformat()
    for number, one in enumerate(params["MetricDataQueries"], 1):
        at, stat = f"MetricDataQueries.member.{number}", one["MetricStat"]
        flat[f"{at}.Id"] = one["Id"]
        flat[f"{at}.MetricStat.Stat"] = stat["Stat"]
        flat[f"{at}.MetricStat.Period"] = str(stat["Period"])
        flat[f"{at}.MetricStat.Metric.Namespace"] = stat["Metric"]["Namespace"]
        flat[f"{at}.MetricStat.Metric.MetricName"] = stat["Metric"]["MetricName"]
        for index, dimension in enumerate(stat["Metric"]["Dimensions"], 1):
            inner = f"{at}.MetricStat.Metric.Dimensions.member.{index}"
            flat[f"{inner}.Name"], flat[f"{inner}.Value"] = dimension["Name"], dimension["Value"]
    return flat


def test_what_was_served_can_be_worked_out_again() -> None:
    """A world of the same seed has the values that were answered, another seed has others."""
    found = values(
        asked(service(seed=7), request([query("q", "Duration")]))["MetricDataResults"][0]
    )
    assert found == {at: World(3, seed=7).value(1, "Duration", "Sum", at) for at in found}
    assert len(found) == 5
    assert found != {at: World(3, seed=8).value(1, "Duration", "Sum", at) for at in found}


@given(
    functions=st.integers(1, 250),
    seed=st.integers(0, 9),
    start=st.integers(0, 10_000),
    burst=st.integers(0, 5),
    metric=st.sampled_from(METRICS),
)
@settings(deadline=None, max_examples=40)
def test_the_account_is_the_sum_of_its_functions(
    functions: int, seed: int, start: int, burst: int, metric: str
) -> None:
    """A metric without dimensions adds up all functions, in every profile and with added errors."""
    world = World(functions, seed)
    first = start * PERIOD
    world.set_profile("none", first + 2 * PERIOD)
    world.add_errors(functions - 1, first, burst)
    window = range(first, first + 4 * PERIOD, PERIOD)
    account = world.points(metric, {}, "Sum", window)
    assert account.values == tuple(
        sum(world.value(number, metric, "Sum", at) for number in range(functions)) for at in window
    )


def test_a_longer_period_adds_up_the_shorter() -> None:
    """Five minutes hold what their minutes hold."""
    world = World(2)
    window = range(END - 600, END, 300)
    function = {"FunctionName": "function-00000"}
    for metric in METRICS:
        assert world.points(metric, function, "Sum", window).values == tuple(
            sum(world.value(0, metric, "Sum", at + minute) for minute in range(0, 300, 60))
            for at in window
        )


def test_profiles_say_who_fails() -> None:
    """One function in a hundred fails, from a moment on none does, a burst is where it was set."""
    world = World(300)
    world.set_profile("none", END)
    assert [n for n in range(300) if world.value(n, "Errors", "Sum", END - PERIOD)] == [0, 100, 200]
    assert not any(world.value(n, "Errors", "Sum", END) for n in range(300))
    assert not any(world.value(n, "Throttles", "Sum", END) for n in range(300))
    world.add_errors(7, END + PERIOD, 4)
    found = {n: world.value(n, "Errors", "Sum", END + PERIOD) for n in range(300)}
    assert {n: count for n, count in found.items() if count} == {7: 4.0}


def test_young_periods_do_not_show() -> None:
    """A period is answered only when the lag after its end is over."""
    target = service(lag=90)
    result = asked(target, request([query("q", "Invocations")], periods=4))["MetricDataResults"][0]
    assert min(values(result)) == END - 4 * PERIOD
    assert max(values(result)) + PERIOD <= NOW - 90


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"MetricDataQueries": [query(f"q{n}", "Errors") for n in range(501)]}, "ValidationError"),
        ({"MetricDataQueries": []}, "ValidationError"),
        ({"MetricDataQueries": [query("q", "Errors")] * 2}, "ValidationError"),
        ({"MetricDataQueries": [query("Upper", "Errors")]}, "ValidationError"),
        ({"MetricDataQueries": [query("q", "Errors", "p12.5")]}, "ValidationError"),
        ({"MetricDataQueries": [{"Id": "e", "Expression": "1"}]}, "ValidationError"),
        ({"EndTime": END - 5 * PERIOD}, "ValidationError"),
        ({"MaxDatapoints": 100_801}, "ValidationError"),
        ({"NextToken": "%"}, "InvalidNextToken"),
    ],
)
def test_what_aws_refuses_is_refused(change: dict[str, Any], code: str) -> None:
    """Too many queries, malformed ones, bad times, limits and tokens have AWS' error codes."""
    assert refused(service(), request([query("q", "Errors")]) | change) == code


def test_a_period_that_aws_does_not_know_is_refused() -> None:
    """Periods are 1, 5, 10, 30 or whole minutes."""
    odd = query("q", "Errors")
    odd["MetricStat"]["Period"] = 90
    assert refused(service(), request([odd])) == "ValidationError"


@given(
    limit=st.integers(1, 40),
    periods=st.integers(1, 30),
    count=st.integers(1, 6),
    order=st.sampled_from(["TimestampAscending", "TimestampDescending"]),
)
@settings(deadline=None, max_examples=60)
def test_pages_add_up_to_the_whole(limit: int, periods: int, count: int, order: str) -> None:
    """Following NextToken yields every datapoint once, in order; only the last page is complete."""
    target = service()
    queries = [query(f"q{n}", "Duration", STATISTICS[n % 5]) for n in range(count)]
    params = request(queries, periods, ScanBy=order)
    whole = {r["Id"]: r["Timestamps"] for r in asked(target, params)["MetricDataResults"]}
    found: dict[str, list[float]] = {identity: [] for identity in whole}
    pages = 0
    while True:
        page = asked(target, params | {"MaxDatapoints": limit})
        pages += 1
        token = page.get("NextToken")
        for result in page["MetricDataResults"]:
            found[result["Id"]] += result["Timestamps"]
            assert result["StatusCode"] == ("PartialData" if token else "Complete")
        if not token:
            break
        params["NextToken"] = token
    assert found == whole
    assert pages == -(-periods // max(1, limit // count))
    assert whole["q0"] == sorted(whole["q0"], reverse=order == "TimestampDescending")


@pytest.mark.parametrize(
    ("queries", "units"),
    [
        ([query(f"q{n}", "Duration", name) for n, name in enumerate(STATISTICS)], 1),
        (
            [query(f"q{n}", "Duration", name) for n, name in enumerate((*STATISTICS, "Average"))],
            2,
        ),
        ([query("a", "Errors"), query("b", "Invocations")], 2),
        ([query("a", "Errors"), query("b", "Errors", function="function-00002")], 2),
        ([query("a", "Errors"), query("b", "Errors", function=None)], 2),
    ],
)
def test_the_bill_counts_as_aws_does(queries: list[dict[str, Any]], units: int) -> None:
    """Up to five statistics of one metric in one request are one billed metric."""
    target = service()
    asked(target, request(queries))
    assert target.ledger.report()["billed_metrics"] == units
    assert target.ledger.report()["usd"] == pytest.approx(units * 0.01 / 1000)


def test_pages_and_retries_are_billed_again() -> None:
    """Each request is billed: a further page, a repeated call, one that was throttled."""
    target = service()
    first = asked(target, request([query("q", "Errors")], MaxDatapoints=3))
    asked(target, request([query("q", "Errors")], MaxDatapoints=3, NextToken=first["NextToken"]))
    asked(target, request([query("q", "Errors")]))
    report = target.ledger.report()
    assert (report["billed_metrics"], report["requests"]) == (3, {"GetMetricData": 3})


def test_lists_come_in_pages() -> None:
    """ListMetrics answers 500 a page, GetResources 100, and together all that there is."""
    target = service(1234)
    found, token = [], None
    while True:
        params = {"Namespace": "AWS/Lambda", "MetricName": "Errors"}
        page = json.loads(
            sent(target, "ListMetrics", params | ({"NextToken": token} if token else {})).body
        )
        assert len(page["Metrics"]) <= metric_data.METRICS_A_PAGE
        found += [{d["Name"]: d["Value"] for d in m["Dimensions"]} for m in page["Metrics"]]
        token = page.get("NextToken")
        if not token:
            break
    assert found == [{"FunctionName": name} for name in target.world.names] + [{}]
    assert target.ledger.requests["ListMetrics"] == 3

    arns, token = [], ""
    headers = {"x-amz-target": "ResourceGroupsTaggingAPI_20170126.GetResources"}
    while True:
        body = json.dumps({"PaginationToken": token}).encode()
        reply = target.handle(Call("POST", "/", headers, body))
        assert reply is not None
        content = json.loads(reply.body)
        arns += [item["ResourceARN"] for item in content["ResourceTagMappingList"]]
        token = content["PaginationToken"]
        if not token:
            break
    assert [arn.rpartition(":")[2] for arn in arns] == list(target.world.names)
    assert target.ledger.requests["GetResources"] == 13


def test_what_is_not_served_is_refused_and_counted_apart() -> None:
    """An operation beside what is measured is denied, and no call of the comparison."""
    target = service()
    headers = {"x-amz-target": "Logs_20140328.DescribeLogGroups"}
    reply = target.handle(Call("POST", "/", headers, b"{}"))
    assert reply is not None
    assert json.loads(reply.body)["__type"] == "AccessDeniedException"
    asked(target, request([query("q", "Errors")]))
    report = target.ledger.report()
    assert (report["calls"], report["refused"]) == (1, {"DescribeLogGroups": 1})


def test_what_was_served_is_known_by_function() -> None:
    """The fake tells from when on it was asked, and up to when it answered whom, wholly."""
    target = service(lag=70)
    names = ("function-00000", "function-00001", None)
    queries = [query(f"q{n}", "Errors", function=name) for n, name in enumerate(names)]
    asked(target, request(queries[:1]))
    late = target.world.newest(NOW)
    assert target.served.since == {"Errors": {"function-00000": END}}
    assert target.served.until == {"Errors": {"function-00000": late}}
    page = asked(target, request(queries[1:], MaxDatapoints=2))
    assert target.served.until == {"Errors": {"function-00000": late}}
    while token := page.get("NextToken"):
        page = asked(target, request(queries[1:], MaxDatapoints=2, NextToken=token))
    assert target.served.until["Errors"] == {
        "function-00000": late,
        "function-00001": late,
        "": late,
    }
    asked(target, {**request(queries[:1]), "EndTime": END - 3 * PERIOD})
    assert target.served.until["Errors"]["function-00000"] == late
    assert target.served.since["Errors"] == {
        "function-00000": END - 3 * PERIOD,
        "function-00001": END,
        "": END,
    }
