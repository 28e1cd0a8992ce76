"""GetMetricData: batches, bodies, pages and statuses."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import SSLError
from hypothesis import given
from hypothesis import strategies as st

from exporter.collector import CollectError, Reason
from exporter.failures import classify
from exporter.sources.cloudwatch import Answer, Metric, batches, body, fetch
from exporter.windows import Window
from inventory.aws import AwsClients
from simulator.aws.server import EmbeddedAws
from tests.exporter.scripted import Asked, Scripted, Step, ones, page, result
from tests.exporter.support import Bench
from tests.web.conftest import Authority

WINDOW = Window(600, 660, 60)
Asking = Callable[..., dict[Metric, Answer]]


def metric(name: str, *statistics: str, signed: bool = False) -> Metric:
    """Return a metric of one function."""
    where = (("FunctionName", name),)
    return Metric("AWS/Lambda", "Duration", where, statistics or ("Sum",), signed=signed)


@pytest.fixture
def play(bench: Bench) -> Iterator[Callable[..., tuple[Scripted, Asking]]]:
    """A function that starts a scripted CloudWatch and returns it with a way to ask it."""
    started: list[Scripted] = []

    def start(*script: Step, otherwise: Step = ones) -> tuple[Scripted, Asking]:
        server = Scripted(*script, otherwise=otherwise).__enter__()
        started.append(server)
        bench.aws = AwsClients(bench.inventory.aws, server.url, bench.tally.request)

        def ask(*metrics: Metric, window: Window = WINDOW) -> dict[Metric, Answer]:
            return fetch(bench.context("lambda"), metrics, window)

        return server, ask

    yield start
    for server in started:
        server.__exit__()


Play = Callable[..., tuple[Scripted, Asking]]


def test_statistics_of_one_metric_stay_in_one_request() -> None:
    """A request holds 500 queries at most, and parts no metric's statistics."""
    found = list(batches([metric(str(n), "Sum", "SampleCount", "p50") for n in range(400)]))
    assert [sum(len(m.statistics) for m in batch) for batch in found] == [498, 498, 204]
    assert metric("a", "Sum", "SampleCount", "p50", "p90", "p99", "PR(:1)").billed == 2


_TEXTS = st.text(min_size=1, max_size=20)


@given(
    st.lists(
        st.tuples(_TEXTS, _TEXTS, st.lists(st.tuples(_TEXTS, _TEXTS), max_size=3)), min_size=1
    ),
    st.integers(0, 2**40),
    st.none() | _TEXTS,
)
def test_body_says_what_is_asked_whatever_the_names(
    named: list[tuple[str, str, list[tuple[str, str]]]], start: int, token: str | None
) -> None:
    """The spliced body is the JSON of the request, also the second time, for another window."""
    batch = tuple(Metric(space, name, tuple(of), ("Sum",)) for space, name, of in named)
    for at in (start, start + 60):
        document = json.loads(body(batch, Window(at, at + 60, 60), token))
        assert (document["StartTime"], document["EndTime"]) == (at, at + 60)
        assert document.get("NextToken") == token
        assert document["ScanBy"] == "TimestampAscending"
        assert [query["Id"] for query in document["MetricDataQueries"]] == [
            f"q{number}" for number in range(len(batch))
        ]
        assert [query["MetricStat"] for query in document["MetricDataQueries"]] == [
            {
                "Metric": {
                    "Namespace": m.namespace,
                    "MetricName": m.name,
                    "Dimensions": [{"Name": name, "Value": v} for name, v in m.dimensions],
                },
                "Period": 60,
                "Stat": "Sum",
            }
            for m in batch
        ]


