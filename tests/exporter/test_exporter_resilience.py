"""Whatever AWS does: the right reason in time, nothing lost, nothing counted twice."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Text
from exporter.app import ExporterApp
from exporter.collector import Collector, Context, Reason
from exporter.failures import classify
from exporter.refresh import Refresher
from exporter.sources.cloudwatch import Answer, Metric, fetch
from exporter.views import View, read
from exporter.windows import Window
from inventory.attempts import scope_of
from inventory.aws import AwsClients
from inventory.limiter import QUOTAS, Limits
from inventory.resources import Scope
from simulator.aws.server import EmbeddedAws
from simulator.influxdb import InfluxStandIn
from simulator.processes import free_port
from tests.conftest import wait_for
from tests.exporter.scripted import (
    Asked,
    Relay,
    Scripted,
    Step,
    http,
    ones,
    page,
    raw,
    refuse,
    result,
)
from tests.exporter.support import Bench, Clock, create_function, only, settings_for
from tests.exporter.test_exporter_app import value
from tests.exporter.test_exporter_influxdb import pointed_at

FN = "lambda_router"
HERE = {"FunctionName": FN}
METRIC = Metric("AWS/Lambda", "Errors", (("FunctionName", FN),), ("Sum",))
WINDOW = Window(600, 660, 60)
INVOCATIONS = ("lambda_invocations_total", FN)
COUNT = MetricSpec("dataplatform_test_total", Kind.COUNTER, ("name",), Text("teste", "test"))


@dataclass
class Rig:
    """A scripted CloudWatch, and the exporter's way to it."""

    bench: Bench
    stack: ExitStack
    limits: Limits = field(default_factory=lambda: Limits(QUOTAS))

    def plays(self, *script: Step, otherwise: Step = ones) -> Scripted:
        """Begin to answer with ``script``."""
        server = self.stack.enter_context(Scripted(*script, otherwise=otherwise))
        self.goes_to(server.url)
        return server

    def goes_to(self, url: str) -> None:
        """Send what is asked to ``url``."""
        bench = self.bench
        bench.aws = AwsClients(bench.inventory.aws, url, bench.tally.request, limits=self.limits)
        # Made now, so that no test's deadline is spent on it.
        bench.aws.client("cloudwatch")

    def ask(self, *metrics: Metric) -> dict[Metric, Answer]:
        """Fetch one period."""
        return fetch(self.bench.context("lambda"), metrics or (METRIC,), WINDOW)

    def fails(self) -> Reason:
        """Fetch one period; return why it failed."""
        with pytest.raises(Exception) as raised:  # noqa: PT011 whatever it is, it has a reason
            self.ask()
        known = classify(raised.value)
        assert known is not None, raised.value
        return known[0]

    def counted(self) -> dict[str, int]:
        """Return the attempts of GetMetricData by code."""
        requests = self.bench.tally.bill().requests.items()
        return {code: n for (_, name, code), n in requests if name == "GetMetricData"}


@pytest.fixture
def rig(bench: Bench) -> Iterator[Rig]:
    """A bench whose CloudWatch is scripted."""
    with ExitStack() as stack:
        yield Rig(bench, stack)


RIGHT = {METRIC: {("Errors", "Sum"): {600: 1.0}}}


def test_throttling_is_waited_out_and_slows_down(rig: Rig) -> None:
    """Both throttled attempts are counted and billed, and the limit of this API is lowered."""
    server = rig.plays(refuse("ThrottlingException"), refuse("Throttling", 429))
    assert rig.ask() == RIGHT
    assert rig.counted() == {"ThrottlingException": 1, "Throttling": 1, "200": 1}
    assert len(server.asked) == rig.bench.tally.bill().billed_metrics == 3
    (limited,) = rig.limits.counts()
    assert (limited.region, limited.service, limited.throttles) == ("us-east-1", "cloudwatch", 2)
    limiter = rig.limits.of(limited.account, limited.region, "cloudwatch", "GetMetricData")
    assert limiter._rate < 50


