"""Dollars per 1,000 files, from yesterday's cost and the counted files, as recorded."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from promtool import STALE, Line, counter, gauge

from alerts import recording
from catalogue.recorded import COST_PER_1000_FILES
from inventory.load import load_inventory

INVENTORY = load_inventory(Path(__file__).parents[2] / "platform.yaml")
STEP, DAY = 60, 86_400
AT = DAY + 3600
ROUTER = 'dataplatform_log_events_total{event="processed", function="lambda_router"}'
LOADER = ROUTER.replace("lambda_router", "influxdb_loader")
FAILED = ROUTER.replace("processed", "failed")


def cost(service: str, replica: str = "a") -> str:
    """Return the series of what a service cost yesterday."""
    name = "dataplatform_cost_daily_usd"
    return f'{name}{{service="{service}", day="yesterday", instance="{replica}"}}'


def files(hourly: float) -> Line:
    """Return a counter that grows by so much each hour."""
    return counter(dict.fromkeys(range(3600, AT + 3600, 3600), hourly))


def recorded(directory: Path, series: Mapping[str, Line], expected: float | None) -> str:
    """Let promtool compare the recorded value after a day; return its complaint."""
    # A day of every other recorded series would cost the test seconds.
    rules = [
        rule
        for group in recording.groups(INVENTORY)
        for rule in group["rules"]
        if rule["record"] == COST_PER_1000_FILES.name
    ]
    groups = [{"name": "tested", "rules": rules}]
    (directory / "rules.yml").write_text(json.dumps({"groups": groups}), encoding="utf-8")
    samples = [] if expected is None else [{"labels": "{}", "value": expected}]
    check = {
        # Extrapolation at the window's edges leaves the last digits open.
        "expr": f"sum(round({COST_PER_1000_FILES.name}, 0.1))",
        "eval_time": f"{AT}s",
        "exp_samples": samples,
    }
    lines = [{"series": name, "values": line.values(STEP, AT)} for name, line in series.items()]
    test = {"interval": f"{STEP}s", "input_series": lines, "promql_expr_test": [check]}
    document = {"rule_files": ["rules.yml"], "evaluation_interval": "60s", "tests": [test]}
    path = directory / "test.yml"
    path.write_text(json.dumps(document), encoding="utf-8")
    done = subprocess.run(
        ["promtool", "test", "rules", path], capture_output=True, text=True, check=False, timeout=60
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_all_services_over_all_files_of_a_day(tmp_path: Path) -> None:
    """What all services cost, a thousandfold, over the files that every function processed."""
    series = {
        cost("AWS Lambda"): gauge({0: 60.0}),
        cost("Amazon S3"): gauge({0: 12.0}),
        ROUTER: files(100),
        LOADER: files(50),
        FAILED: files(1000),
    }
    assert recorded(tmp_path, series, 20.0) == ""


def test_replicas_count_once(tmp_path: Path) -> None:
    """Two exporters tell the same cost and the same files."""
    series = {
        cost("AWS Lambda"): gauge({0: 60.0}),
        cost("AWS Lambda", "b"): gauge({0: 60.0}),
        ROUTER.replace("}", ', instance="a"}'): files(100),
        ROUTER.replace("}", ', instance="b"}'): files(100),
    }
    assert recorded(tmp_path, series, 25.0) == ""


@pytest.mark.parametrize(
    "series",
    [
        pytest.param({cost("AWS Lambda"): gauge({0: 60.0}), ROUTER: counter({})}, id="no files"),
        pytest.param({cost("AWS Lambda"): gauge({0: 60.0}), FAILED: files(9)}, id="no counter"),
        pytest.param({ROUTER: files(100)}, id="no cost"),
        pytest.param(
            {cost("AWS Lambda"): gauge({0: 60.0, DAY: STALE}), ROUTER: files(100)}, id="cost gone"
        ),
    ],
)
def test_no_price_without_files_or_cost(series: dict[str, Line], tmp_path: Path) -> None:
    """Without files, or without cost, there is no price of a file: neither 0 nor infinite."""
    assert recorded(tmp_path, series, None) == ""


def test_a_wrong_price_is_noticed(tmp_path: Path) -> None:
    """The comparison itself can fail."""
    series = {cost("AWS Lambda"): gauge({0: 60.0}), ROUTER: files(100)}
    assert "FAILED" in recorded(tmp_path, series, 26.0)
