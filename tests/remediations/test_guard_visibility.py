"""Each guard: it stops the run, says why and since when, is seen everywhere, and is counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from catalogue.texts.remediations import REASONS as REASON_TEXTS
from catalogue.texts.why import STATES
from inventory.model import Inventory
from remediations import guards
from remediations.asking import MODES, intent, mode_of
from remediations.ledger.schema import RUNS
from remediations.ledger.store import open_ledger
from remediations.ledger.switches import Switch, SwitchState
from remediations.model import State
from tests.remediations.front import Front
from tests.remediations.rig import FUNCTION, Rig
from tests.remediations.service import AUTH, TOKEN, made
from vigia.__main__ import main
from web.address import Address
from web.server import WebServer

OTHER = "influxdb_loader"


def _limits(rig: Rig, **limits: object) -> None:
    engine = rig.inventory.engine.model_copy(update=limits)
    rig.use(rig.inventory.model_copy(update={"engine": engine}))


def _engage(rig: Rig, switch: Switch) -> None:
    rig.ledger.switches.set(switch, engaged=True, by="ana", reason="", now=rig.clock.at)


def _kill_switch(rig: Rig) -> None:
    _engage(rig, Switch.PAUSE)
    rig.deliver(rig.alert())


def _pause_file(rig: Rig) -> None:
    rig.pause_file.touch()
    rig.deliver(rig.alert())


def _maintenance(rig: Rig) -> None:
    _engage(rig, Switch.MAINTENANCE)
    rig.deliver(rig.alert())


def _not_allowed(rig: Rig) -> None:
    rig.deliver(rig.alert())
    book = rig.inventory.playbook("rollback_function")
    less = book.model_copy(update={"targets": (OTHER,)})
    rig.use(rig.inventory.model_copy(update={"playbooks": (less,)}))


def _storm(rig: Rig) -> None:
    rig.deliver(*(rig.alert(name) for name in rig.inventory.function_names[:4]))


def _acted(rig: Rig) -> None:
    """Let a run act on the function, and end well."""
    rig.deliver(rig.alert())
    rig.until(State.VERIFYING)
    ended = {"state": "closed", "outcome": "succeeded", "closed_at": rig.clock.at}
    with rig.ledger.engine.begin() as connection:
        connection.execute(sa.update(RUNS).values(ended))
    rig.clock.forward(60)


def _target_busy(rig: Rig) -> None:
    rig.deliver(rig.alert())
    rig.until(State.VERIFYING)
    assert rig.step()
    action = rig.worker.actions["set_provisioned_concurrency"]
    wanted = intent(rig.inventory, action, FUNCTION, {"instances": 1}, dry=False)
    rig.ledger.deliveries.ask(wanted, "ana", rig.clock.at)


def _cool_down(rig: Rig) -> None:
    _acted(rig)
    rig.deliver(rig.alert())


def _rate(rig: Rig) -> None:
    _limits(rig, runs_per_hour=1)
    _acted(rig)
    rig.deliver(rig.alert(OTHER))


def _blast_radius(rig: Rig) -> None:
    _limits(rig, max_share=0.3)
    _acted(rig)
    rig.deliver(rig.alert(OTHER))


def _planned(rig: Rig) -> None:
    rig.deliver(rig.alert())
    rig.step()
    assert rig.run().plan is not None


def _plan_expired(rig: Rig) -> None:
    _planned(rig)
    rig.clock.forward(rig.inventory.engine.plan_expiry)


def _drift(rig: Rig) -> None:
    _planned(rig)
    client = rig.aws.client("lambda")
    client.update_alias(FunctionName=FUNCTION, Name="LIVE", Description="somebody was here")


def _no_data(rig: Rig) -> None:
    rig.metrics.new = (None, None)
    rig.deliver(rig.alert())


def _alert_unconfirmed(rig: Rig) -> None:
    rig.metrics.away = rig.metrics.alertmanager_away = True
    rig.deliver(rig.alert())


@pytest.mark.parametrize(
    ("arrange", "reason"),
    [
        (_kill_switch, "kill_switch"),
        (_pause_file, "kill_switch"),
        (_maintenance, "maintenance"),
        (_not_allowed, "not_allowed"),
        (_storm, "storm"),
        (_target_busy, "target_busy"),
        (_cool_down, "cool_down"),
        (_rate, "rate"),
        (_blast_radius, "blast_radius"),
        (_plan_expired, "plan_expired"),
        (_drift, "drift"),
        (_no_data, "no_data"),
        (_alert_unconfirmed, "alert_unconfirmed"),
    ],
)
def test_guard_stops_the_run_visibly(rig: Rig, arrange: Callable[[Rig], None], reason: str) -> None:
    """Held, with a reason and a time: in ledger, API, console, why and metrics; no call made."""
    rig.deploy()
    rig.clock.forward(120)
    arrange(rig)
    called = rig.aws.front.count("lambda", "UpdateAlias")
    rig.step()
    (run,) = [one for one in rig.ledger.facts.runs() if one.state is State.BLOCKED]
    front = Front(rig)
    assert (run.reason, run.updated_at) == (reason, rig.clock.at)
    assert rig.aws.front.count("lambda", "UpdateAlias") == called
    said = REASON_TEXTS[reason].in_(rig.inventory.locale)
    (shown,) = [one for one in front.get("/v1/runs?open=true")["runs"] if one["id"] == run.id]
    held = (shown["state"], shown["reason"], shown["reason_text"], shown["updated_at"])
    assert held == ("blocked", reason, said, rig.clock.at)
    console = front.text("/")
    since = datetime.fromtimestamp(rig.clock.at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    assert said in console
    assert f"{STATES['blocked'].in_(rig.inventory.locale)} ({since})" in console
    blocks = front.get(f"/v1/why/{run.fingerprint}")["runs"][-1]["blocks"]
    assert (blocks[-1]["at"], blocks[-1]["reason"]) == (rig.clock.at, reason)
    assert front.metric(f'vigia_run_blocks_total{{reason="{reason}"}}') == 1.0
    blocked = f'action="{run.action}",reason="{reason}",target="{run.target}"'
    assert f"vigia_run_blocked{{{blocked}}} 1.0" in front.text("/metrics")


def test_held_again_is_neither_counted_nor_dated_anew(rig: Rig) -> None:
    """A minute later the run is still held since it was first held, and was held once."""
    _kill_switch(rig)
    rig.step()
    first = rig.run()
    rig.clock.forward(rig.inventory.engine.block_retry)
    assert rig.step()
    again = rig.run()
    assert (again.state, again.updated_at) == (State.BLOCKED, first.updated_at)
    assert again.next_at > first.next_at
    assert Front(rig).metric('vigia_run_blocks_total{reason="kill_switch"}') == 1.0


@pytest.mark.parametrize("told", [0, 2, 6])
def test_storm_breaker_has_hysteresis(inventory: Inventory, tmp_path: Path, told: int) -> None:
    """It opens at 4 sick targets, stays open at 3, closes at 2, and stays closed at 3.

    Told and pending targets count together, each once.
    """
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    sick: set[str] = set()
    facts: Any = SimpleNamespace(sick_targets=lambda _since: sick)
    watched = replace(ledger, facts=facts)
    found = []
    for count in (3, 4, 3, 2, 3, 4):
        names = [str(number) for number in range(count)]
        sick, ailing = {*names[:told]}, {*names[max(told - 1, 0) :]}
        found.append(guards._storm(watched, inventory, float(count), lambda: ailing))  # noqa: B023 called at once
    ledger.close()
    assert found == [False, True, True, False, False, True]


@pytest.mark.parametrize(
    ("acted", "held"),
    [((), False), (("b",), False), (("b", "c"), True), (("lambda_router",), False)],
)
def test_blast_radius_counts_every_kind_of_target(
    rig: Rig, acted: tuple[str, ...], *, held: bool
) -> None:
    """Three of five log groups within an hour are too large a share, as with functions."""
    rig.deliver(rig.alert())
    run = rig.run()
    situation = guards.Situation(
        now=0.0,
        run=replace(run, target="a", action="set_log_retention"),
        inventory=rig.inventory,
        mode="auto",
        pause=SwitchState(engaged=False),
        pause_file=False,
        maintenance=SwitchState(engaged=False),
        storm=False,
        flags=None,
        owned=("a", "b", "c", "d", "e"),
        acting_on_target=None,
        last_intent=None,
        acted_last_hour=acted,
    )
    assert (guards.blast_radius(situation) is not None) is held


def test_mode_comes_from_the_risk_where_none_is_named(rig: Rig) -> None:
    """Low acts, medium asks, high only shows; a rollback without a mode waits for a person."""
    assert {risk.value: mode for risk, mode in MODES.items()} == {
        "low": "auto",
        "medium": "approve",
        "high": "shadow",
    }
    rig.mode(None)  # type: ignore[arg-type]
    book = rig.inventory.playbook("rollback_function")
    for action in rig.worker.actions.values():
        assert mode_of(book, action) == MODES[action.risk]
        assert mode_of(book.model_copy(update={"mode": "shadow"}), action) == "shadow"
    rig.deploy()
    rig.clock.forward(120)
    rig.deliver(rig.alert())
    assert rig.until(State.AWAITING_APPROVAL, State.VERIFYING).state is State.AWAITING_APPROVAL
    assert rig.run().mode == "approve"


def test_plan_of_before_a_change_cannot_be_approved(rig: Rig) -> None:
    """The world changes between plan and approval: the old plan's hash is refused, nothing runs."""
    rig.mode("approve")
    rig.deploy()
    rig.clock.forward(120)
    rig.deliver(rig.alert())
    old = rig.until(State.AWAITING_APPROVAL)
    front, path = Front(rig), f"/v1/runs/{old.id}/approve"
    _drift_description(rig)
    assert front.client.post(path, json={"plan_hash": old.plan_hash}).status_code == 200
    rig.step()
    held = rig.run()
    assert (held.state, held.reason, held.approved_by) == (State.BLOCKED, "drift", None)
    assert rig.ledger.escalations.pending() == 2
    assert front.client.post(path, json={"plan_hash": old.plan_hash}).status_code == 409
    new = rig.until(State.AWAITING_APPROVAL)
    assert new.plan_hash != old.plan_hash
    assert front.client.post(path, json={"plan_hash": old.plan_hash}).status_code == 409
    assert rig.aws.front.count("lambda", "UpdateAlias") == 1
    assert front.client.post(path, json={"plan_hash": new.plan_hash}).status_code == 200
    rig.until(State.VERIFYING)
    assert rig.version() == {"5": 1.0}


