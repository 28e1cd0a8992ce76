"""The whole pack at once: in an empty world, on an idle platform, and told in both languages."""

from __future__ import annotations

import json
import re
import shutil
import string
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from patterns import FIRES, T0
from platform_idle import idle
from promtool import Job, Line, Scenario, gauge, run
from test_alerts_rules import CASES

from alerts import generate, packs, recording
from alerts.rule import LOCALES, AlertRule, Severity
from catalogue.text import Locale
from grafana.generate import files as dashboards
from inventory.load import load_inventory
from tests.conftest import wait_for
from tests.prometheus import prometheus_at

ROOT = Path(__file__).parents[2]
INVENTORY = load_inventory(ROOT / "platform.yaml")
RULES = {rule.key: rule for rule in packs.rules(INVENTORY)}
PAGES = {rule.name for rule in RULES.values() if rule.severity is Severity.PAGE}
_HOUR, _MINUTE = 3600, 60
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_GOT = re.compile(r"Labels:\{(.*)\}\n\s+Annotations:\{(.*)\}")
_NAME = re.compile(r"\b(?:dataplatform[_:]|vigia_|up\b)[a-z0-9_:]*")
IN_TROUBLE = {
    *("vigia_run_blocked", "vigia_run_needs_human", "dataplatform_bucket_setting_unknown_info"),
    *("vigia_resource_missing", "dataplatform_state_machine_oldest_running_timestamp_seconds"),
}
"""Series that are not there at all while all is well and nothing runs."""
_FIGURE = r"-?[\d.]+\w*%?(?: \d+\w)*"


BOARDS = {
    board["uid"]: {panel["id"] for panel in board["panels"]}
    for path, text in dashboards(INVENTORY).items()
    if path.endswith(".json")
    for board in (json.loads(text),)
}
"""The panels of each dashboard, by its uid."""


def _firing(at: int, *expected: str) -> dict[str, Any]:
    return {
        "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
        "eval_time": f"{at}s",
        "exp_samples": [
            {
                "labels": f'{{alertname="{name.partition("*")[0]}"}}',
                "value": int(name.partition("*")[2] or 1),
            }
            for name in expected
        ],
    }


def _world(
    name: str, series: Mapping[str, Line], end: int, step: int, *checks: dict[str, Any]
) -> Job:
    groups = [*recording.groups(INVENTORY), *packs.groups(INVENTORY)]
    return Job(
        name,
        {
            "rule_files": [f"{name}.rules.yml"],
            "evaluation_interval": f"{step}s",
            "tests": [
                {
                    "interval": f"{step}s",
                    "input_series": [
                        {"series": one, "values": line.values(step, end)}
                        for one, line in series.items()
                    ],
                    "promql_expr_test": list(checks),
                }
            ],
        },
        [rule for group in groups for rule in group["rules"]],
    )


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What promtool says of each world."""
    late = 3 * _HOUR
    both = ("EscalationTier2", "EscalationTier3")
    down = {'dataplatform_influxdb_up{bucket="e"}': gauge({0: 1, T0: 0})}
    page = T0 + 90
    here = {
        'up{job="vigia-exporter"}': gauge({0: 1}),
        'up{job="vigia-remediations"}': gauge({0: 1}),
    }
    chain = {**down, **here}
    return run(
        tmp_path_factory.mktemp("worlds"),
        [
            _world(
                "empty",
                {},
                _HOUR,
                _MINUTE,
                _firing(0, "Watchdog"),
                _firing(
                    _HOUR,
                    *("ExporterDown", "RemediationDown", "Watchdog"),
                    *(f"{name}*2" for name in both),
                ),
                # Nor is any about to make one later, whatever it waits for.
                {
                    "expr": 'count(ALERTS{alertstate="pending"}) or vector(0)',
                    "eval_time": f"{_HOUR}s",
                    "exp_samples": [{"labels": "{}", "value": 0}],
                },
            ),
            _world(
                "idle",
                idle(late, _MINUTE, fresh=True),
                late,
                _MINUTE,
                _firing(_HOUR, "Watchdog"),
                _firing(late, "Watchdog", "ProcessingIdle"),
            ),
            _world(
                "stale",
                idle(late, _MINUTE, fresh=False),
                late,
                _MINUTE,
                _firing(2 * _HOUR, "Watchdog", "ProcessingIdle"),
                _firing(
                    late,
                    *("Watchdog", "ProcessingIdle", "InfluxRecordsStale"),
                    *("PipelineFreshnessBurnFast", "PipelineFreshnessBurnSlow"),
                    *(f"{name}*2" for name in both),
                ),
            ),
            _world(
                "chain",
                chain,
                page + 1815,
                15,
                _firing(page - 15, "Watchdog"),
                _firing(page, "Watchdog", "InfluxDown"),
                _firing(page + 885, "Watchdog", "InfluxDown"),
                _firing(page + 900, "Watchdog", "InfluxDown", "EscalationTier2"),
                _firing(page + 1785, "Watchdog", "InfluxDown", "EscalationTier2"),
                _firing(page + 1800, "Watchdog", "InfluxDown", *both),
            ),
        ],
    )


def test_in_an_empty_world_only_absence_is_told(worlds: dict[str, str]) -> None:
    """Without a single series the two services are missing, and no other alert makes a claim."""
    assert worlds["empty"] == ""


def test_an_idle_platform_pages_nobody(worlds: dict[str, str]) -> None:
    """Three hours without a request, a file or an invocation: one ticket says so, and no page."""
    assert worlds["idle"] == ""
    assert "ProcessingIdle" not in PAGES


def test_the_idle_platform_leaves_nothing_out() -> None:
    """Whatever an alert asks of is there while all is quiet, but for what only trouble writes."""
    shown = {_NAME.match(series)[0] for series in idle(_HOUR, _MINUTE, fresh=True)}  # type: ignore[index]
    recorded: dict[str, set[str]] = {}
    for spec, expr, _ in recording.recordings(INVENTORY):
        recorded.setdefault(spec.name, set()).update(_NAME.findall(str(expr)))
    asked = {name for rule in RULES.values() for name in _NAME.findall(rule.expr.text)}
    while rest := asked & recorded.keys():
        asked = (asked - rest).union(*(recorded[name] for name in rest))
    assert asked - shown == IN_TROUBLE


def test_data_that_nobody_brings_are_old(worlds: dict[str, str]) -> None:
    """Where not even energy data come, their age pages, for the platform is there to have them."""
    assert worlds["stale"] == ""


def test_an_unsolved_page_climbs_the_levels(worlds: dict[str, str]) -> None:
    """Fifteen minutes after a page the second level is called, after thirty the third."""
    assert worlds["chain"] == ""


def _shown(key: str) -> tuple[Scenario, int]:
    """Return a scenario of the alert's cases in which it fires, and when."""
    for scenario in CASES[key].scenarios:
        if FIRES in scenario.kinds:
            return scenario, next(at for at, count in scenario.firing.items() if count)
    raise AssertionError(key)


