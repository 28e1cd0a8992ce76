"""The collector of log groups against the embedded AWS."""

from __future__ import annotations

import math

import pytest
from botocore.exceptions import ClientError

from exporter.collector import Reason, Use
from exporter.failures import classify
from inventory.resources import LogGroups
from simulator.aws.server import EmbeddedAws
from tests.exporter.scopes import spread
from tests.exporter.support import Bench, values

OWN = "/aws/lambda/lambda_router"
HOME = ("123456789012", "us-east-1")


def create(aws: EmbeddedAws, name: str, days: int | None = None) -> None:
    """Create a log group that keeps its events for ``days``, or for ever."""
    client = aws.client("logs")
    client.create_log_group(logGroupName=name)
    if days is not None:
        client.put_retention_policy(logGroupName=name, retentionInDays=days)


def watch(bench: Bench, *prefixes: str) -> None:
    """Let the bench's inventory watch these prefixes."""
    groups = LogGroups(prefixes=prefixes)
    bench.inventory = bench.inventory.model_copy(update={"log_groups": groups})


def in_group(bench: Bench, name: str) -> None:
    """Let the bench's one function write to another log group."""
    (function,) = bench.inventory.functions
    moved = function.model_copy(update={"log_group": name})
    bench.inventory = bench.inventory.model_copy(update={"functions": (moved,)})


def test_retention_and_bytes(bench: Bench, aws: EmbeddedAws) -> None:
    """Groups without retention are counted, bytes add up, a function's group shows its own."""
    create(aws, OWN, days=30)
    create(aws, "/aws/lambda/forgotten")
    create(aws, "/ecs/elsewhere")
    aws.logs.put(OWN, "a", bench.clock.at, "four")
    aws.logs.put("/aws/lambda/forgotten", "a", bench.clock.at, "seventy")
    aws.logs.put("/ecs/elsewhere", "a", bench.clock.at, "not watched")
    assert bench.collect("log_groups") == {
        ("log_groups", *HOME): 2.0,
        ("log_groups_without_retention", *HOME): 1.0,
        ("log_groups_stored_bytes", *HOME): 30.0 + 33.0,
        ("log_group_retention_seconds", OWN): 30 * 86_400.0,
        ("log_group_stored_bytes", OWN): 30.0,
    }


def test_a_group_without_retention_keeps_for_ever(bench: Bench, aws: EmbeddedAws) -> None:
    """No retention is infinite, not zero; setting one is seen on the next run."""
    create(aws, OWN)
    assert bench.collect("log_groups")["log_group_retention_seconds", OWN] == math.inf
    aws.client("logs").put_retention_policy(logGroupName=OWN, retentionInDays=7)
    found = bench.collect("log_groups")
    assert found["log_group_retention_seconds", OWN] == 7 * 86_400.0
    assert found["log_groups_without_retention", *HOME] == 0.0


def test_every_page_is_read(bench: Bench, aws: EmbeddedAws) -> None:
    """More groups than an answer holds are counted to the last."""
    create(aws, OWN)
    for number in range(119):
        create(aws, f"/aws/lambda/other-{number:03d}", days=1)
    found = bench.collect("log_groups")
    assert found["log_groups", *HOME] == 120.0
    assert found["log_groups_without_retention", *HOME] == 1.0
    assert aws.front.count("logs", "DescribeLogGroups") == 3


def test_missing_group_is_named_and_has_no_series(bench: Bench, aws: EmbeddedAws) -> None:
    """A function's group that AWS does not have is missing, never a zero."""
    create(aws, f"{OWN}-canary", days=1)
    reading = bench.reading("log_groups")
    assert (reading.seen, reading.expected, reading.missing) == (0, 1, (OWN,))
    found = values(reading)
    assert found["log_groups", *HOME] == 1.0
    assert not [key for key in found if OWN in key]


def test_empty_account(bench: Bench) -> None:
    """Without any group there are none, and none that lack retention."""
    found = bench.collect("log_groups")
    assert found["log_groups", *HOME] == 0.0
    assert found["log_groups_without_retention", *HOME] == 0.0
    assert found["log_groups_stored_bytes", *HOME] == 0.0


def test_group_outside_the_prefixes(bench: Bench, aws: EmbeddedAws) -> None:
    """A function's group is shown wherever it is; it is not one of those the prefixes watch."""
    in_group(bench, "/ons/router")
    create(aws, "/ons/router", days=3)
    create(aws, "/aws/lambda/other", days=1)
    found = bench.collect("log_groups")
    assert found["log_group_retention_seconds", "/ons/router"] == 3 * 86_400.0
    assert found["log_groups", *HOME] == 1.0


def test_overlapping_prefixes_count_once(bench: Bench, aws: EmbeddedAws) -> None:
    """A prefix within another is not asked for again, and its groups are not counted twice."""
    watch(bench, "/aws/lambda/", "/aws/", "/aws/lambda/")
    create(aws, OWN)
    assert bench.collect("log_groups")["log_groups", *HOME] == 1.0
    assert aws.front.count("logs", "DescribeLogGroups") == 1


def test_every_scope_is_read_once(bench: Bench, aws: EmbeddedAws) -> None:
    """Each account and region is read and told apart; two names of one place are one."""
    clients = spread(
        bench, ("south", "123456789012", "sa-east-1"), ("again", "123456789012", "sa-east-1")
    )
    (function,) = bench.inventory.functions
    south = function.model_copy(update={"scope": "south"})
    bench.inventory = bench.inventory.model_copy(update={"functions": (function, south)})
    create(aws, OWN, days=1)
    for name in (OWN, "/aws/lambda/b"):
        clients.client("logs", "south").create_log_group(logGroupName=name)
    reading = bench.reading("log_groups")
    found = values(reading)
    assert (reading.seen, reading.expected) == (2, 2)
    assert found["log_groups", *HOME] == 1.0
    assert found["log_groups_without_retention", "123456789012", "sa-east-1"] == 2.0
    assert found["log_group_retention_seconds", OWN] == 86_400.0
    assert found["log_group_retention_seconds", f"{OWN}@south"] == math.inf


def test_refusal_is_classified(bench: Bench, aws: EmbeddedAws) -> None:
    """A denied call fails the collection with its reason."""
    aws.front.fail("logs", "DescribeLogGroups", code="AccessDeniedException", status=400)
    with pytest.raises(ClientError) as failed:
        bench.collect("log_groups")
    known = classify(failed.value)
    assert known is not None
    assert known[0] is Reason.DENIED


def test_uses_are_the_calls_that_go_out(bench: Bench, aws: EmbeddedAws) -> None:
    """What a run says it sends is what AWS sees: prefixes, scopes and groups outside of them."""
    spread(bench, ("south", "123456789012", "sa-east-1"))
    watch(bench, "/aws/lambda/", "/ecs/")
    in_group(bench, "/ons/router")
    bench.collect("log_groups")
    calls = aws.front.count("logs", "DescribeLogGroups")
    assert calls == 5
    assert bench.collectors["log_groups"].uses(bench.inventory) == (
        Use("logs", "DescribeLogGroups", calls),
    )