def test_throttling_without_end_is_told(rig: Rig) -> None:
    """Three attempts, then the reason; the error code counts, not the status."""
    server = rig.plays(otherwise=refuse("RequestLimitExceeded", 400))
    assert rig.fails() is Reason.THROTTLED
    assert len(server.asked) == 3


def test_server_errors_are_tried_again(rig: Rig) -> None:
    """An internal failure, and a page of a load balancer, pass."""
    html = http(b"<html><body>503 Service Unavailable</body></html>", 503)
    rig.plays(refuse("InternalServiceFault", 500), raw(html))
    assert rig.ask() == RIGHT
    assert rig.counted() == {"InternalServiceFault": 1, "503": 1, "200": 1}


def test_server_errors_without_end_are_the_services(rig: Rig) -> None:
    """A service that keeps failing is a service error after three attempts."""
    server = rig.plays(otherwise=refuse("InternalServiceFault", 500))
    assert rig.fails() is Reason.SERVICE
    assert len(server.asked) == 3


def test_wrong_request_is_not_repeated(rig: Rig) -> None:
    """What AWS refuses for good is sent once."""
    server = rig.plays(otherwise=refuse("ValidationError", 400))
    assert rig.fails() is Reason.SERVICE
    assert len(server.asked) == 1


@pytest.mark.parametrize("how", ["hang", "trickle"])
def test_hanging_endpoint_is_left_in_time(rig: Rig, how: str) -> None:
    """An answer that never comes, or never ends, costs the deadline and not a moment more."""
    server = rig.plays()
    server.otherwise = getattr(server, how)
    rig.bench.seconds = 0.5
    begun = time.monotonic()
    assert rig.fails() is Reason.TIMEOUT
    assert time.monotonic() - begun < 3
    assert rig.counted() == {"ReadTimeoutError": 1}


@pytest.mark.parametrize(
    ("step", "reason", "attempts"),
    [
        (raw(), Reason.UNREACHABLE, 3),
        (raw(http(b'{"MetricDataRes', length=900)), Reason.ANSWER, 3),
        (raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), Reason.ANSWER, 3),
        (raw(http(b'{"MetricDataRes')), Reason.ANSWER, 1),
        (raw(http(b"")), Reason.ANSWER, 1),
        (raw(http(b"[]")), Reason.ANSWER, 1),
        (raw(http(b'{"MetricDataResults": [[]]}')), Reason.ANSWER, 1),
        (raw(http(b'{"MetricDataResults": null}')), Reason.ANSWER, 1),
        (raw(http(b"\xff\xfe{}")), Reason.ANSWER, 1),
        (page(result("q0", {}, "InternalError")), Reason.SERVICE, 1),
    ],
)
def test_broken_answers_are_told_from_absent_ones(
    rig: Rig, step: Step, reason: Reason, attempts: int
) -> None:
    """No answer is unreachable, half of one or nonsense is an invalid answer; none is a value."""
    server = rig.plays(otherwise=step)
    assert rig.fails() is reason
    assert len(server.asked) == sum(rig.counted().values()) == attempts


def test_answer_that_broke_off_is_asked_for_again(rig: Rig) -> None:
    """A connection lost in the middle of an answer costs an attempt, not the collection."""
    rig.plays(raw(http(b'{"MetricDataRes', length=900)), raw())
    assert rig.ask() == RIGHT
    assert rig.bench.tally.bill().billed_metrics == 3


