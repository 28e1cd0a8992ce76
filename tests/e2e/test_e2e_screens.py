"""What a person sees in a browser: Prometheus, Alertmanager and the console, all with our texts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import yaml

from alerts import packs
from catalogue.texts import why as standings
from remediations.model import Outcome
from simulator.faults import Injected
from simulator.world import World
from tests.browser import Browser, chromium
from tests.conftest import wait_for
from tests.e2e.conftest import REGRESSED, Regression
from tests.e2e.driver import run_on

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(400),
    pytest.mark.xdist_group("loop"),
]
ALERT = "FunctionRegressedAfterDeploy"
_FIRING_ONLY = """
document.querySelector('#inactiveAlerts')?.parentElement.click();
document.querySelector('#pendingAlerts')?.parentElement.click();
// The rows of groups name the file that they came from.
const groups = [...document.querySelectorAll('#alertsTable > tbody > tr:not([class])')];
for (const row of groups.filter(one => one.innerText.includes('.yml >'))) row.remove();
for (const row of document.querySelectorAll('tr.alert_header')) {
  if (row.innerText.includes(%s)) row.click();
}
document.querySelector('div.show-annotations')?.click();
"""
_STATES = """
const marks = document.querySelectorAll('.state_indicator, .badge, .mantine-Badge-root');
return [...marks].map(one => one.innerText.trim().toLowerCase());
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all pages."""
    with chromium() as window:
        yield window


def prometheus_page(world: World, name: str) -> str:
    """Return the URL of a page: Debian's Prometheus has the classic ones alone."""
    for path in (f"/{name}", f"/classic/{name}"):
        url = world.addresses.prometheus + path
        if requests.get(url, timeout=10).ok:
            return url
    pytest.skip("this Prometheus was built without its pages")


def test_prometheus_shows_our_alerts(
    world: World, deployed: Injected, browser: Browser, pictures: Path
) -> None:
    """Every alert of ours is on the page, and those that fire are told with their summary."""
    wait_for(
        lambda: world.look().fires(ALERT, REGRESSED) or run_on(world, REGRESSED).get("closed_at"),
        120,
    )
    browser.open(prometheus_page(world, "alerts"))
    rules = packs.rules(world.inventory)

    def shown() -> bool:
        text = browser.text()
        return all(rule.name in text for rule in rules)

    wait_for(shown, 20)
    browser.run(_FIRING_ONLY % json.dumps(ALERT))
    firing = {one.name for one in world.observer.alerts() or () if one.state == "firing"}
    assert firing
    text = browser.text()
    assert [name for name in firing if name not in text] == []
    browser.resize(1280, 1250)
    browser.picture(pictures / "prometheus-alerts.png")


def test_alertmanager_shows_our_groups(
    world: World, deployed: Injected, browser: Browser, pictures: Path
) -> None:
    """What fires is there under our receivers, with labels that say who is concerned."""
    url = world.addresses.alertmanager
    if not requests.get(f"{url}/script.js", timeout=10).ok:
        pytest.skip("this Alertmanager was built without its pages, as Debian's is")
    browser.open(f"{url}/#/alerts")
    config = yaml.safe_load((world.layout.root / "alertmanager.yml").read_text("utf-8"))
    receivers = {one["name"] for one in config["receivers"]}

    def shown() -> bool:
        text = browser.text()
        groups = requests.get(f"{url}/api/v2/alerts/groups", timeout=10).json()
        heard = {group["receiver"]["name"] for group in groups}
        names = {group["labels"]["alertname"] for group in groups}
        assert heard <= receivers
        return bool(names) and all(f'alertname="{name}"' in text for name in names)

    wait_for(shown, 60)
    browser.resize(1280, 1000)
    browser.picture(pictures / "alertmanager.png")


def test_prometheus_shows_our_rules(world: World, browser: Browser, tmp_path: Path) -> None:
    """Every group of rules is on the page, and none has an error."""
    browser.open(prometheus_page(world, "rules"))
    groups = {
        group["name"]
        for path in (world.layout.root / "rules").iterdir()
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
    }

    def shown() -> bool:
        text = browser.text()
        return all(name in text for name in groups)

    wait_for(shown, 20)
    states = browser.run(_STATES)
    assert isinstance(states, list)
    assert states.count("ok") >= len(packs.rules(world.inventory))
    assert "err" not in states
    browser.resize(1280, 1000)
    browser.picture(tmp_path / "prometheus-rules.png")


def test_the_console_tells_the_run(
    world: World, regression: Regression, browser: Browser, pictures: Path
) -> None:
    """The console lists the run in words, its page says why, and the runbook reads as a page."""
    browser.open(world.addresses.remediations)
    text = browser.text()
    locale = world.inventory.locale
    ended = standings.OUTCOMES[Outcome.SUCCEEDED].in_(locale)
    for word in (regression.run["id"], ALERT, f"rollback_function → {REGRESSED}", ended):
        assert word in text
    browser.resize(1280, 500)
    browser.picture(pictures / "console.png")
    browser.open(f"{world.addresses.remediations}/why/{regression.run['fingerprint']}")
    assert regression.run["id"] in browser.text()
    assert f"rollback_function em {REGRESSED}: {ended}" in browser.text()
    browser.resize(1280, 840)
    browser.picture(pictures / "console-why.png")
    browser.open(f"{world.addresses.remediations}/runbooks/{ALERT}")
    headings = browser.run("return [...document.querySelectorAll('h2')].map(one => one.innerText)")
    assert isinstance(headings, list)
    assert len(headings) >= 4
    assert "##" not in browser.text()
    browser.resize(1280, 1000)
    browser.picture(pictures / "runbook.png")
