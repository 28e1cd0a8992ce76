"""For every alert: how it is grouped, and whether a maintenance window keeps it quiet."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import heard
import pytest
import requests

import alerts.alertmanager
from alerts import packs
from alerts.rule import AlertRule
from catalogue.silences import SECURITY_ALERTS, SELF_ALERTS
from inventory.load import load_inventory
from inventory.notices import BusinessHours
from remediations import silences
from remediations.alertmanager import Alertmanager
from remediations.ledger.windows import Phase, Window
from tests.conftest import wait_for

INVENTORY = load_inventory(Path(__file__).parents[2] / "platform.yaml")
RULES = {rule.key: rule for rule in packs.rules(INVENTORY)}
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ENGINE = "alerts"
"""The last part of the engine's address."""
TOLD = {
    *("CostOverBudget", "CostForecastOverBudget", "ServiceCostJumped", "LogsWithoutRetention"),
    # Of deployments and flags people want to know above all while they work.
    *("DeploymentFailed", "DeploymentRolledBack", "FlagDeploymentRolledBack", "FlagsUnlisted"),
    *SELF_ALERTS,
    *SECURITY_ALERTS,
}
"""What people hear of in a maintenance window all the same: written down anew on purpose."""
SERVICES = {label: values[0] for label, values in silences.services(INVENTORY).items()}
"""A service of the inventory for each label that names one."""


@pytest.fixture
def ears() -> Iterator[heard.Ears]:
    """Whoever is told."""
    with heard.ears() as made:
        yield made


@pytest.fixture
def told(tmp_path: Path, ears: heard.Ears) -> Iterator[heard.Told]:
    """An Alertmanager within business hours that tells the ears what it would tell people."""
    inventory = heard.quick(
        INVENTORY,
        business_hours=BusinessHours(weekdays=WEEK, start="00:00", end="24:00"),
        remediations_url=f"{ears.url}/engine",
    )
    (tmp_path / "token").write_text("secret", encoding="utf-8")
    config = alerts.alertmanager.alertmanager(
        inventory, credentials_file=str(tmp_path / "token"), sink_url=f"{ears.url}/sink"
    )
    with heard.alertmanager(tmp_path, config) as made:
        yield made


def _alert(rule: AlertRule, /, **more: str) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "labels": {"alertname": rule.name, **rule.labels(INVENTORY), **more},
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(minutes=5)).isoformat(),
    }


def test_people_hear_once_and_the_engine_of_each_target(told: heard.Told, ears: heard.Ears) -> None:
    """Two of an alert in one environment are one notice to each person, and two to the engine."""
    rules = {key: rule for key, rule in RULES.items() if rule.name != "Watchdog"}
    marks = {key: f"env-{number:03d}" for number, key in enumerate(rules)}
    told.post(
        _alert(rule, environment=marks[key], function=f"copy-{copy}", copy=f"copy-{copy}")
        for key, rule in rules.items()
        for copy in (1, 2)
    )

    def notices(key: str) -> list[tuple[str, int]]:
        posts = [post for post in list(ears.posts) if f'"{marks[key]}"' in post.body]
        return sorted(
            (post.path.rsplit("/", 1)[-1], len(json.loads(post.body)["alerts"])) for post in posts
        )

    def expected(key: str) -> list[tuple[str, int]]:
        engine = [(ENGINE, 1), (ENGINE, 1)] if rules[key].playbook else []
        return sorted([*engine, *((who, 2) for who in _people(rules[key]))])

    wait_for(lambda: all(len(notices(key)) >= len(expected(key)) for key in rules), 30)
    assert {key: notices(key) for key in rules} == {key: expected(key) for key in rules}


def _people(rule: AlertRule) -> set[str]:
    if rule.tier > 1:
        return {f"{rule.team}-page"}
    if rule.team == "security":
        return {"security" if rule.severity == "page" else "security-ticket"}
    executive = {"executive"} if rule.key == "CostOverBudget/120%" else set()
    urgent = "page" if rule.severity == "page" else "ticket"
    return {f"operations-{urgent}", *executive}


def test_a_window_silences_the_platform_and_nothing_else(told: heard.Told) -> None:
    """Under a window's own silences every alert on a service is quiet, and no other is."""
    now = time.time()
    window = Window("w-1", Phase.ACTIVE, "ana", "test", now - 60, now + 3600, None, ())
    assert silences.impose(Alertmanager(told.url), INVENTORY, window) == len(SERVICES)
    told.post(_alert(rule, **_names(rule), key=key) for key, rule in RULES.items())

    def found() -> dict[str, bool]:
        answer = requests.get(f"{told.url}/api/v2/alerts", timeout=10).json()
        return {
            one["labels"]["key"]: bool(one["status"]["silencedBy"])
            for one in answer
            if one["status"]["state"] != "unprocessed"
        }

    wait_for(lambda: found().keys() == RULES.keys(), 30)
    assert found() == {key: rule.name not in TOLD for key, rule in RULES.items()}


def _names(rule: AlertRule) -> dict[str, str]:
    """Return what the alert is about, as the inventory names it."""
    named = {label: SERVICES[label] for label in rule.expr.labels & SERVICES.keys()}
    if rule.name.startswith("EscalationTier"):
        return {"escalated": "InfluxDown", "bucket": INVENTORY.influxdb.bucket}
    objective = next((name for name in INVENTORY.objectives.by_name if _burns(rule, name)), None)
    return {**named, **({"objective": objective} if objective else {})}


def _burns(rule: AlertRule, objective: str) -> bool:
    return f'objective="{objective}"' in rule.expr.text
