"""The rules collector against the embedded AWS."""

from __future__ import annotations

import json

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.events.models import events_backends

from exporter.collector import CollectError, Reading, Reason
from exporter.failures import classify
from inventory.resources import Rule
from simulator.aws.server import EmbeddedAws
from tests.exporter.support import REGION, START, Bench, values

NAME = "rules"
RULE = "ons-data-platform-s3-processing-rule"
ENABLED = ("rule_enabled", RULE)


def create_rule(aws: EmbeddedAws, name: str = RULE, bus: str = "default", targets: int = 1) -> None:
    """Create a rule with so many targets."""
    client = aws.client("events")
    pattern = json.dumps({"source": ["aws.s3"]})
    client.put_rule(Name=name, EventBusName=bus, EventPattern=pattern)
    for start in range(0, targets, 10):
        client.put_targets(
            Rule=name,
            EventBusName=bus,
            Targets=[
                {"Id": f"t{n}", "Arn": f"arn:aws:sqs:{REGION}:{DEFAULT_ACCOUNT_ID}:queue-{n}"}
                for n in range(start, min(start + 10, targets))
            ],
        )


def put(aws: EmbeddedAws, at: float, name: str, count: int, **more: str) -> None:
    """Let the rule do something at ``at``."""
    aws.metrics.put("AWS/Events", name, {"RuleName": RULE, **more}, at, [1.0] * count)


def test_rule_state_bus_manager_and_targets(bench: Bench, aws: EmbeddedAws) -> None:
    """Enabled or not is a value, in every way of being enabled; bus and manager are labels."""
    create_rule(aws, targets=2)
    found = bench.collect(NAME)
    assert (found[ENABLED], found["rule_targets", RULE]) == (1.0, 2.0)
    assert found["rule_info", RULE, "default", ""] == 1.0
    aws.client("events").disable_rule(Name=RULE)
    assert bench.collect(NAME)[ENABLED] == 0.0
    aws.client("events").put_rule(
        Name=RULE,
        EventPattern=json.dumps({"source": ["aws.s3"]}),
        State="ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
    )
    events_backends[DEFAULT_ACCOUNT_ID][REGION].describe_rule(RULE, None).managed_by = "a.service"
    found = bench.collect(NAME)
    assert found[ENABLED] == 1.0
    assert found["rule_info", RULE, "default", "a.service"] == 1.0


def test_targets_of_several_pages(bench: Bench, aws: EmbeddedAws) -> None:
    """Every page of targets is counted."""
    create_rule(aws, targets=120)
    aws.front.seen.clear()
    assert bench.collect(NAME)["rule_targets", RULE] == 120.0
    assert aws.front.count("events", "ListTargetsByRule") > 1


def test_counters_add_up_and_silence_is_no_failure(bench: Bench, aws: EmbeddedAws) -> None:
    """What is sent only when it happens stays where it was in between."""
    create_rule(aws)
    assert bench.collect(NAME)["rule_failed_invocations_total", RULE] == 0.0
    for failed in (0, 2, 0):
        put(aws, bench.clock.at, "TriggeredRules", 3)
        put(aws, bench.clock.at, "Invocations", 5)
        if failed:
            put(aws, bench.clock.at, "FailedInvocations", failed)
            put(aws, bench.clock.at, "ThrottledRules", failed)
        bench.clock.at += 300
    bench.clock.at += 2
    reading = bench.reading(NAME)
    found = values(reading)
    assert {name: found[f"rule_{name}_total", RULE] for name in
            ("triggered", "invocations", "failed_invocations", "throttled")} == {
        "triggered": 9.0, "invocations": 15.0, "failed_invocations": 2.0, "throttled": 2.0,
    }  # fmt: skip
    assert reading.newest == {RULE: START + 600}


@pytest.mark.parametrize("arn", [False, True])
def test_rule_of_another_bus(bench: Bench, aws: EmbeddedAws, *, arn: bool) -> None:
    """A bus of its own is asked by its name or ARN, and is a dimension under its name."""
    whole: str = aws.client("events").create_event_bus(Name="ingest")["EventBusArn"]
    create_rule(aws, bus="ingest")
    rule = Rule(name=RULE, bus=whole if arn else "ingest")
    bench.inventory = bench.inventory.model_copy(update={"rules": (rule,)})
    bench.reading(NAME)
    put(aws, bench.clock.at, "TriggeredRules", 2, EventBusName="ingest")
    put(aws, bench.clock.at, "TriggeredRules", 7)
    bench.clock.at += 302
    found = bench.collect(NAME)
    assert found["rule_info", RULE, "ingest", ""] == 1.0
    assert found["rule_triggered_total", RULE] == 2.0


def test_missing_rule(bench: Bench, aws: EmbeddedAws) -> None:
    """A rule that AWS does not have is missing, without series, and fails no other."""
    create_rule(aws)
    (rule,) = bench.inventory.rules
    other = (Rule(name="gone"), Rule(name="lost", bus="no-such-bus"))
    bench.inventory = bench.inventory.model_copy(update={"rules": (rule, *other)})
    reading = bench.reading(NAME)
    assert (reading.seen, reading.expected, reading.missing) == (1, 3, ("gone", "lost"))
    assert list(reading.newest) == [RULE]
    assert {s.labels[0] for s in reading.series} == {RULE, NAME}


def test_counters_outlive_a_restart(bench: Bench, aws: EmbeddedAws) -> None:
    """Totals are durable, and what happened meanwhile is caught up."""
    create_rule(aws)
    bench.reading(NAME)
    put(aws, bench.clock.at, "Invocations", 4)
    bench.clock.at += 302
    assert bench.collect(NAME)["rule_invocations_total", RULE] == 4.0
    put(aws, bench.clock.at, "Invocations", 3)
    bench.restart()
    bench.clock.at += 3000
    assert bench.collect(NAME)["rule_invocations_total", RULE] == 7.0


def test_no_rules_no_calls(bench: Bench, aws: EmbeddedAws) -> None:
    """An inventory without rules asks nothing."""
    bench.inventory = bench.inventory.model_copy(update={"rules": ()})
    reading = bench.reading(NAME)
    assert reading == Reading(reading.series, expected=0, seen=0)
    assert bench.tally.bill().requests == {}


@pytest.mark.parametrize("operation", ["DescribeRule", "ListTargetsByRule"])
def test_failing_call_fails_the_run(bench: Bench, aws: EmbeddedAws, operation: str) -> None:
    """Whatever is no absence is a failure with its reason."""
    create_rule(aws)
    aws.front.fail("events", operation, code="AccessDeniedException", status=400)
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
    create_rule(aws)
    bench.reading(NAME)
    aws.front.seen.clear()
    before = bench.tally.bill()
    for _ in range(5):
        bench.clock.at += 60
        bench.reading(NAME)
    uses = bench.collectors[NAME].uses(bench.inventory)
    assert {use.operation: 5 * use.calls for use in uses} == {
        use.operation: aws.front.count(use.service, use.operation) for use in uses
    }
    assert len(aws.front.seen) == 5 + 5 + 1
    after = bench.tally.bill()
    assert after.billed_metrics - before.billed_metrics == 4
    spent = after.usd_by_collector[NAME] - before.usd_by_collector[NAME]
    assert 5 * sum(use.usd for use in uses) == pytest.approx(spent)


def test_time_that_ran_out_is_a_timeout(bench: Bench) -> None:
    """No call begins after the deadline."""
    bench.seconds = 0
    with pytest.raises(CollectError) as raised:
        bench.reading(NAME)
    assert raised.value.reason is Reason.TIMEOUT
