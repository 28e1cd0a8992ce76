"""``vigia act`` against a running service in front of the embedded AWS."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from inventory.model import Inventory
from inventory.settings import Settings
from remediations.app import RemediationsApp, all_actions
from remediations.ledger.switches import Switch
from simulator.aws.server import EmbeddedAws
from simulator.processes import free_port
from simulator.seed import seed
from tests.remediations.rig import START, Clock
from tests.remediations.test_processing import RULE
from web.address import Address
from web.server import WebServer

ROOT = Path(__file__).resolve().parents[2]
ACTIONS = set(all_actions())


class Service:
    """The service, and the command line that speaks to it."""

    def __init__(self, app: RemediationsApp, url: str, token: Path, aws: EmbeddedAws) -> None:
        self.app = app
        self.aws = aws
        self._options = ["--url", url, "--token-file", str(token)]

    def act(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the command without a terminal."""
        return subprocess.run(
            [sys.executable, "-m", "vigia", "act", *words, *self._options],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def rule(self) -> str:
        """Return the rule's real state."""
        return str(self.aws.client("events").describe_rule(Name=RULE)["State"])


@pytest.fixture
def service(inventory: Inventory, aws: EmbeddedAws, tmp_path: Path) -> Iterator[Service]:
    """A service that works, with Prometheus and Alertmanager away."""
    seed(aws, inventory, Clock(START).now, functions=False)
    token = tmp_path / "tokens"
    token.write_text("made-up-token\n")
    away = f"http://127.0.0.1:{free_port()}"
    alerting = {"prometheus_url": away, "alertmanager_url": away}
    quick = inventory.model_copy(
        update={
            "alerting": inventory.alerting.model_copy(update=alerting),
            "engine": inventory.engine.model_copy(update={"sample_every": 1.0}),
        }
    )
    settings = Settings.read(
        {
            "VIGIA_STATE_DIR": str(tmp_path / "state"),
            "VIGIA_WEBHOOK_TOKEN_FILE": str(token),
            "VIGIA_AWS_ENDPOINT_URL": aws.url,
        }
    )
    app = RemediationsApp(settings, quick, runbook={}.get)
    server = WebServer(app.wsgi, Address("127.0.0.1", 0)).start()
    app.start()
    try:
        yield Service(app, server.url, token, aws)
    finally:
        server.stop()
        app.stop()


def test_list_shows_every_action(service: Service) -> None:
    """Every action stands in the list with its risk and targets."""
    done = service.act("--list", "--format", "json")
    found = {one["name"]: one for one in json.loads(done.stdout)}
    assert set(found) == ACTIONS
    assert found["pause_processing"]["targets"] == "processing"
    assert found["resume_processing"]["params"] == "redrive"


def test_dry_run_prints_the_plan_and_changes_nothing(service: Service) -> None:
    """The plan is shown as a diff; the rule stays enabled."""
    done = service.act("pause_processing", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert f"rule {RULE}: ENABLED -> DISABLED" in done.stderr
    assert service.rule() == "ENABLED"


def test_yes_acts_though_prometheus_is_away(service: Service) -> None:
    """A person's word needs no alert: approved at once, done and checked, and on record."""
    done = service.act("pause_processing", "--yes", "--format", "json")
    assert done.returncode == 0, done.stderr
    (shown,) = json.loads(done.stdout)
    assert (shown["state"], shown["outcome"]) == ("closed", "succeeded")
    assert service.rule() == "DISABLED"
    run = service.app.ledger.runs.get(shown["id"])
    assert run is not None
    assert run.approved_by


def test_without_a_terminal_nobody_can_agree(service: Service) -> None:
    """Without --yes and without a terminal nothing is changed, in one clear line."""
    done = service.act("pause_processing")
    assert (done.returncode, service.rule()) == (2, "ENABLED")
    assert "--yes" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["nonsense"], 1, "there is no action 'nonsense'"),
        (["pause_processing", "--target", "elsewhere"], 1, "may not act on 'elsewhere'"),
        (["resume_processing", "--param", "redrve=true"], 1, "redrve: Extra inputs"),
        (["pause_processing", "--param", "redrive"], 2, "is not KEY=VALUE"),
        ([], 2, "name an action"),
    ],
)
def test_what_cannot_be_asked_is_one_line(
    service: Service, words: list[str], code: int, said: str
) -> None:
    """A wrong name, target or parameter is refused before a run is opened."""
    done = service.act(*words)
    assert done.returncode == code
    assert said in done.stderr.splitlines()[-1]
    assert service.app.ledger.facts.runs() == []


def test_kill_switch_holds_a_person_too(service: Service) -> None:
    """While actions are paused a run by hand is held, and says so."""
    service.app.ledger.switches.set(
        Switch.PAUSE, engaged=True, by="test", reason="", now=time.time()
    )
    done = service.act("pause_processing", "--yes")
    assert (done.returncode, service.rule()) == (1, "ENABLED")
    assert "suspensas" in done.stderr
