"""``vigia act`` against a running service in front of the embedded AWS."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalogue.texts.remediations import REASONS
from inventory.model import Inventory
from remediations.actions import pause_processing
from remediations.app import all_actions
from remediations.ledger.switches import Switch
from remediations.model import Outcome
from simulator.aws.server import EmbeddedAws
from tests.remediations.act_service import Service, serving
from tests.remediations.test_processing import RULE

ACTIONS = set(all_actions())


@pytest.fixture
def service(inventory: Inventory, aws: EmbeddedAws, tmp_path: Path) -> Iterator[Service]:
    """A service that works, with Prometheus and Alertmanager away."""
    with serving(inventory, aws, tmp_path, at_work=True) as made:
        yield made


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
    assert service.ended() == (Outcome.CANCELLED, "shadow")


@pytest.mark.parametrize(("code", "reason"), [(1, "aws_error"), (3, "aws_unreachable")])
def test_dry_run_says_why_it_has_no_plan(service: Service, code: int, reason: str) -> None:
    """Where there is no plan to show the reason is told: 1 for a no, 3 for what does not answer."""
    if code == 1:
        service.aws.front.fail("events", "DescribeRule", code="Nonsense", status=400)
    else:
        service.aws.stop()
    done = service.act("pause_processing", "--dry-run")
    assert done.returncode == code
    assert REASONS[reason].pt in done.stderr.splitlines()[-1]
    assert service.ended() == (Outcome.CANCELLED, reason)


def test_yes_acts_though_prometheus_is_away(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person's word needs no alert: approved at once, done and checked, and on record."""
    # How long a pause looks for executions that begin late.
    monkeypatch.setattr(pause_processing, "_QUIET", 0.2)
    done = service.act("pause_processing", "--yes", "--format", "json")
    assert done.returncode == 0, done.stderr
    (shown,) = json.loads(done.stdout)
    assert (shown["state"], shown["outcome"]) == ("closed", "succeeded")
    assert service.rule() == "DISABLED"
    run = service.app.ledger.runs.get(shown["id"])
    assert run is not None
    assert run.approved_by


def test_without_a_terminal_nobody_can_agree(service: Service) -> None:
    """Without --yes and a terminal nothing is changed, and no run is left to wait for anybody."""
    done = service.act("pause_processing")
    assert (done.returncode, service.rule()) == (2, "ENABLED")
    assert "--yes" in done.stderr.splitlines()[-1]
    assert service.ended() == (Outcome.REJECTED, "rejected_by_hand")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["nonsense"], 2, "there is no action 'nonsense'"),
        (["pause_processing", "--target", "elsewhere"], 2, "may not act on 'elsewhere'"),
        (["resume_processing", "--param", "redrve=true"], 2, "redrve: Extra inputs"),
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
    # Nobody is left who would approve its plan.
    assert service.ended() == (Outcome.CANCELLED, "cancelled_by_hand")
