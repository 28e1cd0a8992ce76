"""The collector of security groups against the embedded AWS."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from exporter.collector import Reason, Use
from exporter.collectors.security_groups import matches, parse
from exporter.failures import classify
from inventory.resources import Security
from simulator.aws.server import EmbeddedAws
from tests.exporter.scopes import spread
from tests.exporter.support import Bench, values

HOME = ("123456789012", "us-east-1")


def create(ec2: Any, name: str, *permissions: dict[str, Any]) -> str:
    """Create a group with these ingress permissions; return its id."""
    network = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    group: str = ec2.create_security_group(GroupName=name, Description=name, VpcId=network)[
        "GroupId"
    ]
    if permissions:
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=list(permissions))
    return group


def port(number: int, *cidrs: str, last: int | None = None) -> dict[str, Any]:
    """Return a permission for TCP ports."""
    return {
        "IpProtocol": "tcp",
        "FromPort": number,
        "ToPort": last or number,
        "IpRanges": [{"CidrIp": cidr} for cidr in cidrs if ":" not in cidr],
        "Ipv6Ranges": [{"CidrIpv6": cidr} for cidr in cidrs if ":" in cidr],
    }


def watch(bench: Bench, *patterns: str) -> None:
    """Let the bench's inventory watch groups of these names."""
    security = Security(group_names=patterns)
    bench.inventory = bench.inventory.model_copy(update={"security": security})


def series(name: str, group: str, ports: str) -> tuple[str, ...]:
    """Return the key of a group's series."""
    return ("security_group_open_rules", name, group, *HOME, ports)


def test_open_rules_by_group(bench: Bench, aws: EmbeddedAws) -> None:
    """Rules for the whole world count, in both address families; others do not; none is 0."""
    ec2 = aws.client("ec2")
    everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    bastion = create(ec2, "ons-bastion", port(22, "0.0.0.0/0", "10.0.0.0/8"), port(443, "::/0"))
    legacy = create(ec2, "ons-legacy", everything, port(0, "0.0.0.0/0", last=65_535))
    closed = create(ec2, "ons-closed", port(22, "10.0.0.0/8", "2001:db8::/32"))
    watch(bench, "ons-*")
    assert bench.collect("security_groups") == {
        series("ons-bastion", bastion, "all"): 0.0,
        series("ons-bastion", bastion, "some"): 2.0,
        series("ons-legacy", legacy, "all"): 2.0,
        series("ons-legacy", legacy, "some"): 0.0,
        series("ons-closed", closed, "all"): 0.0,
        series("ons-closed", closed, "some"): 0.0,
    }


def test_closing_a_rule_is_seen(bench: Bench, aws: EmbeddedAws) -> None:
    """A revoked rule is gone on the next run, and so is a deleted group."""
    ec2 = aws.client("ec2")
    permission = port(22, "0.0.0.0/0")
    group = create(ec2, "ons-bastion", permission)
    watch(bench, "ons-*")
    assert bench.collect("security_groups")[series("ons-bastion", group, "some")] == 1.0
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[permission])
    assert bench.collect("security_groups")[series("ons-bastion", group, "some")] == 0.0
    ec2.delete_security_group(GroupId=group)
    assert bench.collect("security_groups") == {}


def test_every_page_is_read(bench: Bench, aws: EmbeddedAws) -> None:
    """More groups than an answer holds are read to the last."""
    for number in range(5):
        create(aws.client("ec2"), f"ons-{number}", port(22, "0.0.0.0/0"))
    aws.security.groups = 2
    watch(bench, "ons-*")
    found = bench.collect("security_groups")
    assert sum(value for value in found.values() if isinstance(value, float)) == 5.0
    assert aws.front.count("ec2", "DescribeSecurityGroups") == 3


def test_pattern_without_a_group_is_missing(bench: Bench, aws: EmbeddedAws) -> None:
    """A pattern that finds nothing says so; what others find is there."""
    create(aws.client("ec2"), "ons-bastion")
    watch(bench, "ons-*", "gone-*")
    reading = bench.reading("security_groups")
    assert (reading.seen, reading.expected, reading.missing) == (1, 2, ("gone-*",))
    assert len(values(reading)) == 2


def test_account_without_groups(bench: Bench) -> None:
    """Where no pattern finds a group there is no series, and coverage says why."""
    watch(bench, "ons-*")
    reading = bench.reading("security_groups")
    assert (reading.series, reading.seen, reading.expected) == ((), 0, 1)


def test_every_scope_is_read(bench: Bench, aws: EmbeddedAws) -> None:
    """Groups of another region are told apart by account and region."""
    clients = spread(bench, ("south", "210987654321", "sa-east-1"))
    group = create(clients.client("ec2", "south"), "ons-bastion", port(22, "::/0"))
    watch(bench, "ons-*")
    found = bench.collect("security_groups")
    south = ("security_group_open_rules", "ons-bastion", group, "210987654321", "sa-east-1")
    assert found == {(*south, "all"): 0.0, (*south, "some"): 1.0}


def test_refusal_is_classified(bench: Bench, aws: EmbeddedAws) -> None:
    """A denied call fails the collection with its reason."""
    aws.front.fail("ec2", "DescribeSecurityGroups", code="UnauthorizedOperation", status=403)
    with pytest.raises(ClientError) as failed:
        bench.collect("security_groups")
    known = classify(failed.value)
    assert known is not None
    assert known[0] is Reason.DENIED


def test_uses_are_the_calls_that_go_out(bench: Bench, aws: EmbeddedAws) -> None:
    """What a run says it sends is what AWS sees."""
    spread(bench, ("south", "210987654321", "sa-east-1"), ("same", "123456789012", "us-east-1"))
    bench.collect("security_groups")
    calls = aws.front.count("ec2", "DescribeSecurityGroups")
    assert calls == 2
    assert bench.collectors["security_groups"].uses(bench.inventory) == (
        Use("ec2", "DescribeSecurityGroups", calls),
    )


@pytest.mark.parametrize(
    ("permission", "counted"),
    [
        ({"IpProtocol": "-1"}, (1, 0)),
        ({"IpProtocol": "udp", "FromPort": 1, "ToPort": 65_535}, (1, 0)),
        ({"IpProtocol": "tcp", "FromPort": 1024, "ToPort": 65_535}, (0, 1)),
        ({"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1}, (0, 1)),
        ({"IpProtocol": "50"}, (0, 1)),
    ],
)
def test_all_ports_or_some(permission: dict[str, Any], counted: tuple[int, int]) -> None:
    """Every protocol, or every port of TCP or UDP, is all; the rest is some."""
    opened = {**permission, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    page = {"SecurityGroups": [{"GroupName": "g", "GroupId": "sg-1", "IpPermissions": [opened]}]}
    (group,) = parse([page])
    assert (group.every_port, group.some_ports) == counted


@given(st.text(alphabet="ab.[]*?", max_size=6), st.text(alphabet="ab.[]", max_size=6))
def test_only_two_wildcards(pattern: str, name: str) -> None:
    """A star takes anything; every other character but the question mark stands for itself."""
    assert matches(name, name)
    assert matches(f"{name}x", f"{name}*")
    if "*" not in pattern and "?" not in pattern:
        assert matches(name, pattern) == (name == pattern)
