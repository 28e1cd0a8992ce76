"""``vigia remediations``: what it prints of a run, and what it tells the shell."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from remediations.model import Run, State
from tests.remediations.front import Front
from tests.remediations.rig import FINGERPRINT, Rig
from vigia.__main__ import main
from vigia.following import progress
from web.address import Address
from web.server import WebServer

Said = tuple[int, str, str]
Say = Callable[..., Said]


@pytest.fixture
def say(rig: Rig, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Say]:
    """The command against a rig's pages: exit code, stdout and stderr."""
    token = tmp_path / "token"
    token.write_text("any")
    server = WebServer(Front(rig).client.application, Address("127.0.0.1", 0)).start()

    def run(*words: str) -> Said:
        options = ["--url", server.url, "--token-file", str(token)]
        code = main(["remediations", *words, *options])
        written = capsys.readouterr()
        return code, written.out, written.err

    yield run
    server.stop()


@pytest.fixture
def waiting(rig: Rig) -> Run:
    """A run that waits for approval."""
    rig.mode("approve")
    rig.deploy()
    rig.clock.forward(120)
    rig.deliver(rig.alert())
    return rig.until(State.AWAITING_APPROVAL)


def test_why_shows_the_plan(waiting: Run, say: Say) -> None:
    """Why an alert is acted on includes what is planned, and the hash that an approval names."""
    code, out, _ = say("why", FINGERPRINT)
    assert code == 0
    assert waiting.plan is not None
    for line in (*waiting.plan.diff, str(waiting.plan_hash)):
        assert line in out


def test_show_is_a_table_or_json(rig: Rig, waiting: Run, say: Say) -> None:
    """By default and with --format table a person reads it; --format json is for programs."""
    rig.ledger.runs.approve(waiting.id, str(waiting.plan_hash), "ana", rig.clock.at)
    rig.end()
    code, table, _ = say("show", waiting.id, "--format", "table")
    assert code == 0
    assert waiting.plan is not None
    assert waiting.plan.diff[0] in table
    for word in ("UpdateAlias", "approved", "ana", "bad", str(waiting.plan_hash)):
        assert word in table
    with pytest.raises(json.JSONDecodeError):
        json.loads(table)
    assert say("show", waiting.id)[1] == table
    document = json.loads(say("show", waiting.id, "--format", "json")[1])
    assert document["plan"]["diff"] == list(waiting.plan.diff)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("approve", "ID", "--plan-hash", "nonsense"), 2),
        (("approve", "ID", "--plan-hash", "0" * 64), 1),
        (("show", "r-nowhere"), 1),
    ],
)
def test_the_shell_is_told_what_was_wrong(
    waiting: Run, say: Say, words: tuple[str, ...], code: int
) -> None:
    """What is malformed is wrong usage (2); what is not possible or not there is refused (1)."""
    said = say(*(waiting.id if word == "ID" else word for word in words))
    assert (said[0], said[1], said[2].count("\n")) == (code, "", 1), said


def test_a_ledger_that_is_away_is_3(rig: Rig, say: Say) -> None:
    """A service that answers but cannot reach its ledger is not a refusal."""
    with rig.ledger.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE runs RENAME TO elsewhere"))
    assert say("list") == (3, "", "vigia: the ledger does not answer\n")


def _run(state: str, done: int, *, others: int = 0, planned: int = 5) -> dict[str, Any]:
    made = [{"purpose": "apply", "state": "done"}] * done
    steps = [*made, *([{"purpose": "apply", "state": "intent"}] * others)]
    plan = {"calls": [{}] * planned, "undo": [{}]}
    return {"plan": plan, "intended_at": 1.0, "state": state, "steps": steps}


@pytest.mark.parametrize(
    ("found", "open_ended", "said"),
    [
        (_run("running", 1, others=1), False, ["call 2 of 5"]),
        (_run("running", 1), True, ["call 2 of 5 or more"]),
        (_run("running", 6, others=1), True, ["call 7"]),
        (_run("running", 5), True, ["5 calls made"]),
        (_run("verifying", 5), False, ["5 calls made"]),
        (_run("undoing", 5), False, ["call 1 of 1"]),
        ({"plan": None, "intended_at": None}, False, []),
    ],
)
def test_progress_says_only_what_is_known(
    found: dict[str, Any],
    open_ended: bool,  # noqa: FBT001 a parameter of the test
    said: list[str],
) -> None:
    """A total is named where the plan has it, and not where it depends on what will be found."""
    assert list(progress(found, open_ended=open_ended)) == said