def _drift_description(rig: Rig) -> None:
    client = rig.aws.client("lambda")
    client.update_alias(FunctionName=FUNCTION, Name="LIVE", Description="somebody was here")


def test_command_approves_only_what_it_shows(
    rig: Rig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """'approve' prints the plan; with another plan's hash it is refused; then it is approved."""
    rig.mode("approve")
    rig.deploy()
    rig.clock.forward(120)
    rig.deliver(rig.alert())
    run = rig.until(State.AWAITING_APPROVAL)
    token = tmp_path / "token"
    token.write_text(TOKEN)
    server = WebServer(Front(rig).client.application, Address("127.0.0.1", 0)).start()
    try:
        options = [run.id, "--url", server.url, "--token-file", str(token)]
        assert main(["remediations", "approve", *options, "--plan-hash", "0" * 64]) == 1
        assert "the plan has changed" in capsys.readouterr().err
        assert rig.run().state is State.AWAITING_APPROVAL
        assert main(["remediations", "approve", *options]) == 0
        assert run.plan is not None
        assert run.plan.diff[0] in capsys.readouterr().err
        assert main(["remediations", "list", *options[1:]]) == 0
        assert run.id in capsys.readouterr().out
    finally:
        server.stop()
    assert rig.run().approved_by is not None


def test_kill_switch_by_command_and_endpoint(
    inventory: Inventory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """'pause' holds what comes, whoever asks; 'resume' lets it go; both are on record."""
    app = made(inventory, tmp_path)
    server = WebServer(app.wsgi, Address("127.0.0.1", 0)).start()
    options = ["--url", server.url, "--token-file", str(tmp_path / "tokens")]
    try:
        assert main(["remediations", "pause", "--reason", "drill", *options]) == 0
        asked = app.wsgi.test_client().post("/v1/actions/pause_processing", headers=AUTH)
        app.engine.step()
        run = app.ledger.runs.existing((asked.json or {})["id"])
        assert (run.state, run.reason) == (State.BLOCKED, "kill_switch")
        assert main(["remediations", "list", *options]) == 0
        listed = capsys.readouterr().out
        assert "blocked" in listed
        assert "as ações estão suspensas" in listed
        assert main(["remediations", "resume", *options]) == 0
        app.wsgi.test_client().post("/v1/pause", headers=AUTH)
        state = app.ledger.switches.get(Switch.PAUSE, 0.0)
        assert (state.engaged, state.by) == (True, "api")
    finally:
        server.stop()
        app.stop()
