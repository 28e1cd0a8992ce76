"""Who is told of which alert, and what may silence what."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from alerts import packs
from alerts.alertmanager import alertmanager
from alerts.inhibition import INHIBITIONS
from alerts.rule import AlertRule
from inventory.load import load_inventory

INVENTORY = load_inventory(Path(__file__).parents[2] / "platform.yaml")
RULES = {rule.key: rule for rule in packs.rules(INVENTORY)}
DOCUMENT = yaml.safe_load(alertmanager(INVENTORY))
SPECIAL = {
    "Watchdog": "watchdog",
    "EscalationTier2": "engineering-page",
    "EscalationTier3": "architecture-page",
    "CostOverBudget/120%": "executive,operations-page",
}


@pytest.fixture(scope="module")
def configuration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The generated Alertmanager configuration as a file."""
    path = tmp_path_factory.mktemp("routes") / "alertmanager.yml"
    path.write_text(alertmanager(INVENTORY), encoding="utf-8")
    return path


@pytest.mark.parametrize("key", RULES)
def test_alert_reaches_its_receivers(key: str, configuration: Path) -> None:
    """Amtool routes the alert's labels to exactly the receivers that should hear of it."""
    rule = RULES[key]
    by_severity = "operations-page" if rule.severity == "page" else "operations-ticket"
    if rule.team == "security":
        by_severity = "security" if rule.severity == "page" else "security-ticket"
    engine = "remediations," if rule.playbook else ""
    labels = {"alertname": rule.name, **rule.labels(INVENTORY)}
    done = subprocess.run(
        [
            "amtool",
            "config",
            "routes",
            "test",
            f"--config.file={configuration}",
            f"--verify.receivers={engine + SPECIAL.get(key, by_severity)}",
            *(f"{label}={value}" for label, value in labels.items()),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _labels(name: str) -> set[str]:
    rules: list[AlertRule] = [rule for rule in RULES.values() if rule.name == name]
    assert rules, f"no alert {name}"
    return set.intersection(*({*rule.expr.labels, *rule.labels(INVENTORY)} for rule in rules))


def test_inhibition_compares_labels_of_both_sides() -> None:
    """Source and targets exist and carry every label compared, or unrelated alerts were muted."""
    for inhibition in INHIBITIONS:
        for name in (inhibition.source, *inhibition.targets):
            assert set(inhibition.equal) <= _labels(name), name


def test_inhibition_asks_for_the_labels() -> None:
    """Every inhibition requires the compared labels to be there on both sides."""
    for rule in DOCUMENT["inhibit_rules"]:
        wanted = {f'{label}!=""' for label in rule["equal"]}
        assert wanted <= set(rule["source_matchers"])
        assert wanted <= set(rule["target_matchers"])


def test_the_engine_hears_first_and_by_target() -> None:
    """The remediation route comes first, goes on to people, and groups by one target."""
    route = DOCUMENT["route"]["routes"][0]
    assert route["receiver"] == "remediations"
    assert route["continue"] is True
    assert route["group_by"] == ["alertname", "environment", "function"]
    assert route["group_wait"] == "5s"


def test_people_are_told_soon_and_not_too_often() -> None:
    """A page goes out after half a minute and again every four hours, a ticket every day."""
    root, routes = DOCUMENT["route"], DOCUMENT["route"]["routes"]
    assert root["group_by"] == ["alertname", "environment"]
    waits = (root["group_wait"], root["group_interval"], root["repeat_interval"])
    assert waits == ("30s", "5m", "4h")
    for route in routes:
        if route["receiver"] not in ("remediations", "watchdog"):
            assert not {"group_by", "group_wait", "group_interval"} & route.keys()
            later = "ticket" in route["receiver"]
            assert route.get("repeat_interval") == ("1d" if later else None)


def test_every_beat_of_the_watchdog_is_sent() -> None:
    """The dead man's switch repeats at every flush of its group: it repeats faster than that."""
    route = DOCUMENT["route"]["routes"][1]
    assert (route["group_interval"], route["repeat_interval"]) == ("2m", "1m")


def test_tickets_wait_for_business_hours() -> None:
    """Tickets are sent on working days from eight to six, in the inventory's time zone."""
    hours, holidays = DOCUMENT["time_intervals"]
    assert hours["time_intervals"] == [
        {
            "weekdays": ["monday", "tuesday", "wednesday", "thursday", "friday"],
            "times": [{"start_time": "08:00", "end_time": "18:00"}],
            "location": "America/Sao_Paulo",
        }
    ]
    zone = {"location": "America/Sao_Paulo"}
    assert {"months": ["12"], "days_of_month": ["25"], **zone} in holidays["time_intervals"]
    easter = {"years": ["2026"], "months": ["4"], "days_of_month": ["3"], **zone}
    assert easter in holidays["time_intervals"]
    waiting = [
        (route["receiver"], route["mute_time_intervals"])
        for route in DOCUMENT["route"]["routes"]
        if "active_time_intervals" in route
    ]
    assert waiting == [("security-ticket", ["holidays"]), ("operations-ticket", ["holidays"])]


def test_every_alert_can_be_routed_and_acted_on() -> None:
    """Each alert names severity, team, tier and environment; urgent ones of tier 1 escalate."""
    for rule in RULES.values():
        labels = rule.labels(INVENTORY)
        assert {"severity", "team", "tier", "environment"} <= labels.keys()
        assert ("escalate" in labels) == (rule.severity == "page" and rule.tier == 1)
