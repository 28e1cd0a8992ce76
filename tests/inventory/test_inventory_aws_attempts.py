"""Every attempt of every client: limited, bounded by its caller's time, and counted."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from inventory.aws import AwsClients
from inventory.limiter import LimitError, Limits, Quota
from inventory.resources import Aws
from simulator.aws.server import ACCOUNT, EmbeddedAws
from simulator.processes import free_port
from tests.exporter.scripted import Scripted, http, raw

MAIN = Aws(account=ACCOUNT, region="us-east-1")
ALIAS = {"FunctionName": "f", "Name": "LIVE"}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedAws]:
    """An empty embedded AWS, and credentials in the environment."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "embedded")
    server = EmbeddedAws("us-east-1", lambda: 0.0).start()
    yield server
    server.stop()


class Rig:
    """Clients whose Lambda calls are limited as told, and what was counted of them."""

    def __init__(self, url: str, rate: float, burst: float, at_once: int = 1) -> None:
        self.counted: Counter[tuple[str, str, str]] = Counter()
        quota = Quota(rate, burst, at_once)
        self.limits = Limits({("lambda", ""): quota, ("sns", ""): quota})
        self.clients = AwsClients(MAIN, url, self._count, limits=self.limits)
        # Made now, so that no test's deadline is spent on it.
        self.clients.client("lambda")
        self.limiter = self.limits.of(ACCOUNT, "us-east-1", "lambda", "")

    def _count(self, *attempt: str) -> None:
        self.counted[attempt] += 1

    def get_alias(self, seconds: float = 30) -> None:
        """Ask for an alias within ``seconds``."""
        until = time.monotonic() + seconds
        client = self.clients.client("lambda", remaining=lambda: until - time.monotonic())
        client.get_alias(**ALIAS)


def test_attempts_are_held_to_the_rate(aws: EmbeddedAws) -> None:
    """Calls beyond the burst wait, and each of them is counted as it was answered."""
    rig = Rig(aws.url, rate=20, burst=1)
    begun = time.monotonic()
    for _ in range(7):
        with pytest.raises(ClientError):
            rig.get_alias()
    assert time.monotonic() - begun >= 6 / 20
    assert rig.limiter.waited > 0
    assert rig.counted == {("lambda", "GetAlias", "ResourceNotFoundException"): 7}


def test_throttling_slows_every_attempt(aws: EmbeddedAws) -> None:
    """Retries are attempts too: both throttled answers are counted, and the rate falls."""
    rig = Rig(aws.url, rate=100, burst=1)
    aws.front.fail("lambda", "GetAlias", code="TooManyRequestsException", status=429, times=2)
    with pytest.raises(ClientError) as raised:
        rig.get_alias()
    assert raised.value.response["Error"]["Code"] == "ResourceNotFoundException"
    assert rig.limiter.throttles == 2
    assert rig.counted["lambda", "GetAlias", "TooManyRequestsException"] == 2
    assert sum(rig.counted.values()) == len(aws.front.seen) == 3
    (found,) = rig.limits.counts()
    assert (found.account, found.service, found.throttles) == (ACCOUNT, "lambda", 2)


def test_call_that_cannot_be_sent_in_time_is_not_sent(aws: EmbeddedAws) -> None:
    """The limiter refuses at once rather than hold a caller beyond its time."""
    rig = Rig(aws.url, rate=0.1, burst=1)
    with pytest.raises(ClientError):
        rig.get_alias()
    begun = time.monotonic()
    with pytest.raises(LimitError):
        rig.get_alias(seconds=5)
    assert time.monotonic() - begun < 3
    assert sum(rig.counted.values()) == len(aws.front.seen) == 1


def test_no_attempt_outlasts_its_callers_time(aws: EmbeddedAws) -> None:
    """A hanging endpoint is left when the time is over, without another attempt."""
    rig = Rig(aws.url, rate=100, burst=10)
    aws.front.fail("lambda", "GetAlias", delay=20, times=1)
    begun = time.monotonic()
    with pytest.raises(ReadTimeoutError):
        rig.get_alias(seconds=0.3)
    assert time.monotonic() - begun < 3
    assert rig.counted == {("lambda", "GetAlias", "ReadTimeoutError"): 1}


def test_broken_attempts_leave_nothing_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused connections and unreadable answers give back the place that they took."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "embedded")
    away = Rig(f"http://127.0.0.1:{free_port()}", rate=1000, burst=1000)
    for _ in range(2):
        with pytest.raises(EndpointConnectionError):
            away.get_alias()
    assert away.counted == {("lambda", "GetAlias", "EndpointConnectionError"): 6}
    away.limiter.enter(0)
    with Scripted(otherwise=raw(http(b"no XML"))) as server:
        broken = Rig(server.url, rate=1000, burst=1000)
        for _ in range(10):
            with pytest.raises(ResponseParserError):
                broken.clients.client("sns").list_topics()
        assert broken.counted == {("sns", "ListTopics", "ResponseParserError"): len(server.asked)}
    broken.limits.of(ACCOUNT, "us-east-1", "sns", "").enter(0)
