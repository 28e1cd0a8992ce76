"""The state machines collector against the embedded AWS."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from exporter.collector import CollectError, Reading, Reason
from exporter.collectors import state_machines
from exporter.collectors.state_machines import Described, arn, parse
from exporter.failures import classify
from exporter.samples import SummaryValue
from inventory.resources import Scope, StateMachine
from simulator.aws import step_functions
from simulator.aws.server import EmbeddedAws
from tests.exporter.support import REGION, START, Bench, values

NAME = "state_machines"
MACHINE = "ons-data-platform-processing"
RUNNING = ("state_machine_running_executions", MACHINE)
TRUNCATED = ("state_machine_running_executions_truncated", MACHINE)
OLDEST = ("state_machine_oldest_running_timestamp_seconds", MACHINE)
DEFINITION = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})


def create_machine(aws: EmbeddedAws, name: str = MACHINE, kind: str = "STANDARD") -> str:
    """Create a state machine; return its ARN."""
    created: str = aws.client("stepfunctions").create_state_machine(
        name=name, definition=DEFINITION, roleArn="arn:aws:iam::123456789012:role/a", type=kind
    )["stateMachineArn"]
    return created


def start(aws: EmbeddedAws, machine: str, count: int = 1) -> list[str]:
    """Start executions; return their ARNs."""
    client = aws.client("stepfunctions")
    return [
        client.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
        for _ in range(count)
    ]


def totals(found: Mapping[tuple[str, ...], Any]) -> dict[str, float]:
    """Return started and finished executions by outcome, where there were any."""
    started = found["state_machine_executions_started_total", MACHINE]
    ended = {
        name[2]: value
        for name, value in found.items()
        if name[0] == "state_machine_executions_finished_total"
    }
    assert set(ended) == {"succeeded", "failed", "timed_out", "aborted"}
    return {name: value for name, value in {"started": started, **ended}.items() if value}


def test_running_executions_and_the_oldest(bench: Bench, aws: EmbeddedAws) -> None:
    """What runs is counted, the oldest tells since when; nothing running has no oldest."""
    machine = create_machine(aws)
    found = bench.collect(NAME)
    assert (found[RUNNING], found[TRUNCATED]) == (0.0, 0.0)
    assert OLDEST not in found
    assert found["state_machine_info", MACHINE, "standard"] == 1.0
    (first,) = start(aws, machine)
    bench.clock.at += 100
    start(aws, machine, 2)
    found = bench.collect(NAME)
    assert (found[RUNNING], found[OLDEST]) == (3.0, START)
    aws.client("stepfunctions").stop_execution(executionArn=first)
    found = bench.collect(NAME)
    assert (found[RUNNING], found[OLDEST]) == (2.0, START + 100)


def test_pages_are_read_to_the_end_within_bounds(
    bench: Bench, aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every page is counted; past the bound the count says that there are more, and no oldest."""
    monkeypatch.setattr(state_machines, "_PAGE", 2)
    machine = create_machine(aws)
    for _ in range(7):
        start(aws, machine)
        bench.clock.at += 1
    found = bench.collect(NAME)
    assert (found[RUNNING], found[TRUNCATED], found[OLDEST]) == (7.0, 0.0, START)
    assert aws.front.count("states", "ListExecutions") == 4
    monkeypatch.setattr(state_machines, "_MOST_PAGES", 3)
    found = bench.collect(NAME)
    assert (found[RUNNING], found[TRUNCATED]) == (6.0, 1.0)
    assert OLDEST not in found


def test_parse_of_nothing() -> None:
    """An empty page is no execution; a token after it says that there are more."""
    assert parse("standard", [{"executions": []}]) == Described("standard", 0)
    page = {"executions": [], "nextToken": "more"}
    assert parse("standard", [page]) == Described("standard", 0, truncated=True)


def test_express_executions_cannot_be_listed(bench: Bench, aws: EmbeddedAws) -> None:
    """An express state machine says its type; how many run is absent, never 0, and not asked."""
    create_machine(aws, kind="EXPRESS")
    reading = bench.reading(NAME)
    found = values(reading)
    assert found["state_machine_info", MACHINE, "express"] == 1.0
    assert not {RUNNING, TRUNCATED, OLDEST} & set(found)
    assert totals(found) == {}
    assert (reading.seen, reading.expected) == (1, 1)
    listed = [seen for seen in aws.front.seen if seen.operation == "ListExecutions"]
    assert listed == []
    client = aws.client("stepfunctions")
    with pytest.raises(client.exceptions.StateMachineTypeNotSupported):
        client.list_executions(stateMachineArn=arn(bench.inventory, StateMachine(name=MACHINE)))


