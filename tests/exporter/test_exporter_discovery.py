"""``vigia discover``: an inventory from an account, which collects what the account has."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.app import ExporterApp
from inventory.load import load_inventory
from inventory.model import Inventory
from inventory.settings import Settings
from simulator.aws.server import CREDENTIALS, EmbeddedAws
from simulator.influxdb import InfluxStandIn
from simulator.seed import seed
from tests.exporter.support import REGION, ROOT, settings_for

PLATFORM = ROOT / "platform.yaml"


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedAws]:
    """The embedded AWS, seeded as for the demo, in real time."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "embedded")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    server = EmbeddedAws(REGION, time.time).start()
    seed(server, load_inventory(PLATFORM), time.time)
    yield server
    server.stop()


def discover(aws: EmbeddedAws, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    environment = {
        **os.environ,
        "VIGIA_AWS_ENDPOINT_URL": aws.url,
        "AWS_ACCESS_KEY_ID": CREDENTIALS["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": CREDENTIALS["aws_secret_access_key"],
    }
    return subprocess.run(
        [sys.executable, "-m", "vigia", "discover", *options],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def series(inventory: Inventory, settings: Settings) -> set[tuple[str, ...]]:
    """Collect once; return the series by name and labels."""
    app = ExporterApp(settings, lambda: inventory)
    try:
        app.collect_once()
        return {
            (one.spec.name, *one.labels)
            for status in app.statuses()
            if status.reading is not None
            for one in status.reading.series
        }
    finally:
        app.stop()


def test_found_inventory_collects_the_same_series(
    account: EmbeddedAws, influx: InfluxStandIn, tmp_path: Path
) -> None:
    """From a base that names none of the account's resources, all are found and collected."""
    document = yaml.safe_load(PLATFORM.read_text(encoding="utf-8"))
    stripped: dict[str, Any] = {
        **document,
        # What only the base can say, for functions it does not know yet.
        "functions": [{"name": "unknown", "log_group": "/aws/lambda/unknown"}],
        "log_events": [],
        "playbooks": [],
        "rules": [],
        "state_machines": [],
        "apis": [],
    }
    stripped["influxdb"] = {**document["influxdb"], "url": influx.url}
    base = tmp_path / "base.yaml"
    base.write_text(yaml.safe_dump(stripped), encoding="utf-8")
    output = tmp_path / "found.yaml"
    done = discover(account, "--config.file", str(base), "--output", str(output))
    assert done.returncode == 0, done.stderr
    found = load_inventory(output)
    wanted = load_inventory(PLATFORM)
    assert set(found.function_names) == set(wanted.function_names)
    assert [f.deployment_group for f in found.functions] == [
        f"{f.name}-deployment-group" for f in found.functions
    ]
    assert {rule.name for rule in found.rules} == {rule.name for rule in wanted.rules}
    assert found.playbooks == ()
    # Words of the log and provisioned instances are the base's to say.
    alike = found.model_copy(
        update={
            "log_events": wanted.log_events,
            "functions": wanted.functions,
            "metrics": wanted.metrics,
        }
    )
    wanted = wanted.model_copy(update={"influxdb": found.influxdb})
    first, second = tmp_path / "a", tmp_path / "b"
    first.mkdir()
    second.mkdir()
    assert series(alike, settings_for(account.url, first)) == series(
        wanted, settings_for(account.url, second)
    )


def test_known_resources_keep_what_the_base_says(account: EmbeddedAws, tmp_path: Path) -> None:
    """Run over its own inventory, nothing that a person wrote is lost or changed."""
    output = tmp_path / "found.yaml"
    done = discover(account, "--output", str(output))
    assert done.returncode == 0, done.stderr
    found, known = load_inventory(output), load_inventory(PLATFORM)
    for section in ("functions", "log_events", "playbooks", "rules", "appconfig", "contacts"):
        assert getattr(found, section) == getattr(known, section), section


def test_prefix_and_tag_choose(account: EmbeddedAws) -> None:
    """Only what is named so, and only what carries the tag, is written."""
    client = account.client("lambda")
    arn = client.get_function(FunctionName="influxdb_loader")["Configuration"]["FunctionArn"]
    client.tag_resource(Resource=arn, Tags={"team": "data"})
    by_name = yaml.safe_load(discover(account, "--prefix", "lambda_").stdout)
    assert [one["name"] for one in by_name["functions"]] == ["lambda_router"]
    assert by_name["buckets"] == []
    assert by_name["playbooks"][0]["targets"] == ["lambda_router"]
    by_tag = yaml.safe_load(discover(account, "--tag", "team=data").stdout)
    assert [one["name"] for one in by_tag["functions"]] == ["influxdb_loader"]


def test_an_unknown_flag_counts_as_critical(account: EmbeddedAws, tmp_path: Path) -> None:
    """A flag that nobody has judged is never one to disable in bulk."""
    document = yaml.safe_load(PLATFORM.read_text(encoding="utf-8"))
    document["appconfig"]["flags"] = [{"name": "enable_new_api_endpoint"}]
    document["appconfig"].pop("maintenance_flag")
    document["playbooks"] = []
    base = tmp_path / "base.yaml"
    base.write_text(yaml.safe_dump(document), encoding="utf-8")
    found = yaml.safe_load(discover(account, "--config.file", str(base)).stdout)
    assert found["appconfig"]["flags"] == [
        {"name": "enable_new_api_endpoint"},
        {"name": "enable_enhanced_processing", "critical": True},
        {"name": "enable_maintenance_mode", "critical": True},
    ]


def test_nothing_is_written_half(account: EmbeddedAws, tmp_path: Path) -> None:
    """A refusal, an existing file or an empty account leave one line and no file."""
    output = tmp_path / "found.yaml"
    account.front.fail("lambda", "ListAliases", code="AccessDeniedException", status=403)
    refused = discover(account, "--output", str(output))
    assert (refused.returncode, output.exists()) == (1, False)
    assert "AccessDenied" in refused.stderr
    assert refused.stderr.count("\n") == 1
    account.front.heal()
    output.write_text("mine")
    kept = discover(account, "--output", str(output))
    assert (kept.returncode, output.read_text()) == (2, "mine")
    empty = discover(account, "--prefix", "nothing-is-named-so")
    assert (empty.returncode, empty.stdout) == (1, "")
    wrong = discover(account, "--tag", "team")
    assert wrong.returncode == 2
