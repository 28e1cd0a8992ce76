"""The rule that may trigger a rollback, from raw counters through the recorded series."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from promtool import Line, counter, gauge

from alerts import packs, recording
from inventory.load import load_inventory
from inventory.model import Inventory

INVENTORY = load_inventory(Path(__file__).parents[2] / "platform.yaml")
PERIOD = 60
DEPLOYED = 1800
ALIAS = 'function="lambda_router", alias="LIVE"'
TEXTS = {
    "pt-BR": (
        "Função passou a falhar após uma implantação",
        (
            "lambda_router (LIVE): 35% das invocações da versão atual falham; o alias mudou há"
            " menos de 1h e as versões anteriores falhavam ao menos 3 vezes menos."
        ),
    ),
    "en": (
        "Function fails since a deployment",
        (
            "lambda_router (LIVE): 35% of the current version's invocations fail; the alias moved"
            " less than 1h ago and earlier versions failed at least 3 times less."
        ),
    ),
}


def _deployment(
    *, failing: Mapping[int, float], served: float = 20, before: float = 20, weights: bool = False
) -> dict[str, Line]:
    """A platform whose alias moves from version 1 to 2; ``failing`` are failures by period."""
    old = range(0, DEPLOYED, PERIOD)
    new = range(DEPLOYED + PERIOD, DEPLOYED + 20 * PERIOD, PERIOD)
    share = before / len(old)
    stale: dict[int, float | str] = {0: 1} if weights else {0: 1, DEPLOYED: "stale"}
    name = "dataplatform_lambda"
    failures = {DEPLOYED + number * PERIOD: count for number, count in failing.items()}
    return {
        f'{name}_alias_info{{{ALIAS}, version="1"}}': gauge(stale),
        f'{name}_alias_info{{{ALIAS}, version="2"}}': gauge({DEPLOYED: 1}),
        f"{name}_alias_changed_timestamp_seconds{{{ALIAS}}}": gauge({DEPLOYED: DEPLOYED}),
        f'{name}_version_invocations_total{{{ALIAS}, version="1"}}': counter(
            dict.fromkeys(old, share) | {0: 0, PERIOD: 2 * share}
        ),
        f'{name}_version_errors_total{{{ALIAS}, version="1"}}': counter({}),
        f'{name}_version_invocations_total{{{ALIAS}, version="2"}}': Line(
            {DEPLOYED: 0.0, **dict.fromkeys(new, served)}, counter=True
        ),
        f'{name}_version_errors_total{{{ALIAS}, version="2"}}': Line(
            {DEPLOYED: 0.0, **failures}, counter=True
        ),
        f'{name}_errors_total{{function="lambda_router"}}': counter(failures),
        f'{name}_invocations_total{{function="lambda_router"}}': counter(
            dict.fromkeys([*old, *new], served)
        ),
        'vigia_collector_up{collector="lambda"}': gauge({0: 1}),
    }


def _run(
    directory: Path, series: Mapping[str, Line], checks: list[dict[str, Any]], inventory: Inventory
) -> None:
    groups = recording.groups(inventory) + [
        group for group in packs.groups(inventory) if group["name"] == "vigia-lambda"
    ]
    (directory / "rules.yml").write_text(json.dumps({"groups": groups}), encoding="utf-8")
    document = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": "15s",
        "tests": [
            {
                "interval": "15s",
                "input_series": [
                    {"series": name, "values": line.values(15, 3000)}
                    for name, line in series.items()
                ],
                "alert_rule_test": checks,
            }
        ],
    }
    path = directory / "test.yml"
    path.write_text(json.dumps(document), encoding="utf-8")
    done = subprocess.run(
        ["promtool", "test", "rules", path], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _check(at: int, *alerts: dict[str, Any]) -> dict[str, Any]:
    return {
        "eval_time": f"{at}s",
        "alertname": "FunctionRegressedAfterDeploy",
        "exp_alerts": list(alerts),
    }


def _alert(inventory: Inventory, share: str = "35%") -> dict[str, Any]:
    (rule,) = (
        rule for rule in packs.rules(inventory) if rule.name == "FunctionRegressedAfterDeploy"
    )
    summary, description = TEXTS[inventory.locale]
    annotations = rule.annotations(inventory)
    return {
        "exp_labels": {
            "function": "lambda_router",
            "alias": "LIVE",
            "remediation": "rollback_function",
            **rule.labels(inventory),
        },
        "exp_annotations": annotations
        | {"summary": summary, "description": description.replace("35%", share)},
    }


@pytest.mark.parametrize("locale", ["pt-BR", "en"])
def test_a_bad_deployment_is_named_within_two_periods(locale: str, tmp_path: Path) -> None:
    """Two failing periods after the alias moved it fires, with labels and texts filled in."""
    inventory = INVENTORY.model_copy(update={"locale": locale})
    series = _deployment(failing=dict.fromkeys(range(1, 20), 7))
    second = DEPLOYED + 2 * PERIOD
    checks = [_check(second - 15), _check(second, _alert(inventory))]
    _run(tmp_path, series, checks, inventory)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"failing": {1: 9}}, id="one bad period"),
        pytest.param({"failing": {1: 2, 2: 2}}, id="four failures"),
        pytest.param({"failing": {1: 4, 2: 4}, "served": 100}, id="below the floor"),
        pytest.param({"failing": {1: 7, 2: 7}, "before": 19}, id="too little history"),
        pytest.param({"failing": {1: 7, 2: 7}, "weights": True}, id="two versions serve"),
    ],
)
def test_it_stays_quiet_without_evidence(change: dict[str, Any], tmp_path: Path) -> None:
    """Too few failures, too little history or two versions at once blame no deployment."""
    checks = [_check(DEPLOYED + number * PERIOD) for number in range(1, 6)]
    _run(tmp_path, _deployment(**change), checks, INVENTORY)


def test_it_resolves_when_failures_end(tmp_path: Path) -> None:
    """With the failures out of the recent window it is over, although the look-back holds them."""
    series = _deployment(failing={1: 7, 2: 7})
    fired = DEPLOYED + 2 * PERIOD
    checks = [_check(fired + 195 + 180 + 15)]
    _run(tmp_path, series, checks, INVENTORY)


def test_what_fails_now_and_then_afterwards_calls_nobody(tmp_path: Path) -> None:
    """Cured, one call in a hundred fails: no fresh trouble, though the look-back holds the old."""
    series = _deployment(failing={1: 60, 2: 60, 14: 1}, served=100)
    ended = DEPLOYED + 2 * PERIOD + 195 + 180 + 15
    checks = [_check(DEPLOYED + 2 * PERIOD, _alert(INVENTORY, "60%"))]
    checks += [_check(at) for at in range(ended, DEPLOYED + 19 * PERIOD, 15)]
    _run(tmp_path, series, checks, INVENTORY)
