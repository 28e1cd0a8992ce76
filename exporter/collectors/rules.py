"""EventBridge: whether each rule is enabled, what it starts, and how often it did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Text
from exporter import deadline, views
from exporter.collector import Collector, Context, Reading, Use
from exporter.described import reading, unless_missing
from exporter.samples import Series
from exporter.views import View
from inventory.model import Inventory
from inventory.resources import Rule

ENABLED = MetricSpec(
    "dataplatform_rule_enabled",
    Kind.GAUGE,
    ("rule",),
    Text("1 se a regra está habilitada", "1 if the rule is enabled"),
)
INFO = MetricSpec(
    "dataplatform_rule_info",
    Kind.GAUGE,
    ("rule", "event_bus", "managed_by"),
    Text(
        "Barramento da regra e serviço da AWS que a administra, se algum; sempre 1",
        "Event bus of the rule and the AWS service that manages it, if any; always 1",
    ),
)
TARGETS = MetricSpec(
    "dataplatform_rule_targets",
    Kind.GAUGE,
    ("rule",),
    Text("Alvos que a regra inicia", "Targets that the rule starts"),
)
TRIGGERED = MetricSpec(
    "dataplatform_rule_triggered_total",
    Kind.COUNTER,
    ("rule",),
    Text("Eventos que acionaram a regra", "Events that triggered the rule"),
)
INVOCATIONS = MetricSpec(
    "dataplatform_rule_invocations_total",
    Kind.COUNTER,
    ("rule",),
    Text("Vezes em que a regra iniciou um alvo", "Times that the rule started a target"),
)
FAILED_INVOCATIONS = MetricSpec(
    "dataplatform_rule_failed_invocations_total",
    Kind.COUNTER,
    ("rule",),
    Text(
        "Vezes em que a regra não conseguiu iniciar um alvo",
        "Times that the rule could not start a target",
    ),
)
THROTTLED = MetricSpec(
    "dataplatform_rule_throttled_total",
    Kind.COUNTER,
    ("rule",),
    Text("Acionamentos da regra recusados por limite", "Rule executions that were throttled"),
)
SPECS = (ENABLED, INFO, TARGETS, TRIGGERED, INVOCATIONS, FAILED_INVOCATIONS, THROTTLED)

_NAME = "rules"
# FailedInvocations is sent only where it is not zero: the counter simply stays.
_COUNTED = (
    (TRIGGERED, "TriggeredRules"),
    (INVOCATIONS, "Invocations"),
    (FAILED_INVOCATIONS, "FailedInvocations"),
    (THROTTLED, "ThrottledRules"),
)


@dataclass(frozen=True)
class Described:
    """What EventBridge says of a rule."""

    enabled: bool
    event_bus: str
    managed_by: str
    targets: int


def parse(rule: Mapping[str, Any], targets: int) -> Described:
    """Read an answer of DescribeRule; every state but DISABLED is a way of being enabled."""
    return Described(
        str(rule["State"]) != "DISABLED",
        str(rule.get("EventBusName") or "default"),
        str(rule.get("ManagedBy") or ""),
        targets,
    )


def collect(context: Context) -> Reading:
    """Describe every rule, then read what CloudWatch counted."""
    described = {
        rule.key: unless_missing(partial(_describe, context, rule), "ResourceNotFoundException")
        for rule in context.inventory.rules
    }
    return reading(context, _NAME, described, _series, _views(context.inventory))


def _describe(context: Context, rule: Rule) -> Described:
    client = context.client("events", rule.scope)
    deadline.check(context, "DescribeRule")
    answer = client.describe_rule(Name=rule.name, EventBusName=rule.bus)
    targets, request = 0, {"Rule": rule.name, "EventBusName": rule.bus}
    while True:
        deadline.check(context, "ListTargetsByRule")
        page = client.list_targets_by_rule(**request)
        targets += len(page["Targets"])
        if not page.get("NextToken"):
            return parse(answer, targets)
        request["NextToken"] = page["NextToken"]


def _series(rule: str, found: Described) -> Iterator[Series]:
    yield Series(ENABLED, (rule,), float(found.enabled))
    yield Series(INFO, (rule, found.event_bus, found.managed_by), 1.0)
    yield Series(TARGETS, (rule,), float(found.targets))


def _dimensions(rule: Rule) -> tuple[tuple[str, str], ...]:
    # CloudWatch names the bus of a rule only where it is not the default one, and never by ARN.
    bus = rule.bus.rsplit("/", 1)[-1]
    named = () if bus == "default" else (("EventBusName", bus),)
    return (*named, ("RuleName", rule.name))


def _views(inventory: Inventory) -> list[View]:
    return [
        View(spec, (rule.key,), "AWS/Events", name, _dimensions(rule), rule.key, scope=rule.scope)
        for rule in inventory.rules
        for spec, name in _COUNTED
    ]


def uses(inventory: Inventory) -> tuple[Use, ...]:
    """Return what one run sends; CloudWatch is asked in some of them only."""
    collection, rules = inventory.collection, len(inventory.rules)
    return (
        Use("events", "DescribeRule", rules),
        Use("events", "ListTargetsByRule", rules),
        views.use_of(_views(inventory), collection.control_plane_every, views.slow(collection)),
    )


COLLECTOR = Collector(
    name=_NAME,
    specs=SPECS,
    iam=("cloudwatch:GetMetricData", "events:DescribeRule", "events:ListTargetsByRule"),
    every=lambda inventory: inventory.collection.control_plane_every,
    offset=lambda inventory: inventory.collection.lag,
    deadline=lambda inventory: max(inventory.collection.period, 10.0),
    collect=collect,
    uses=uses,
)