def test_executions_are_counted_by_outcome(bench: Bench, aws: EmbeddedAws) -> None:
    """Starts and ends add up, durations are seconds from start to end."""
    machine = create_machine(aws)
    assert totals(bench.collect(NAME)) == {}
    started = [step_functions.start(REGION, machine, f"file-{n}") for n in range(4)]
    aborted = start(aws, machine)[0]
    bench.clock.at += 20
    for number, execution in enumerate(started):
        assert execution is not None
        step_functions.finish(aws.metrics, execution, bench.clock.at, succeeded=number > 0)
    aws.client("stepfunctions").stop_execution(executionArn=aborted)
    where = {"StateMachineArn": machine}
    aws.metrics.put("AWS/States", "ExecutionsTimedOut", where, bench.clock.at, [1.0])
    aws.metrics.put("AWS/States", "ExecutionThrottled", where, bench.clock.at, [1.0, 1.0])
    bench.clock.at += 282
    reading = bench.reading(NAME)
    found = values(reading)
    expected = {"started": 5, "succeeded": 3, "failed": 1, "aborted": 1, "timed_out": 1}
    assert totals(found) == expected
    assert found["state_machine_throttled_total", MACHINE] == 2.0
    duration = found["state_machine_execution_duration_seconds", MACHINE]
    assert isinstance(duration, SummaryValue)
    assert (duration.count, duration.sum) == (5.0, 100.0)
    assert duration.quantiles[0.99] == 20.0
    assert found[RUNNING] == 0.0
    assert reading.newest == {MACHINE: START}


def test_totals_outlive_a_restart(bench: Bench, aws: EmbeddedAws) -> None:
    """Totals are durable, and what happened meanwhile is caught up."""
    machine = create_machine(aws)
    bench.reading(NAME)
    start(aws, machine, 2)
    bench.clock.at += 302
    assert totals(bench.collect(NAME)) == {"started": 2.0}
    start(aws, machine, 3)
    bench.restart()
    bench.clock.at += 3000
    assert totals(bench.collect(NAME)) == {"started": 5.0}


def test_missing_machine(bench: Bench, aws: EmbeddedAws) -> None:
    """A state machine that AWS does not have is missing, without series, and fails no other."""
    create_machine(aws)
    both = (StateMachine(name="gone"), *bench.inventory.state_machines)
    bench.inventory = bench.inventory.model_copy(update={"state_machines": both})
    reading = bench.reading(NAME)
    assert (reading.seen, reading.expected, reading.missing) == (1, 2, ("gone",))
    assert list(reading.newest) == [MACHINE]
    assert {s.labels[0] for s in reading.series} == {MACHINE, NAME}


@pytest.mark.parametrize(
    ("region", "partition"),
    [("sa-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")],
)
def test_arn_follows_scope_and_partition(bench: Bench, region: str, partition: str) -> None:
    """Account, region and partition are those of the machine's scope."""
    scope = Scope(name="other", account="210987654321", region=region)
    inventory = bench.inventory.model_copy(update={"scopes": (scope,)})
    assert arn(inventory, StateMachine(name="m", scope="other")) == (
        f"arn:{partition}:states:{region}:210987654321:stateMachine:m"
    )
    main = f"arn:aws:states:{REGION}:{inventory.aws.account}:stateMachine:m"
    assert arn(inventory, StateMachine(name="m")) == main


def test_no_machines_no_calls(bench: Bench, aws: EmbeddedAws) -> None:
    """An inventory without state machines asks nothing."""
    bench.inventory = bench.inventory.model_copy(update={"state_machines": ()})
    reading = bench.reading(NAME)
    assert reading == Reading(reading.series, expected=0, seen=0)
    assert bench.tally.bill().requests == {}


@pytest.mark.parametrize("operation", ["DescribeStateMachine", "ListExecutions"])
def test_failing_call_fails_the_run(bench: Bench, aws: EmbeddedAws, operation: str) -> None:
    """Whatever is no absence is a failure with its reason."""
    create_machine(aws)
    aws.front.fail("states", operation, code="AccessDeniedException", status=400)
    with pytest.raises(Exception, match="AccessDenied") as raised:
        bench.reading(NAME)
    assert classify(raised.value) == (
        Reason.DENIED,
        f"{operation} answered AccessDeniedException",
    )


def test_uses_are_the_calls_that_go_out(bench: Bench, aws: EmbeddedAws) -> None:
    """Over the runs of one slow period, CloudWatch is asked once, and so `uses` says."""
    bench.inventory = bench.inventory.model_copy(
        update={
            "collection": bench.inventory.collection.model_copy(
                update={"control_plane_every": 60.0, "slow_every": 300.0}
            )
        }
    )
    create_machine(aws)
    bench.reading(NAME)
    aws.front.seen.clear()
    before = bench.tally.bill()
    for _ in range(5):
        bench.clock.at += 60
        bench.reading(NAME)
    uses = bench.collectors[NAME].uses(bench.inventory)
    went = {"GetMetricData": 1, "DescribeStateMachine": 5, "ListExecutions": 5}
    assert {use.operation: 5 * use.calls for use in uses} == went
    seen = [one.operation for one in aws.front.seen]
    assert {name: seen.count(name) for name in seen} == went
    after = bench.tally.bill()
    assert after.billed_metrics - before.billed_metrics == 7
    spent = after.usd_by_collector[NAME] - before.usd_by_collector[NAME]
    assert 5 * sum(use.usd for use in uses) == pytest.approx(spent)


def test_time_that_ran_out_is_a_timeout(bench: Bench) -> None:
    """No call begins after the deadline."""
    bench.seconds = 0
    with pytest.raises(CollectError) as raised:
        bench.reading(NAME)
    assert raised.value.reason is Reason.TIMEOUT
