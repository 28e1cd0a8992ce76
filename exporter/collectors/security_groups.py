"""Security groups: ingress rules that are open to the whole world."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Text
from exporter.collector import CollectError, Collector, Context, Priority, Reading, Reason, Use
from exporter.places import Place, places
from exporter.samples import Series
from inventory.model import Inventory

OPEN_RULES = MetricSpec(
    "dataplatform_security_group_open_rules",
    Kind.GAUGE,
    ("group", "group_id", "account", "region", "ports"),
    Text(
        "Regras de entrada abertas ao mundo; ports diz se abrem todas as portas ou só algumas",
        "Ingress rules open to the world; ports says whether they open all ports or only some",
    ),
)
SPECS = (OPEN_RULES,)

_NAME = "security_groups"
_PAGE = 1000
_EVERY_PROTOCOL = "-1"
_WITH_PORTS = frozenset({"tcp", "udp", "6", "17"})
_LAST_PORT = 65_535


@dataclass(frozen=True)
class Group:
    """A security group, and how many of its rules open all ports, and some, to the world."""

    name: str
    identity: str
    every_port: int
    some_ports: int


def parse(pages: list[dict[str, Any]]) -> tuple[Group, ...]:
    """Read the pages of DescribeSecurityGroups; each open range of a permission is a rule."""
    return tuple(_group(found) for page in pages for found in page["SecurityGroups"])


def _group(found: Mapping[str, Any]) -> Group:
    opened = {True: 0, False: 0}
    for permission in found.get("IpPermissions", []):
        ranges = [item["CidrIp"] for item in permission.get("IpRanges", [])]
        ranges += [item["CidrIpv6"] for item in permission.get("Ipv6Ranges", [])]
        # However the address is written, a prefix of no bits is every address.
        opened[_opens_all(permission)] += sum(1 for cidr in ranges if cidr.endswith("/0"))
    return Group(found["GroupName"], found["GroupId"], opened[True], opened[False])


def _opens_all(permission: Mapping[str, Any]) -> bool:
    protocol = permission["IpProtocol"]
    if protocol == _EVERY_PROTOCOL:
        return True
    first, last = permission.get("FromPort", 0), permission.get("ToPort", _LAST_PORT)
    # Port 0 carries nothing: 1 to 65535 is every port too.
    return protocol in _WITH_PORTS and first <= 1 and last >= _LAST_PORT


def collect(context: Context) -> Reading:
    """Describe the groups of every place; a pattern that finds no group at all is missing."""
    patterns = context.inventory.security.group_names
    series: list[Series] = []
    names: set[str] = set()
    for place in places(context.inventory):
        for group in parse(list(_pages(context, place, patterns))):
            names.add(group.name)
            series += _series(place, group)
    missing = tuple(p for p in patterns if not any(matches(name, p) for name in names))
    return Reading(
        tuple(series),
        expected=len(patterns),
        seen=len(patterns) - len(missing),
        missing=missing,
    )


def matches(name: str, pattern: str) -> bool:
    """Say whether a group's name matches a filter's pattern.

    ``*`` stands for anything, ``?`` for at most one character (EC2 user guide, "Filtering").
    """
    wild = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".?")
    return re.fullmatch(wild, name, re.DOTALL) is not None


def _pages(context: Context, place: Place, patterns: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    request: dict[str, Any] = {
        "Filters": [{"Name": "group-name", "Values": list(patterns)}],
        "MaxResults": _PAGE,
    }
    while True:
        if context.remaining() <= 0:
            raise CollectError(Reason.TIMEOUT, "no time left for DescribeSecurityGroups")
        page = context.client("ec2", place.scope).describe_security_groups(**request)
        yield page
        if not page.get("NextToken"):
            return
        request["NextToken"] = page["NextToken"]


def _series(place: Place, group: Group) -> Iterator[Series]:
    labels = (group.name, group.identity, place.account, place.region)
    yield Series(OPEN_RULES, (*labels, "all"), float(group.every_port))
    yield Series(OPEN_RULES, (*labels, "some"), float(group.some_ports))


def uses(inventory: Inventory) -> tuple[Use, ...]:
    """Return what one run sends: a page of a thousand groups in each place."""
    return (Use("ec2", "DescribeSecurityGroups", len(places(inventory))),)


COLLECTOR = Collector(
    name=_NAME,
    specs=SPECS,
    iam=("ec2:DescribeSecurityGroups",),
    every=lambda inventory: inventory.collection.security_every,
    offset=lambda _inventory: 0.0,
    deadline=lambda _inventory: 60.0,
    collect=collect,
    uses=uses,
    priority=Priority.NORMAL,
    splits=False,
)
