"""Each rule that the inventory's page tells beside the types is one that is kept."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from alerts.packs import PlaybookError, packs
from catalogue.texts.inventory_rules import RULES
from inventory.load import InventoryError, load_inventory
from remediations.app import all_actions
from remediations.asking import playbook_problems

ROOT = Path(__file__).parents[2]
PLATFORM = yaml.safe_load((ROOT / "platform.yaml").read_text(encoding="utf-8"))
SCOPE = {"name": "far", "account": "210987654321", "region": "sa-east-1"}
GAUGE = {
    "name": "queue_messages",
    "kind": "gauge",
    "namespace": "AWS/SQS",
    "metric": "Messages",
    "help": {"pt-BR": "Mensagens", "en": "Messages"},
}
COLD = {"after": "90d", "storage_class": "GLACIER"}
IA = {"after": "100d", "storage_class": "STANDARD_IA"}

Change = Callable[[dict[str, Any]], object]


def lifecycle(*rules: dict[str, Any]) -> Change:
    """Give the first bucket these lifecycle rules."""
    return lambda data: data["buckets"][0].update(lifecycle=list(rules))


def metrics(*entries: dict[str, Any]) -> Change:
    """Watch these CloudWatch metrics."""
    return lambda data: data.update(metrics=[GAUGE | entry for entry in entries])


def playbook(**keys: Any) -> Change:
    """Change the first playbook, which rolls a function back."""
    return lambda data: data["playbooks"][0].update(keys)


def hours(**keys: Any) -> Change:
    """Change the business hours."""
    return lambda data: data["alerting"]["business_hours"].update(keys)


def rule(**keys: Any) -> dict[str, Any]:
    """Return a lifecycle rule."""
    return {"name": "cold"} | keys


BROKEN: list[tuple[str, str, Change]] = [
    (
        "Inventory.timezone",
        "unknown time zone",
        lambda data: data.update(timezone="Nowhere/At_All"),
    ),
    (
        "Scope.name",
        "stands in scopes more than once",
        lambda data: data.update(scopes=[SCOPE, SCOPE]),
    ),
    (
        "Resource.name",
        "stands in buckets more than once",
        lambda data: data["buckets"].append(data["buckets"][0]),
    ),
    (
        "Resource.name",
        "stands in apis more than once",
        lambda data: data["apis"].append(data["apis"][0]),
    ),
    ("Resource.scope", "unknown scope", lambda data: data["rules"][0].update(scope="nowhere")),
    ("CustomMetric.scope", "unknown scope", metrics({"scope": "nowhere"})),
    (
        "LogEvent.functions",
        "unknown function 'stranger'",
        lambda data: data["log_events"][0].update(functions=["stranger"]),
    ),
    (
        "LogEvent.amount",
        "one group must hold",
        lambda data: data["log_events"][0].update(amount="(a)(b)"),
    ),
    (
        "Bucket.snapshots",
        "no place for its own snapshots",
        lambda data: data["buckets"][0].update(snapshots=data["buckets"][0]["name"]),
    ),
    (
        "Bucket.lifecycle",
        "two rules have the same name",
        lifecycle(rule(expire_after="9d"), rule(expire_after="8d")),
    ),
    ("LifecycleRule.transitions", "a rule must do something", lifecycle(rule())),
    (
        "LifecycleRule.transitions",
        "can only become colder",
        lifecycle(rule(transitions=[COLD, IA])),
    ),
    (
        "LifecycleRule.transitions",
        "GLACIER: too early",
        lifecycle(rule(transitions=[IA, COLD | {"after": "129d"}])),
    ),
    (
        "LifecycleRule.transitions",
        "DEEP_ARCHIVE: too early",
        lifecycle(rule(transitions=[COLD, {"after": "90d", "storage_class": "DEEP_ARCHIVE"}])),
    ),
    (
        "LifecycleRule.expire_after",
        "'expire_after': must be whole days",
        lifecycle(rule(expire_after="36h")),
    ),
    (
        "LifecycleRule.expire_after",
        "must come after every transition",
        lifecycle(rule(transitions=[IA], expire_after="129d")),
    ),
    (
        "LifecycleRule.abort_uploads_after",
        "'abort_uploads_after': must be whole days",
        lifecycle(rule(abort_uploads_after="36h")),
    ),
    (
        "Transition.after",
        "'after': must be whole days",
        lifecycle(rule(transitions=[COLD | {"after": "36h"}])),
    ),
    (
        "Transition.after",
        "STANDARD_IA: too early",
        lifecycle(rule(transitions=[IA | {"after": "29d"}])),
    ),
    (
        "AppConfig.maintenance_flag",
        "unknown flag",
        lambda data: data["appconfig"].update(maintenance_flag="none"),
    ),
    ("CustomMetric.name", "only a counter's, ends in _total", metrics({"kind": "counter"})),
    (
        "CustomMetric.name",
        "only a counter's, ends in _total",
        metrics({"name": "queue_messages_total"}),
    ),
    ("CustomMetric.name", "another kind, help or labels", metrics({}, {"labels": {"queue": "a"}})),
    ("CustomMetric.labels", "has these labels already", metrics({}, {"metric": "Others"})),
    ("CustomMetric.statistic", "unknown statistic", metrics({"statistic": "Median"})),
    (
        "CustomMetric.statistic",
        "takes no other statistic",
        metrics({"name": "messages_total", "kind": "counter", "statistic": "p99"}),
    ),
    (
        "Objectives.windows",
        "could never fire",
        lambda data: data["objectives"]["windows"][0].update(budget_share=0.2),
    ),
    ("BusinessHours.end", "business hours end at", hours(start="18:00", end="18:00")),
    ("BusinessHours.holidays", "no day of the calendar", hours(holidays=["02-30"])),
    (
        "Playbook.name",
        "stands in playbooks more than once",
        lambda data: data["playbooks"].append(data["playbooks"][0]),
    ),
    ("Playbook.action", "there is no action", playbook(action="rollback_everything")),
    ("Playbook.targets", "unknown function 'stranger'", playbook(targets=["stranger"])),
    (
        "Playbook.targets",
        "its alias is not followed",
        lambda data: data["functions"][0].update(follow_alias=False),
    ),
    (
        "Playbook.targets",
        "may not act on",
        lambda data: data["playbooks"][1].update(targets=["another-application"]),
    ),
    ("Playbook.alerts", "unknown alerts", playbook(alerts=["NoSuchAlert"])),
    ("Playbook.alerts", "share DeploymentStuck", playbook(alerts=["DeploymentStuck"])),
    ("Playbook.params", "Extra inputs", playbook(params={"nonsense": 1})),
]
KEPT: list[tuple[str, Change]] = [
    (
        "LifecycleRule.transitions",
        lifecycle(rule(transitions=[IA, COLD | {"after": "130d"}], expire_after="131d")),
    ),
    ("LifecycleRule.expire_after", lifecycle(rule(transitions=[IA], expire_after="130d"))),
    ("LifecycleRule.abort_uploads_after", lifecycle(rule(abort_uploads_after="1d"))),
    ("Transition.after", lifecycle(rule(transitions=[IA | {"after": "30d"}]))),
    ("Resource.name", lambda data: data["apis"].append(data["apis"][0] | {"stage": "other"})),
    ("CustomMetric.labels", metrics({"labels": {"q": "a"}}, {"labels": {"q": "b"}})),
    ("CustomMetric.statistic", metrics({"statistic": "p99.9"})),
    ("BusinessHours.holidays", hours(holidays=["02-29", "2028-02-29"])),
]


def refusals(change: Change, tmp_path: Path) -> Iterator[str]:
    """Yield what is said against the platform's inventory after a change."""
    data = copy.deepcopy(PLATFORM)
    change(data)
    path = tmp_path / "platform.yaml"
    path.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    try:
        inventory = load_inventory(path)
        packs(inventory)
    except (InventoryError, PlaybookError) as error:
        yield str(error)
    else:
        yield from playbook_problems(inventory, all_actions())


def test_every_rule_is_tried() -> None:
    """There is a broken inventory for each rule that the page tells."""
    assert {rule for rule, _, _ in BROKEN} == set(RULES)


@pytest.mark.parametrize(("rule", "said", "change"), BROKEN)
def test_what_breaks_a_rule_is_refused(
    rule: str, said: str, change: Change, tmp_path: Path
) -> None:
    """An inventory that breaks a rule is refused for that, and for nothing else."""
    lines = "\n".join(refusals(change, tmp_path)).splitlines()
    assert lines, rule
    assert [line for line in lines if said not in line] == [], rule


@pytest.mark.parametrize(("rule", "change"), KEPT)
def test_what_just_keeps_a_rule_is_accepted(rule: str, change: Change, tmp_path: Path) -> None:
    """The rule as it is told refuses no more than it says: its boundary is accepted."""
    assert list(refusals(change, tmp_path)) == [], rule