def test_pages_of_the_embedded_aws_are_merged(
    bench: Bench, aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Partial results are continued with the token until every point is there."""
    monkeypatch.setattr("simulator.aws.cloudwatch.MAX_DATAPOINTS", 20)
    start = int(bench.clock.at)
    for name in ("a", "b"):
        for step in range(40):
            where = {"FunctionName": name}
            aws.metrics.put("AWS/Lambda", "Duration", where, start + 5 * step, [float(step)])
    window = Window(start, start + 200, 5)
    found = fetch(bench.context("lambda"), [metric("a"), metric("b"), metric("c")], window)
    wanted = {start + 5 * step: float(step) for step in range(40)}
    assert found[metric("a")]["Duration", "Sum"] == wanted
    assert found[metric("b")]["Duration", "Sum"] == wanted
    assert found[metric("c")]["Duration", "Sum"] == {}
    assert aws.front.count("cloudwatch", "GetMetricData") == 7
    assert bench.tally.bill().billed_metrics == 21


def test_pages_are_merged_by_id(play: Play) -> None:
    """Results come in any order and in pieces, and each piece goes to its query."""
    server, ask = play(
        page(result("q1", {600: 1.0}, "PartialData"), result("q0", {}), NextToken='t"1'),
        page(result("q1", {660: 2}, "PartialData"), NextToken="t2"),
        page(result("q1", {720: 3.0}), result("q2", {600: -7.5})),
    )
    asked = metric("a", "Sum"), metric("b", "SampleCount", "Minimum")
    found = ask(*asked, window=Window(600, 780, 60))
    assert found == {
        asked[0]: {("Duration", "Sum"): {}},
        asked[1]: {
            ("Duration", "SampleCount"): {600: 1.0, 660: 2.0, 720: 3.0},
            ("Duration", "Minimum"): {600: -7.5},
        },
    }
    documents = [asked.document for asked in server.asked]
    assert [document.pop("NextToken", None) for document in documents] == [None, 't"1', "t2"]
    assert documents[0] == documents[1] == documents[2]


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (page(), Reason.ANSWER),
        (page(result("q0", {}, "PartialData")), Reason.ANSWER),
        (page(result("q0", {}, "InternalError")), Reason.SERVICE),
        (page(result("q0", {}, "Forbidden")), Reason.DENIED),
        (page(Messages=[{"Code": "MaxMetricsExceeded", "Value": "too many"}]), Reason.ANSWER),
        (page(result("q7", {600: 1.0})), Reason.ANSWER),
        (page({"Id": "q0", "Timestamps": [600.0], "Values": []}), Reason.ANSWER),
        (page({"Id": "q0", "Timestamps": ["soon"], "Values": [1.0]}), Reason.ANSWER),
        (page(result("q0", {600: "many"})), Reason.ANSWER),
    ],
)
def test_part_never_passes_for_the_whole(play: Play, step: Step, reason: Reason) -> None:
    """A missing, failed or forever partial result fails the run, so that no period is skipped."""
    _server, ask = play(step)
    with pytest.raises(CollectError) as raised:
        ask(metric("a"))
    assert raised.value.reason is reason


@pytest.mark.parametrize("value", ["NaN", "Infinity", -1.0])
@pytest.mark.parametrize("statistic", ["Sum", "SampleCount"])
def test_nonsense_is_never_added_up(play: Play, value: Any, statistic: str) -> None:
    """A value that no sum can have never reaches a counter; AWS' JSON writes NaN as text."""
    _server, ask = play(page(result("q0", {600: value})))
    with pytest.raises(CollectError) as raised:
        ask(metric("a", statistic))
    assert raised.value.reason is Reason.ANSWER


def test_gauges_may_be_negative(play: Play) -> None:
    """What is shown as it is may be below zero, a sum only where it says so."""
    _server, ask = play(page(result("q0", {600: -1.5})), page(result("q0", {600: -2})))
    average, total = metric("a", "Average"), metric("a", "Sum", signed=True)
    assert ask(average)[average]["Duration", "Average"] == {600: -1.5}
    assert ask(total)[total]["Duration", "Sum"] == {600: -2.0}


def test_requests_of_one_run_go_out_together(play: Play, bench: Bench) -> None:
    """Many requests are under way at once, a few at most, and their answers are one."""
    two = threading.Barrier(2, timeout=10)

    def paired(asked: Asked) -> Iterable[bytes]:
        two.wait()
        return ones(asked)

    server, ask = play(otherwise=paired)
    metrics = [metric(str(number)) for number in range(6000)]
    found = ask(*metrics)
    assert len(server.asked) == 12
    assert server.most_at_once <= 4
    assert found == {m: {("Duration", "Sum"): {600: 1.0}} for m in metrics}
    assert bench.tally.bill().billed_metrics == 6000
    assert ask() == {}


def test_time_that_ran_out_is_a_timeout(play: Play, bench: Bench) -> None:
    """No request begins after the deadline."""
    server, ask = play()
    bench.seconds = 0
    with pytest.raises(CollectError) as raised:
        ask(metric("a"))
    assert raised.value.reason is Reason.TIMEOUT
    assert server.asked == []


def test_what_is_sent_is_what_was_signed(play: Play) -> None:
    """The signature holds for the very bytes and headers that arrive, in the protocol's form."""
    server, ask = play()
    ask(metric("a"))
    (asked,) = server.asked
    assert asked.line == "POST / HTTP/1.1"
    assert asked.headers["content-type"] == "application/x-amz-json-1.0"
    assert asked.headers["x-amz-target"] == "GraniteServiceVersion20100801.GetMetricData"
    assert asked.headers["user-agent"].endswith("vigia")
    assert asked.access_key == "embedded"
    assert asked.signature_is_right("embedded")
    assert not asked.signature_is_right("another")


def test_certificates_are_checked(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over TLS the endpoint must be known to the bundle that boto3 is told of, else nobody is."""
    authority = Authority(tmp_path)
    pair = authority.issue("monitoring")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pair.cert, pair.key)
    with Scripted(tls=tls) as server:
        bench.aws = AwsClients(bench.inventory.aws, server.url)
        with pytest.raises(SSLError) as raised:
            fetch(bench.context("lambda"), [metric("a")], WINDOW)
        known = classify(raised.value)
        assert known is not None
        assert known[0] is Reason.UNREACHABLE
        assert server.asked == []
        monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.ca))
        bench.aws = AwsClients(bench.inventory.aws, server.url)
        found = fetch(bench.context("lambda"), [metric("a")], WINDOW)
        assert found[metric("a")]["Duration", "Sum"] == {600: 1.0}


def test_proxy_of_the_environment_is_used(
    play: Play, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fast call goes through the proxy that boto3's calls go through, with its password."""
    proxy, ask = play()
    monkeypatch.setenv("http_proxy", proxy.url.replace("http://", "http://us%40er:secret@"))
    bench.aws = AwsClients(bench.inventory.aws, "http://monitoring.example.test")
    assert ask(metric("a"))[metric("a")]["Duration", "Sum"] == {600: 1.0}
    (asked,) = proxy.asked
    assert asked.line == "POST http://monitoring.example.test/ HTTP/1.1"
    assert asked.headers["host"] == "monitoring.example.test"
    assert asked.headers["proxy-authorization"] == "Basic dXNAZXI6c2VjcmV0"


def test_a_metric_is_named_as_ever() -> None:
    """Durable totals are kept under what a metric's repr says: another one would begin anew."""
    metric = Metric("AWS/X", "Sent", (("A", "b"),), ("Sum",), "west", signed=True)
    assert repr(metric) == (
        "Metric(namespace='AWS/X', name='Sent', dimensions=(('A', 'b'),),"
        " statistics=('Sum',), scope='west')"
    )
