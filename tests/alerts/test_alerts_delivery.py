"""Who is told of which alert and when, by a real Alertmanager with the generated configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import heard
import pytest

import alerts.alertmanager
from alerts import packs
from alerts.inhibition import INHIBITIONS
from alerts.rule import AlertRule, Severity
from inventory.load import load_inventory
from inventory.notices import BusinessHours
from tests.conftest import wait_for

INVENTORY = load_inventory(Path(__file__).parents[2] / "platform.yaml")
RULES = {rule.key: rule for rule in packs.rules(INVENTORY)}
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ENGINE = "alerts"
"""The last part of the engine's address."""


def _alert(rule: AlertRule, environment: str, /, **more: str) -> dict[str, Any]:
    return {
        "labels": {
            "alertname": rule.name,
            **rule.labels(INVENTORY),
            **more,
            "environment": environment,
        },
        "annotations": {"summary": rule.texts.summary.en},
    }


def _hours(when: str) -> BusinessHours:
    day = BusinessHours(weekdays=WEEK, start="00:00", end="24:00")
    if when == "night":
        start, end = heard.away_from_now()
        return day.model_copy(update={"start": start, "end": end})
    if when == "holiday":
        today = datetime.now(UTC)
        days = (today + timedelta(days=number) for number in (0, 1))
        return day.model_copy(update={"holidays": tuple(f"{day:%m-%d}" for day in days)})
    return day


@dataclass(frozen=True)
class Office:
    """An Alertmanager that tells the ears what it would tell people."""

    ears: heard.Ears
    told: heard.Told


