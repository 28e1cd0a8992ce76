"""Published versions and their code, against the embedded AWS."""

from __future__ import annotations

import pytest

from exporter.collector import Reason
from simulator.aws.lambda_functions import backend
from simulator.aws.server import EmbeddedAws
from tests.exporter.calls import announced, reason, sent
from tests.exporter.support import REGION, Bench, create_function, only
from tests.exporter.test_exporter_lambda_state import named

FN = "lambda_router"
NAME = "lambda_versions"
LIST = ("lambda", "ListVersionsByFunction")


def publish(count: int) -> None:
    """Publish versions of the function straight in the store: over HTTP each takes a while."""
    for number in range(count):
        # Where nothing has changed AWS publishes nothing.
        latest = backend(REGION).get_function(FN)
        latest.timeout = number + 10
        backend(REGION).publish_version(FN, "")


def test_versions_of_all_pages_without_latest(bench: Bench, aws: EmbeddedAws) -> None:
    """Every page is counted, $LATEST is not a version, but its code takes space too."""
    create_function(aws, FN)
    size = aws.client("lambda").get_function_configuration(FunctionName=FN)["CodeSize"]
    publish(119)
    found = bench.collect(NAME)
    assert found["lambda_versions", FN] == 120.0
    assert found["lambda_code_storage_bytes", FN] == 121.0 * size
    assert aws.front.count(*LIST) == 3


def test_kept_answers_serve_until_they_are_old(bench: Bench, aws: EmbeddedAws) -> None:
    """Nothing is asked twice within the hour, across restarts; then what changed is seen."""
    create_function(aws, FN)
    assert sent(bench, NAME) == {LIST: 1}
    publish(2)
    bench.restart()
    bench.clock.at += 300
    assert sent(bench, NAME) == {}
    assert bench.collect(NAME)["lambda_versions", FN] == 1.0
    bench.clock.at += bench.inventory.collection.resources_every - 300
    assert bench.collect(NAME)["lambda_versions", FN] == 3.0


def test_missing_function_leaves_the_others(bench: Bench, aws: EmbeddedAws) -> None:
    """A function that AWS does not have has no series, and is looked for in every run."""
    create_function(aws, FN)
    bench.inventory = bench.inventory.model_copy(update={"functions": (named("gone"), named(FN))})
    reading = bench.reading(NAME)
    assert (reading.seen, reading.expected, reading.missing) == (1, 2, ("gone",))
    assert {series.labels for series in reading.series} == {(FN,)}
    assert sent(bench, NAME) == {LIST: 1}
    create_function(aws, "gone")
    assert bench.reading(NAME).missing == ()


def test_deleted_function_loses_its_series(bench: Bench, aws: EmbeddedAws) -> None:
    """When its turn comes, a function that was deleted is missing; its old counts are not shown."""
    create_function(aws, FN)
    bench.reading(NAME)
    aws.client("lambda").delete_function(FunctionName=FN)
    bench.clock.at += bench.inventory.collection.resources_every
    reading = bench.reading(NAME)
    assert (reading.seen, reading.missing, reading.series) == (0, (FN,), ())


@pytest.mark.parametrize(
    ("code", "status", "why"),
    [
        ("AccessDeniedException", 403, Reason.DENIED),
        ("TooManyRequestsException", 429, Reason.THROTTLED),
    ],
)
def test_any_other_error_fails(
    bench: Bench, aws: EmbeddedAws, code: str, status: int, why: Reason
) -> None:
    """An error fails the collection and keeps nothing."""
    create_function(aws, FN)
    aws.front.fail(*LIST, code=code, status=status)
    assert reason(bench, NAME) is why
    assert bench.store.of(NAME).load() == {}


def test_time_runs_out(bench: Bench, aws: EmbeddedAws) -> None:
    """A function whose pages were not all read is not counted at all."""
    create_function(aws, FN)
    bench.seconds = 0.0
    assert reason(bench, NAME) is Reason.TIMEOUT


def test_calls_are_as_announced(bench: Bench, aws: EmbeddedAws) -> None:
    """The runs of one hour together ask once for each function."""
    create_function(aws, FN)
    collector = bench.collectors[NAME]
    every = collector.every(bench.inventory)
    runs = round(bench.inventory.collection.resources_every / every)
    calls = 0.0
    for _ in range(2 * runs):
        calls += sent(bench, NAME).get(LIST, 0)
        bench.clock.at += every
    assert calls == pytest.approx(2 * runs * announced(collector, bench.inventory)[LIST])


def test_no_functions_send_nothing(bench: Bench) -> None:
    """An inventory without functions is complete and costs nothing."""
    bench.inventory = only(bench.inventory)
    assert sent(bench, NAME) == {}
    assert bench.reading(NAME).expected == 0
