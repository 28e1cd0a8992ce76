"""The rule that may turn a flag off, from raw series through the recorded ones."""

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
NAME = "FunctionRegressedAfterFlag"
PERIOD = 60
TURNED = 2400
SEEN = TURNED + 75
LATE = 120
END = 4500
FLAG = "enable_new_api_endpoint"
TEXTS = {
    "pt-BR": (
        "Função passou a falhar após uma flag ser ligada",
        (
            "lambda_router: 35% das invocações recentes falham; uma flag foi ligada há menos de"
            " 1h, e antes dela a função falhava ao menos 3 vezes menos."
        ),
    ),
    "en": (
        "Function fails since a flag was turned on",
        (
            "lambda_router: 35% of recent invocations fail; a flag was turned on less than 1h"
            " ago, and before that the function failed at least 3 times less."
        ),
    ),
}


def _flag(
    name: str, *, turned: int = TURNED, seen: int = SEEN, critical: bool = False, off: int = 0
) -> dict[str, Line]:
    """Return a flag that is turned on, which is seen later, and perhaps turned off again."""
    enabled = {0: 0, seen: 1} | ({off: 0} if off else {})
    changed = {seen: turned} | ({off: off - 60} if off else {})
    labels = f'flag="{name}"'
    return {
        f"dataplatform_flag_enabled{{{labels}}}": gauge(enabled),
        f"dataplatform_flag_changed_timestamp_seconds{{{labels}}}": gauge(changed),
        f'dataplatform_flag_info{{{labels}, critical="{str(critical).lower()}"}}': gauge({0: 1}),
    }


def _function(failing: Mapping[int, float], before: float = 20) -> dict[str, Line]:
    """Return a function that serves every period and fails as told, seen late as CloudWatch is."""
    labels = '{function="lambda_router"}'
    served_at = {at: before if at <= TURNED else 20 for at in range(PERIOD, END, PERIOD)}
    return {
        f"dataplatform_lambda_invocations_total{labels}": counter(served_at),
        f"dataplatform_lambda_errors_total{labels}": counter(
            {at + LATE: count for at, count in failing.items()}
        ),
    }


def _failing(start: int, share: float = 0.35, end: int = END - LATE) -> dict[int, float]:
    """Return failures of each period that ends after ``start``."""
    return dict.fromkeys(range(start + PERIOD, end, PERIOD), 20 * share)


def _run(
    directory: Path,
    series: Mapping[str, Line],
    checks: Mapping[int, list[dict[str, Any]]],
    inventory: Inventory = INVENTORY,
) -> None:
    (recorded,) = recording.groups(inventory)
    needed = ("dataplatform:lambda_error", "dataplatform:lambda_invocations", "dataplatform:flag")
    recorded["rules"] = [one for one in recorded["rules"] if one["record"].startswith(needed)]
    groups = [
        recorded,
        *(group for group in packs.groups(inventory) if group["name"] == "vigia-flags"),
    ]
    (directory / "rules.yml").write_text(json.dumps({"groups": groups}), encoding="utf-8")
    lines = [{"series": name, "values": line.values(15, END)} for name, line in series.items()]
    found = [
        {"eval_time": f"{at}s", "alertname": NAME, "exp_alerts": alerts}
        for at, alerts in checks.items()
    ]
    document = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": "15s",
        "tests": [{"interval": "15s", "input_series": lines, "alert_rule_test": found}],
    }
    path = directory / "test.yml"
    path.write_text(json.dumps(document), encoding="utf-8")
    done = subprocess.run(
        ["promtool", "test", "rules", path], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _alert(inventory: Inventory = INVENTORY, share: str = "35%") -> dict[str, Any]:
    (rule,) = (rule for rule in packs.rules(inventory) if rule.name == NAME)
    summary, description = TEXTS[inventory.locale]
    texts = {"summary": summary, "description": description.replace("35%", share)}
    return {
        "exp_labels": {
            "function": "lambda_router",
            "remediation": "disable_flags",
            **rule.labels(inventory),
        },
        "exp_annotations": rule.annotations(inventory) | texts,
    }


@pytest.mark.parametrize("locale", ["pt-BR", "en"])
def test_a_bad_flag_is_named(locale: str, tmp_path: Path) -> None:
    """With labels and texts filled in, once two failing periods after it can be seen."""
    inventory = INVENTORY.model_copy(update={"locale": locale})
    series = _flag(FLAG) | _function(_failing(TURNED))
    fires = TURNED + 360
    _run(tmp_path, series, {TURNED + 225: [], fires: [_alert(inventory)]}, inventory)


@pytest.mark.parametrize(
    "series",
    [
        pytest.param(_flag(FLAG) | _function(_failing(TURNED - 600)), id="failed before"),
        pytest.param(_flag(FLAG) | _function(_failing(0, 0.2)), id="always failed"),
        pytest.param(_flag(FLAG) | _function(_failing(TURNED, 0.05)), id="below the floor"),
        pytest.param(
            _flag(FLAG, critical=True) | _function(_failing(TURNED)), id="a critical flag"
        ),
        pytest.param(
            _flag(FLAG, off=TURNED + 195) | _function(_failing(TURNED)), id="turned off again"
        ),
        pytest.param(
            _flag(FLAG) | _function(_failing(TURNED, end=TURNED + 61)), id="one bad period"
        ),
        pytest.param(_function(_failing(TURNED)), id="no flag"),
        pytest.param(
            _flag(FLAG) | _function(_failing(TURNED), before=0.28),
            id="too little history",
        ),
    ],
)
def test_it_stays_quiet_without_evidence(series: dict[str, Line], tmp_path: Path) -> None:
    """What failed before the flag, or too little, or without a flag to turn off, blames none."""
    _run(tmp_path, series, {at: [] for at in range(TURNED, TURNED + 1200, PERIOD)})


def test_a_flag_that_was_seen_while_it_failed_is_blamed_all_the_same(tmp_path: Path) -> None:
    """Compared is with the time when it was turned on, not with when that was seen."""
    series = _flag(FLAG, seen=TURNED + 120) | _function(_failing(TURNED))
    _run(tmp_path, series, {TURNED + 390: [_alert()]})


def test_a_second_flag_does_not_hide_the_first(tmp_path: Path) -> None:
    """Another flag that is turned on amid the failures changes nothing but the waiting."""
    series = {
        **_flag(FLAG),
        **_flag("enable_enhanced_processing", turned=TURNED + 420, seen=TURNED + 480),
        **_function(_failing(TURNED)),
    }
    _run(tmp_path, series, {TURNED + 420: [_alert()], TURNED + 960: [_alert()]})


def test_it_resolves_when_the_flag_is_off(tmp_path: Path) -> None:
    """With no flag left to turn off it is over, whatever fails."""
    off = TURNED + 600
    series = _flag(FLAG, off=off) | _function(_failing(TURNED))
    _run(tmp_path, series, {off - 30: [_alert()], off + 180 + 30: []})


def test_it_is_not_known_where_the_exporter_was_away(tmp_path: Path) -> None:
    """A flag that nobody saw within the time it takes blames nothing: missing is no evidence."""
    series = _flag(FLAG, seen=TURNED + 300) | _function(_failing(TURNED))
    _run(tmp_path, series, {at: [] for at in range(TURNED + 300, TURNED + 1200, 300)})