def test_refused_connection_is_unreachable_and_free(rig: Rig) -> None:
    """What never reached AWS is counted as attempts and not billed."""
    rig.goes_to(f"http://127.0.0.1:{free_port()}")
    assert rig.fails() is Reason.UNREACHABLE
    assert rig.counted() == {"EndpointConnectionError": 3}
    assert rig.bench.tally.bill().billed_metrics == 0


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        ("ExpiredTokenException", 403, Reason.CREDENTIALS),
        ("RequestTimeTooSkewed", 403, Reason.CREDENTIALS),
        ("RequestExpired", 400, Reason.CREDENTIALS),
        ("SignatureDoesNotMatch", 403, Reason.CREDENTIALS),
        ("InvalidSignatureException", 403, Reason.CREDENTIALS),
        ("UnrecognizedClientException", 400, Reason.CREDENTIALS),
        ("AccessDeniedException", 400, Reason.DENIED),
    ],
)
def test_refusals_name_credentials_clock_or_permission(
    rig: Rig, aws: EmbeddedAws, code: str, status: int, reason: Reason
) -> None:
    """The fast call and every other one give the same reason, after one attempt."""
    server = rig.plays(otherwise=refuse(code, status))
    assert rig.fails() is reason
    assert len(server.asked) == 1
    aws.front.fail("lambda", "GetAlias", code=code, status=status)
    rig.goes_to(aws.url)
    with pytest.raises(Exception) as raised:  # noqa: PT011 its reason is what counts
        rig.bench.aws.client("lambda").get_alias(FunctionName=FN, Name="LIVE")
    known = classify(raised.value)
    assert known is not None
    assert known[0] is reason


