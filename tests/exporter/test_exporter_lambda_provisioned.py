"""Provisioned concurrency against the embedded AWS."""

from __future__ import annotations

import pytest

from exporter.collector import Reason
from simulator.aws.lambda_functions import PROVISIONING_SECONDS
from simulator.aws.server import EmbeddedAws
from tests.exporter.calls import announced, reason, sent
from tests.exporter.support import Bench, create_function
from tests.exporter.test_exporter_lambda_state import named

FN = "lambda_router"
ALIAS = (FN, "LIVE")
NAME = "lambda_provisioned"
PREFIX = "lambda_provisioned_concurrency_"
SPILLOVER = (f"{PREFIX}spillover_invocations_total", *ALIAS)
UTILIZATION = (f"{PREFIX}utilization_ratio", *ALIAS)
AMOUNTS = ("requested", "allocated", "available")


@pytest.fixture(autouse=True)
def provisioned(bench: Bench, aws: EmbeddedAws) -> None:
    """One provisioned function, whose metrics are read every five minutes."""
    create_function(aws, FN)
    bench.inventory = bench.inventory.model_copy(
        update={"functions": (named(FN, provisioned=True),)}
    )


def provision(aws: EmbeddedAws, count: int) -> None:
    """Ask for provisioned concurrency."""
    aws.client("lambda").put_provisioned_concurrency_config(
        FunctionName=FN, Qualifier="LIVE", ProvisionedConcurrentExecutions=count
    )


def put(aws: EmbeddedAws, at: float, metric: str, *values: float) -> None:
    """Let AWS measure something of the alias."""
    where = {"FunctionName": FN, "Resource": f"{FN}:LIVE"}
    aws.metrics.put("AWS/Lambda", metric, where, at, values)


def test_not_configured_is_not_zero(bench: Bench, aws: EmbeddedAws) -> None:
    """Without provisioned concurrency there are no amounts, and nothing is missing."""
    reading = bench.reading(NAME)
    assert (reading.seen, reading.missing) == (1, ())
    found = bench.collect(NAME)
    assert found[f"{PREFIX}configured", *ALIAS] == 0.0
    assert not any((f"{PREFIX}{amount}", *ALIAS) in found for amount in AMOUNTS)
    assert (f"{PREFIX}status", *ALIAS, "READY") not in found


def test_amounts_and_status_follow_the_allocation(bench: Bench, aws: EmbeddedAws) -> None:
    """What was asked for is there at once, what is ready only when AWS made it so."""
    provision(aws, 3)
    found = bench.collect(NAME)
    assert [found[f"{PREFIX}{amount}", *ALIAS] for amount in AMOUNTS] == [3.0, 0.0, 0.0]
    assert found[f"{PREFIX}status", *ALIAS, "IN_PROGRESS"] == 1.0
    assert found[f"{PREFIX}status", *ALIAS, "READY"] == 0.0
    bench.clock.at += PROVISIONING_SECONDS
    found = bench.collect(NAME)
    assert found[f"{PREFIX}configured", *ALIAS] == 1.0
    assert [found[f"{PREFIX}{amount}", *ALIAS] for amount in AMOUNTS] == [3.0, 3.0, 3.0]
    assert found[f"{PREFIX}status", *ALIAS, "READY"] == 1.0


def test_utilisation_is_the_newest_maximum_and_spillover_adds_up(
    bench: Bench, aws: EmbeddedAws
) -> None:
    """A gauge of the busiest moment, and a counter that survives a restart and counts once."""
    provision(aws, 2)
    assert bench.collect(NAME)[SPILLOVER] == 0.0
    for minute in range(5):
        at = bench.clock.at + 60 * minute
        put(aws, at, "ProvisionedConcurrencyUtilization", 0.5, 0.1 * minute + 0.5)
        put(aws, at, "ProvisionedConcurrencySpilloverInvocations", 1.0, 2.0)
    bench.clock.at += 302
    found = bench.collect(NAME)
    assert found[UTILIZATION] == pytest.approx(0.9)
    assert found[SPILLOVER] == 15.0
    bench.restart()
    assert bench.collect(NAME)[SPILLOVER] == 15.0
    bench.clock.at += 1200
    found = bench.collect(NAME)
    assert UTILIZATION not in found
    assert found[SPILLOVER] == 15.0


def test_metrics_of_the_function_are_not_those_of_its_alias(bench: Bench, aws: EmbeddedAws) -> None:
    """Only what AWS sends for the alias counts: the same name under FunctionName alone does not."""
    bench.collect(NAME)
    at = bench.clock.at
    aws.metrics.put(
        "AWS/Lambda", "ProvisionedConcurrencySpilloverInvocations", {"FunctionName": FN}, at, [9.0]
    )
    bench.clock.at += 302
    assert bench.collect(NAME)[SPILLOVER] == 0.0


def test_missing_alias_leaves_the_others(bench: Bench, aws: EmbeddedAws) -> None:
    """What AWS does not have has no series, not even its counter."""
    gone = named("gone", provisioned=True)
    bench.inventory = bench.inventory.model_copy(
        update={"functions": (gone, *bench.inventory.functions)}
    )
    reading = bench.reading(NAME)
    assert (reading.seen, reading.expected, reading.missing) == (1, 2, ("gone",))
    functions = {s.labels[0] for s in reading.series if "function" in s.spec.labels}
    assert functions == {FN}


@pytest.mark.parametrize(
    ("service", "operation"),
    [("lambda", "GetProvisionedConcurrencyConfig"), ("cloudwatch", "GetMetricData")],
)
def test_any_other_error_fails(
    bench: Bench, aws: EmbeddedAws, service: str, operation: str
) -> None:
    """A refusal is neither 'not configured' nor 'missing'."""
    aws.front.fail(service, operation, code="AccessDeniedException", status=403)
    assert reason(bench, NAME) is Reason.DENIED


def test_calls_are_as_announced(bench: Bench, aws: EmbeddedAws) -> None:
    """A run in a new period asks once for the state and once for both metrics, billed as two."""
    bench.collect(NAME)
    bench.clock.at += bench.collectors[NAME].every(bench.inventory)
    before = bench.tally.bill().billed_metrics
    assert sent(bench, NAME) == announced(bench.collectors[NAME], bench.inventory)
    uses = bench.collectors[NAME].uses(bench.inventory)
    assert bench.tally.bill().billed_metrics - before == sum(use.metrics for use in uses) == 2


def test_nothing_provisioned_sends_nothing(bench: Bench) -> None:
    """Functions without provisioned concurrency are not asked for it."""
    bench.inventory = bench.inventory.model_copy(update={"functions": (named(FN),)})
    assert sent(bench, NAME) == {}
    assert bench.reading(NAME).expected == 0