def _asked(key: str, locale: Locale) -> Job:
    name = f"{key.replace('/', '-').replace('%', '')}-{locale}"
    scenario, at = _shown(key)
    rule, step = RULES[key], CASES[key].step
    spoken = INVENTORY.model_copy(update={"locale": locale})
    test = {
        "interval": f"{step}s",
        "input_series": [
            {"series": one, "values": line.values(step, at)}
            for one, line in scenario.series.items()
        ],
        # No alert is expected, so that promtool tells what it got.
        "alert_rule_test": [{"eval_time": f"{at}s", "alertname": rule.name, "exp_alerts": []}],
    }
    document = {
        "rule_files": [f"{name}.rules.yml"],
        "evaluation_interval": f"{step}s",
        "tests": [test],
    }
    return Job(name, document, [rule.document(spoken)])


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, Locale], str]:
    """What Prometheus makes of every alert's annotations, in both languages."""
    asked = {(key, locale): _asked(key, locale) for key in RULES for locale in LOCALES}
    found = run(tmp_path_factory.mktemp("rendered"), list(asked.values()))
    return {which: found[job.name] for which, job in asked.items()}


def _expected(rule: AlertRule, locale: Locale, labels: Mapping[str, str]) -> str:
    """Return a pattern of the description with the labels' and the inventory's own values."""
    parts = []
    for literal, name, _, _ in string.Formatter().parse(rule.texts.description.in_(locale)):
        parts.append(re.escape(literal))
        if name == "value":
            parts.append(_FIGURE)
        elif name is not None:
            parts.append(re.escape(rule.values.get(name) or labels[name]))
    return "".join(parts)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("key", RULES)
def test_texts_are_rendered(
    key: str, locale: Locale, rendered: dict[tuple[str, Locale], str]
) -> None:
    """Prometheus' own templates fill in the real labels and a figure that people can read."""
    got = _GOT.search(rendered[key, locale])
    assert got is not None, rendered[key, locale]
    labels, annotations = (dict(_LABEL.findall(part)) for part in got.groups())
    rule = RULES[key]
    assert re.fullmatch(_expected(rule, locale, labels), annotations["description"]), annotations
    assert annotations["summary"] == rule.texts.summary.in_(locale)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("key", RULES)
def test_links_lead_somewhere(key: str, locale: Locale) -> None:
    """The runbook's page is there in each language, and that language's dashboard has the panel."""
    rule = RULES[key]
    annotations = rule.annotations(INVENTORY.model_copy(update={"locale": locale}))
    page = annotations["runbook_url"].rsplit("/", 1)[-1]
    text = (ROOT / "docs/runbooks" / locale / f"{page}.md").read_text(encoding="utf-8")
    assert rule.texts.summary.in_(locale) in text
    address = urlsplit(annotations["dashboard_url"])
    uid = address.path.rsplit("/", 1)[-1]
    assert uid.endswith(locale.lower())
    number = int(parse_qs(address.query)["viewPanel"][0])
    assert number in BOARDS[uid]


def test_the_rule_files_stand_alone(tmp_path: Path) -> None:
    """Nothing but the two files: Prometheus' own checker, lint included, has no complaint."""
    for name in generate.RULE_FILES:
        shutil.copy(ROOT / generate.GENERATED / name, tmp_path)
    done = subprocess.run(
        ["promtool", "check", "rules", "--lint=all", "--lint-fatal", *generate.RULE_FILES],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(RULES)} rules found" in done.stdout


def test_a_prometheus_of_somebody_else_runs_them(tmp_path: Path) -> None:
    """Loaded with nothing but a foreign configuration, every rule is evaluated without an error."""
    for name in generate.RULE_FILES:
        shutil.copy(ROOT / generate.GENERATED / name, tmp_path)
    config = {
        "global": {"evaluation_interval": "1s"},
        "rule_files": [*generate.RULE_FILES],
        "scrape_configs": [
            {"job_name": "our-own", "static_configs": [{"targets": ["127.0.0.1:9"]}]}
        ],
    }
    with prometheus_at(tmp_path, config) as url:

        def health() -> list[str]:
            groups = requests.get(f"{url}/api/v1/rules", timeout=10).json()["data"]["groups"]
            return [rule["health"] for group in groups for rule in group["rules"]]

        wait_for(lambda: "unknown" not in health(), 60)
        assert set(health()) == {"ok"}
        recorded = sum(1 for _ in recording.recordings(INVENTORY))
        assert len(health()) == len(RULES) + recorded