def test_credentials_that_come_back_are_used(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """After they expired, a rewritten credentials file is read without a restart."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    file = tmp_path / "credentials"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setattr("inventory.credentials._RENEW_AFTER", 0.0)

    def write(key: str) -> None:
        lines = (f"aws_access_key_id={key}", "aws_secret_access_key=s", "aws_session_token=t")
        file.write_text("\n".join(("[default]", *lines)), encoding="utf-8")

    def judged(asked: Asked) -> Iterable[bytes]:
        valid = asked.access_key == "new" and asked.headers["x-amz-security-token"] == "t"
        return ones(asked) if valid else refuse("ExpiredTokenException", 403)(asked)

    write("old")
    server = rig.plays(otherwise=judged)
    assert rig.fails() is Reason.CREDENTIALS
    assert rig.fails() is Reason.CREDENTIALS
    write("new")
    assert rig.ask() == RIGHT
    assert [asked.access_key for asked in server.asked] == ["old", "old", "new"]
    assert server.asked[-1].signature_is_right("s")


def test_tally_is_what_the_server_saw(rig: Rig) -> None:
    """Requests and billed metrics, with retries, pages and several requests, as the server counts.

    A metric is billed for each request that names it, whatever its statistics.
    """
    statistics = ("Sum", "SampleCount", "p50", "p90", "p99")
    metrics = [Metric("N", "Duration", (("F", str(n)),), statistics) for n in range(250)]

    def in_pages(asked: Asked) -> Iterable[bytes]:
        queries, token = asked.document["MetricDataQueries"], asked.document.get("NextToken")
        if token is not None:
            return ones(asked)
        partial = (result(query["Id"], {}, "PartialData") for query in queries)
        return page(*partial, NextToken="more")(asked)

    server = rig.plays(
        refuse("Throttling"),
        refuse("InternalFailure", 500),
        raw(),
        raw(http(b"{", length=9)),
        otherwise=in_pages,
    )
    found = rig.ask(*metrics)
    assert all(points == {600: 1.0} for answer in found.values() for points in answer.values())
    billed = sum(
        len(
            {
                json.dumps(query["MetricStat"]["Metric"])
                for query in asked.document["MetricDataQueries"]
            }
        )
        for asked in server.asked
    )
    bill = rig.bench.tally.bill()
    assert len(server.asked) == 10
    assert sum(rig.counted().values()) == 10
    assert bill.billed_metrics == billed > 500
    assert bill.usd_by_collector["lambda"] == pytest.approx(billed * 0.01 / 1000)


def test_scope_of_what_failed_is_known(rig: Rig) -> None:
    """An answer that fails in a further scope says so, also where AWS answered well."""
    scope = Scope(name="west", account=rig.bench.inventory.aws.account, region="us-west-2")
    server = rig.plays(page(), refuse("AccessDenied", 403))
    rig.bench.aws = AwsClients(rig.bench.inventory.aws, server.url, scopes=(scope,))
    metric = Metric("AWS/Lambda", "Errors", (), ("Sum",), scope="west")
    for _ in range(2):
        with pytest.raises(Exception) as raised:  # noqa: PT011 its scope is what counts
            rig.ask(metric)
        assert scope_of(raised.value) == "west"
    assert "/us-west-2/monitoring/" in server.asked[0].headers["authorization"]


def test_outage_is_caught_up_over_the_same_connections(rig: Rig, aws: EmbeddedAws) -> None:
    """AWS goes and comes back: every period that was missed is fetched and added once."""
    create_function(aws, FN)
    relay = Relay(aws.url)
    relay.join()
    rig.stack.callback(relay.cut)
    rig.goes_to(relay.url)
    bench = rig.bench
    bench.collect("lambda")
    for number in range(12):
        aws.metrics.put("AWS/Lambda", "Invocations", HERE, bench.clock.at, [1.0] * (number + 1))
        bench.clock.at += 5
        if number == 3:
            relay.cut()
        if 3 <= number < 9:
            with pytest.raises(Exception) as raised:  # noqa: PT011 its reason is what counts
                bench.collect("lambda")
            known = classify(raised.value)
            assert known is not None
            assert known[0] is Reason.UNREACHABLE
        if number == 9:
            relay.join()
        if number >= 9:
            bench.collect("lambda")
    bench.clock.at += 5
    assert bench.collect("lambda")[INVOCATIONS] == sum(range(1, 13))
    assert bench.collect("lambda")[INVOCATIONS] == sum(range(1, 13))


def test_hanging_collector_times_out_and_recovers(rig: Rig, aws: EmbeddedAws) -> None:
    """The run fails at its deadline and has ended by then, so that the next one can succeed."""
    create_function(aws, FN)
    bench = rig.bench
    clients = AwsClients(bench.inventory.aws, aws.url, bench.tally.request)
    aws.front.fail("lambda", "GetAlias", delay=20, times=1)
    collector = bench.collectors["lambda"]

    def context(_collector: Collector, remaining: Callable[[], float]) -> Context:
        client = partial(clients.client, remaining=remaining)
        return replace(bench.context("lambda"), client=client, remaining=remaining)

    refresher = Refresher(
        replace(collector, deadline=lambda _inventory: 1.0),
        lambda: bench.inventory,
        context,
        bench.clock,
        lambda: None,
    )
    clients.client("lambda")
    begun = time.monotonic()
    refresher.run()
    assert time.monotonic() - begun < 2.5
    assert refresher.status().reason is Reason.TIMEOUT

    def well() -> bool:
        refresher.run()
        return refresher.status().up is True

    wait_for(well)
    assert aws.front.count("lambda", "GetAlias") >= 1


def test_throttling_is_shown(
    aws: EmbeddedAws, influx: InfluxStandIn, clock: Clock, tmp_path: Path
) -> None:
    """An operator sees where AWS throttled the exporter, though nothing failed."""
    create_function(aws, FN)
    inventory = only(pointed_at(influx.url), FN)
    app = ExporterApp(settings_for(aws.url, tmp_path), lambda: inventory, clock)
    aws.front.fail("lambda", "GetAlias", code="TooManyRequestsException", status=429, times=1)
    app.collect_once()
    where = f'account="{inventory.aws.account}",region="us-east-1",service="lambda"'
    assert value(app, f"vigia_aws_throttles_total{{{where}}}") == 1.0
    assert value(app, f"vigia_aws_held_back_seconds_total{{{where}}}") is not None
    app.stop()


def test_long_windows_are_read_in_small_pieces(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A catch-up holds few datapoints at once, and a failure in its middle keeps what was read."""
    monkeypatch.setattr("exporter.periods._POINTS_AT_ONCE", 40)
    bench, server = rig.bench, rig.plays()
    views = [
        View(COUNT, (name,), "N", "M", (("F", name),), resource=name) for name in ("a", "b", "c")
    ]
    read(bench.context("lambda"), views)
    assert len(server.asked) == 1
    # Twelve periods of the look-back and eight of an outage: now all three are too much at once.
    bench.clock.at += 40
    server.script += [ones, refuse("ValidationError")]
    with pytest.raises(ClientError):
        read(bench.context("lambda"), views)
    assert len(server.asked) == 3
    read(bench.context("lambda"), views)
    assert len(server.asked) == 4