def _office(root: Path, ears: heard.Ears, when: str) -> Any:
    inventory = heard.quick(
        INVENTORY, business_hours=_hours(when), remediations_url=f"{ears.url}/engine"
    )
    token = root / "token"
    token.write_text("secret", encoding="utf-8")
    config = alerts.alertmanager.alertmanager(
        inventory, credentials_file=str(token), sink_url=f"{ears.url}/sink"
    )
    return heard.alertmanager(root, config)


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An office within business hours."""
    with (
        heard.ears() as ears,
        _office(tmp_path_factory.mktemp("day"), ears, "day") as told,
    ):
        yield Office(ears, told)


def _people(rule: AlertRule, *, open_: bool) -> set[str]:
    """Say anew who should hear: written down here on purpose."""
    if rule.name == "Watchdog":
        return {"watchdog"}
    if rule.name.startswith("EscalationTier"):
        return {"EscalationTier2": {"engineering-page"}, "EscalationTier3": {"architecture-page"}}[
            rule.name
        ]
    urgent = rule.severity is Severity.PAGE
    if rule.team == "security":
        people = {"security"} if urgent else {"security-ticket"} if open_ else set()
    else:
        people = {"operations-page"} if urgent else {"operations-ticket"} if open_ else set()
    if rule.key == "CostOverBudget/120%":
        people |= {"executive"}
    return people | ({ENGINE} if rule.playbook else set())


def _mark(number: int) -> str:
    return f"env-{number:03d}"


def _expected(*, open_: bool) -> dict[str, set[str]]:
    return {key: _people(rule, open_=open_) for key, rule in RULES.items()}


def _told(office: Office) -> dict[str, set[str]]:
    return {key: office.ears.receivers(_mark(number)) for number, key in enumerate(RULES)}


def _sentinel(office: Office, mark: str) -> None:
    """Wait until an urgent alert that comes after all others was told: they had their turn."""
    office.told.post([_alert(RULES["InfluxDown"], mark, bucket="other")])
    wait_for(lambda: office.ears.receivers(mark), 20)


def _tell_all(office: Office) -> None:
    # Each in an environment of its own: none is in another's group, and none mutes another.
    office.told.post(
        [_alert(rule, _mark(number)) for number, rule in enumerate(RULES.values())],
    )


def test_in_business_hours_everybody_is_told(day: Office) -> None:
    """Each alert reaches exactly those who should hear of it."""
    _tell_all(day)
    wait_for(lambda: _told(day) == _expected(open_=True), 30)
    _sentinel(day, "after-all")
    assert _told(day) == _expected(open_=True)


@pytest.mark.parametrize("when", ["night", "holiday"])
def test_out_of_hours_only_pages_are_told(when: str, tmp_path: Path) -> None:
    """At night and on a holiday nobody hears of a ticket; every page is told all the same."""
    with heard.ears() as ears, _office(tmp_path, ears, when) as told:
        office = Office(ears, told)
        _tell_all(office)
        wait_for(lambda: _told(office) == _expected(open_=False), 30)
        _sentinel(office, "after-all")
        assert _told(office) == _expected(open_=False)


def test_the_end_is_told_too(day: Office) -> None:
    """Whoever was told of an alert, the engine included, is told that it is over."""
    alert = _alert(RULES["FunctionRegressedAfterDeploy"], "over-soon", function="lambda_router")
    day.told.post([alert])
    wait_for(lambda: len(day.ears.receivers("over-soon")) == 2, 20)
    now = datetime.now(UTC)
    day.told.post([{**alert, "endsAt": now.isoformat()}])

    def resolved() -> set[str]:
        return {
            post.path.rsplit("/", 1)[-1]
            for post in list(day.ears.posts)
            if "over-soon" in post.body and '"status":"resolved"' in post.body
        }

    wait_for(lambda: resolved() == {"operations-page", ENGINE}, 20)


def test_maintenance_is_quiet_and_the_heart_beats(day: Office) -> None:
    """Under a window's silence nobody is told but the dead man's switch; after it they are."""
    silence = day.told.silence(
        {"name": "environment", "value": "maintained", "isRegex": False, "isEqual": True},
        {"name": "alertname", "value": "Watchdog", "isRegex": False, "isEqual": False},
    )
    day.told.post(
        [
            _alert(RULES["InfluxDown"], "maintained", bucket="energy_data"),
            _alert(RULES["RuleDisabled"], "maintained", rule="on-arrival"),
            _alert(RULES["Watchdog"], "maintained"),
        ]
    )
    _sentinel(day, "during-maintenance")
    assert day.ears.receivers("maintained") == {"watchdog"}
    day.told.expire(silence)
    everybody = {"watchdog", "operations-page", "operations-ticket"}
    wait_for(lambda: day.ears.receivers("maintained") == everybody, 20)


def test_the_second_level_hears_of_escalations_alone(day: Office) -> None:
    """A page tells the first level; its escalations tell the levels above, each one's own."""
    page = _alert(RULES["InfluxDown"], "unsolved-env", bucket="energy_data")
    day.told.post([page])
    wait_for(lambda: day.ears.receivers("unsolved-env") == {"operations-page"}, 20)
    day.told.post([_alert(RULES["EscalationTier2"], "unsolved-env", escalated="InfluxDown")])
    wait_for(
        lambda: day.ears.receivers("unsolved-env") == {"operations-page", "engineering-page"}, 20
    )
    day.told.post([_alert(RULES["EscalationTier3"], "unsolved-env", escalated="InfluxDown")])
    everybody = {"operations-page", "engineering-page", "architecture-page"}
    wait_for(lambda: day.ears.receivers("unsolved-env") == everybody, 20)


def _named(name: str) -> AlertRule:
    return next(rule for rule in RULES.values() if rule.name == name)


PAIRS = [(one, target) for one in INHIBITIONS for target in one.targets]


def test_what_follows_from_another_is_muted(day: Office) -> None:
    """Beside its cause a target tells nobody; with another value of a compared label it does."""
    sources, targets = [], []
    for number, (one, target) in enumerate(PAIRS):
        apart = [label for label in one.equal if label != "environment"]
        mine = dict.fromkeys(apart, "same")
        here = f"pair-{number:03d}"
        sources.append(_alert(_named(one.source), here, **mine))
        targets.append(_alert(_named(target), here, **mine, mark=f"muted-{number:03d}"))
        other: Mapping[str, str] = dict.fromkeys(apart, "other")
        place = here if apart else f"elsewhere-{number:03d}"
        targets.append(_alert(_named(target), place, **other, mark=f"told-{number:03d}"))
    day.told.post(sources)
    wait_for(lambda: all(day.ears.receivers(f"pair-{n:03d}") for n in range(len(PAIRS))), 30)
    day.told.post(targets)
    wait_for(lambda: all(day.ears.receivers(f"told-{n:03d}") for n in range(len(PAIRS))), 30)
    _sentinel(day, "after-pairs")
    muted = {pair: day.ears.receivers(f"muted-{number:03d}") for number, pair in enumerate(PAIRS)}
    assert {pair: told for pair, told in muted.items() if told} == {}
