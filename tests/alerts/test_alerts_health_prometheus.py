"""``vigia health`` against a real Prometheus with two weeks of history."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from simulator.processes import free_port, program
from tests.conftest import wait_for
from tests.prometheus import prometheus_at

ROOT = Path(__file__).parents[2]
DAYS = 15
STEP = 1800
FUNCTIONS = (
    "lambda_router",
    "structured_data_processor",
    "rag_query_processor",
    "influxdb_loader",
    "timeseries_query_processor",
)


def _history(end: int) -> str:
    """Return OpenMetrics text: steady counters, errors that double in the newest week."""
    start = end - DAYS * 86_400
    lines: list[str] = []

    def counter(name: str, labels: str, by: Any) -> None:
        total = 0.0
        for at in range(start, end + 1, STEP):
            total += by(at)
            lines.append(f"{name}_total{{{labels}}} {total} {at}")

    def week(at: int) -> int:
        return 2 if at > end - 7 * 86_400 else 1

    lines.append("# TYPE dataplatform_lambda_invocations counter")
    for name in FUNCTIONS:
        counter("dataplatform_lambda_invocations", f'function="{name}"', lambda _: 100.0)
    lines.append("# TYPE dataplatform_lambda_errors counter")
    for name in FUNCTIONS:
        counter("dataplatform_lambda_errors", f'function="{name}"', lambda at: 0.1 * week(at))
    lines.append("# TYPE dataplatform_cost_daily_usd gauge")
    lines += [
        f'dataplatform_cost_daily_usd{{service="AWS Lambda",day="yesterday"}} {20 * week(at)} {at}'
        for at in range(start, end + 1, STEP)
    ]
    lines.append("# TYPE dataplatform_cost_forecast_usd gauge")
    lines += [f"dataplatform_cost_forecast_usd 4000 {at}" for at in range(start, end + 1, STEP)]
    return "\n".join([*lines, "# EOF", ""])


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a Prometheus that holds the history and scrapes nothing."""
    root = tmp_path_factory.mktemp("health")
    # The newest sample is now: an instant query looks back five minutes at most.
    (root / "history.txt").write_text(_history(int(time.time())), encoding="utf-8")
    subprocess.run(
        [
            *(program("promtool"), "tsdb", "create-blocks-from", "openmetrics"),
            *(str(root / "history.txt"), str(root / "data")),
        ],
        check=True,
        capture_output=True,
    )
    with prometheus_at(root, {}, "--storage.tsdb.retention.time=60d") as url:
        wait_for(lambda: _answers(url), 30)
        yield url


def _answers(url: str) -> bool:
    answer = requests.get(
        f"{url}/api/v1/query", params={"query": "dataplatform_cost_forecast_usd"}, timeout=5
    )
    return bool(answer.json()["data"]["result"])


def health(url: str, when: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return subprocess.run(
        [sys.executable, "-m", "vigia", "health", when, "--prometheus", url, *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_weekly_compares_with_the_week_before(prometheus: str) -> None:
    """Errors and cost that doubled show as such, invocations as unchanged; over budget is bad."""
    done = health(prometheus, "weekly", "--format", "json")
    assert done.returncode == 1, done.stderr
    found = {(row["check"], row["resource"]): row for row in json.loads(done.stdout)}
    errors = found["errors", "lambda_router"]
    assert errors["value"] == pytest.approx(67, abs=2)
    assert errors["change"] == pytest.approx(1.0, abs=0.05)
    assert found["invocations", "lambda_router"]["change"] == pytest.approx(0.0, abs=0.02)
    cost = found["cost_by_service", "AWS Lambda"]
    assert (cost["value"], cost["before"]) == (pytest.approx(40), pytest.approx(20, abs=0.5))
    assert found["cost_forecast", ""]["verdict"] == "bad"


def test_daily_tells_silence_from_health(prometheus: str) -> None:
    """What nothing measures is unknown; a ratio within the objective is well."""
    done = health(prometheus, "daily", "--format", "json")
    verdicts = {(row["check"], row["resource"]): row["verdict"] for row in json.loads(done.stdout)}
    assert verdicts["lambda_error_ratio", "lambda_router"] == "well"
    assert verdicts["influxdb_up", "energy_data"] == "unknown"
    assert verdicts["files_per_hour", ""] == "unknown"
    assert done.returncode == 3


def test_table_is_readable_in_the_inventorys_language(prometheus: str) -> None:
    """The table has a heading and a line per resource, in Portuguese by default."""
    done = health(prometheus, "weekly")
    lines = done.stdout.splitlines()
    assert lines[0].split()[:1] == ["verificação"]
    assert any("custo diário médio" in line and "+100%" in line for line in lines)
    assert done.stderr == ""


def test_prometheus_away_is_one_line() -> None:
    """Without Prometheus nothing is claimed: one line and exit code 3."""
    done = health(f"http://127.0.0.1:{free_port()}", "now")
    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "Prometheus" in done.stderr
