"""The whole exporter over the embedded platform: pages, reload, restarts, containment."""

from __future__ import annotations

import gzip
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from exporter.app import ExporterApp, find_collectors
from inventory.load import InventoryError, Problem
from inventory.model import Inventory
from simulator.aws.server import EmbeddedAws
from simulator.influxdb import InfluxStandIn
from tests.conftest import wait_for
from tests.exporter.support import Clock, create_function, only, settings_for
from tests.exporter.test_exporter_influxdb import pointed_at

FN = "lambda_router"
NAMES = tuple(find_collectors())


@pytest.fixture
def inventory(influx: InfluxStandIn, alertmanager_url: str) -> Inventory:
    """One function, short periods, the stand-in and a real Alertmanager."""
    found = only(pointed_at(influx.url), FN)
    alerting = found.alerting.model_copy(update={"alertmanager_url": alertmanager_url})
    return found.model_copy(update={"alerting": alerting})


@pytest.fixture
def made(
    aws: EmbeddedAws, clock: Clock, inventory: Inventory, tmp_path: Path
) -> Iterator[ExporterApp]:
    """An exporter that was not started."""
    create_function(aws, FN)
    aws.client("logs").create_log_group(logGroupName=f"/aws/lambda/{FN}")
    app = ExporterApp(settings_for(aws.url, tmp_path), lambda: inventory, clock)
    yield app
    app.stop()


def value(app: ExporterApp, series: str) -> float | None:
    """Return the value of a series of the exposition; None where it is absent."""
    found = re.search(rf"^{re.escape(series)} (\S+)$", app.exposition(), re.MULTILINE)
    return float(found.group(1)) if found else None


def test_once_shows_all_five(made: ExporterApp) -> None:
    """One collection of each shows the five KPIs, all healthy, and promtool accepts it."""
    assert made.collect_once() == {}
    for name in NAMES:
        assert value(made, f'vigia_collector_up{{collector="{name}"}}') == 1.0
    text = made.exposition()
    for series in (
        f'dataplatform_log_events_total{{event="processed",function="{FN}"}} 0.0',
        f'dataplatform_lambda_errors_total{{function="{FN}"}} 0.0',
        'dataplatform_influxdb_up{bucket="energy_data"} 1.0',
        "dataplatform_cost_budget_usd 3000.0",
        'dataplatform_api_requests_total{api="ons-data-platform-api",stage="prod"} 0.0',
        'vigia_collector_failures_total{collector="lambda",reason="timeout"} 0.0',
    ):
        assert series in text
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=text.encode(), capture_output=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


def test_metrics_page_negotiates(made: ExporterApp) -> None:
    """Prometheus gets OpenMetrics, gzip where it is taken; everybody else the text format."""
    client = made.wsgi.test_client()
    prometheus = (
        "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
    )
    answer = client.get("/metrics", headers={"Accept": prometheus, "Accept-Encoding": "gzip"})
    assert answer.content_type.startswith("application/openmetrics-text; version=1.0.0")
    assert gzip.decompress(answer.data).endswith(b"# EOF\n")
    for accept in ("", "*/*", "text/plain", "text/plain, application/openmetrics-text;q=0.3"):
        answer = client.get("/metrics", headers={"Accept": accept} if accept else {})
        assert answer.content_type.startswith("text/plain; version=0.0.4")
        assert "Content-Encoding" not in answer.headers
        assert b"# TYPE vigia_build_info gauge" in answer.data
    refused = client.get("/metrics", headers={"Accept-Encoding": "gzip;q=0"})
    assert "Content-Encoding" not in refused.headers


def test_health_and_readiness(made: ExporterApp) -> None:
    """Healthy at once; ready when each collector has run or failed."""
    client = made.wsgi.test_client()
    assert client.get("/-/healthy").status_code == 200
    assert client.get("/-/ready").status_code == 503
    made.collect_once()
    assert client.get("/-/ready").status_code == 200


def test_landing_page_tells_state_and_cost(made: ExporterApp, aws: EmbeddedAws) -> None:
    """Every collector stands on the page with its state and what it cost, escaped."""
    aws.front.fail("logs", "FilterLogEvents", code="AccessDeniedException", status=400)
    made.collect_once()
    page = made.wsgi.test_client().get("/").text
    for name in NAMES:
        assert f"<td>{name}</td>" in page
    assert "failing: denied" in page
    assert "$0.02000" in page
    refresher = made._refreshers[0]
    refresher._status = replace(refresher._status, name="<script>")
    assert "<script>" not in made.wsgi.test_client().get("/").text


def test_one_failing_collector_leaves_the_others(
    made: ExporterApp, aws: EmbeddedAws, inventory: Inventory
) -> None:
    """A service that refuses us fails the collectors that read it, and no other."""
    aws.front.fail("cloudwatch", "*", code="InvalidClientTokenId", status=403)
    failed = made.collect_once()
    assert (failed["api"], failed["lambda"]) == ("credentials", "credentials")
    assert not {"cost", "influxdb", "logs"} & set(failed)
    assert value(made, 'vigia_collector_up{collector="lambda"}') == 0.0
    assert value(made, 'vigia_collector_up{collector="logs"}') == 1.0
    counted = 'vigia_collector_failures_total{collector="lambda",reason="credentials"}'
    assert value(made, counted) == 1.0


def test_absent_aws_is_no_zero(made: ExporterApp, aws: EmbeddedAws) -> None:
    """With AWS gone the last values stay, marked stale, and then vanish."""
    made.collect_once()
    errors = f'dataplatform_lambda_errors_total{{function="{FN}"}}'
    aws.front.fail("cloudwatch", "*", code="InternalFailure", status=500)
    aws.front.fail("lambda", "*", code="InternalFailure", status=500)
    made.collect_once()
    assert value(made, errors) == 0.0
    assert value(made, 'vigia_collector_stale{collector="lambda"}') == 1.0
    wait_for(lambda: value(made, errors) is None, 5)
    assert value(made, 'vigia_collector_up{collector="lambda"}') == 0.0


def test_totals_survive_a_restart(
    made: ExporterApp, aws: EmbeddedAws, clock: Clock, inventory: Inventory, tmp_path: Path
) -> None:
    """A second process goes on where the first was killed."""
    made.collect_once()
    where = {"FunctionName": FN}
    aws.metrics.put("AWS/Lambda", "Invocations", where, clock.at, [1.0] * 5)
    aws.metrics.put("AWS/Lambda", "Errors", where, clock.at, [1.0] * 2)
    clock.at += 10
    made.collect_once()
    second = ExporterApp(settings_for(aws.url, tmp_path), lambda: inventory, clock)
    second.collect_once()
    errors = f'dataplatform_lambda_errors_total{{function="{FN}"}}'
    assert value(second, errors) == value(made, errors) == 2.0
    second.stop()


def test_reload_validates_first(
    aws: EmbeddedAws, clock: Clock, inventory: Inventory, tmp_path: Path
) -> None:
    """A wrong inventory is refused with its lines, the old one stays; a right one is used."""
    aws.front.fail("lambda", "*")
    answers: list[Inventory | InventoryError] = [inventory]

    def load() -> Inventory:
        if isinstance(answers[-1], InventoryError):
            raise answers[-1]
        return answers[-1]

    app = ExporterApp(settings_for(aws.url, tmp_path), load, clock)
    client = app.wsgi.test_client()
    answers.append(InventoryError((Problem("platform.yaml", 3, 7, "unknown key 'x'"),)))
    refused = client.post("/-/reload")
    assert refused.status_code == 400
    assert refused.text == "platform.yaml:3:7: unknown key 'x'\n"
    assert "# HELP dataplatform_lambda_errors_total" not in app.exposition()
    answers.append(inventory.model_copy(update={"locale": "en"}))
    assert client.post("/-/reload").status_code == 200
    assert app.reload() == []
    assert "# HELP vigia_build_info Version of the program" in app.exposition()
    assert client.get("/-/reload").status_code == 405
    app.stop()


def test_running_exporter_collects_by_itself(
    aws: EmbeddedAws, clock: Clock, inventory: Inventory, tmp_path: Path
) -> None:
    """Started, it collects at once, keeps ages fresh between collections, and stops promptly."""
    create_function(aws, FN)
    tempo = inventory.alerting.model_copy(update={"scrape_interval": 0.2})
    quick = inventory.model_copy(update={"alerting": tempo})
    app = ExporterApp(settings_for(aws.url, tmp_path), lambda: quick, clock)
    app.start()
    client = app.wsgi.test_client()
    try:
        wait_for(lambda: client.get("/-/ready").status_code == 200, 20)
        before = app._exposition.current
        wait_for(lambda: app._exposition.current is not before, 5)
    finally:
        started = time.monotonic()
        app.stop()
        assert time.monotonic() - started < 5


def test_scrape_is_served_while_collection_hangs(made: ExporterApp, aws: EmbeddedAws) -> None:
    """A hanging endpoint delays no scrape."""
    aws.front.fail("lambda", "GetAlias", delay=3, times=1)
    made.start()
    wait_for(lambda: any(s.up for s in made.statuses()), 20)
    started = time.monotonic()
    assert made.wsgi.test_client().get("/metrics").status_code == 200
    assert time.monotonic() - started < 0.5
