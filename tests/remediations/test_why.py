"""For every alert ever delivered there is an answer: which rule, guard, plan and result."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalogue.text import Locale
from catalogue.texts import why as texts
from catalogue.texts.remediations import REASONS
from inventory.load import load_inventory
from inventory.model import Inventory
from remediations.app import RemediationsApp, all_actions
from remediations.intake import read_webhook
from remediations.ledger.schema import RUNS
from remediations.ledger.store import Ledger, open_ledger
from remediations.model import Call, Decision, Outcome, Plan, State
from remediations.pages.views import why_document
from tests.remediations.rig import FUNCTION
from tests.remediations.service import AUTH, made
from vigia.__main__ import main
from web.address import Address
from web.server import WebServer

INVENTORY = load_inventory(Path(__file__).resolve().parents[2] / "platform.yaml")
ACTIONS = all_actions()
LOCALES: tuple[Locale, ...] = ("pt-BR", "en")
ALERT = "FunctionRegressedAfterDeploy"
CALL = Call("lambda", "UpdateAlias", {"FunctionVersion": "6"})
PLAN = Plan("rollback_function", FUNCTION, {}, {}, (CALL,), (), ("LIVE: 7 -> 6",), (), 9e9)


def _alert(fingerprint: str, **changes: Any) -> dict[str, Any]:
    labels = {"alertname": ALERT, "remediation": "rollback_function", "function": FUNCTION}
    return {
        "status": changes.pop("status", "firing"),
        "labels": {**labels, **changes},
        "startsAt": "2026-01-01T00:00:00Z",
        "fingerprint": fingerprint,
    }


def _deliver(ledger: Ledger, *alerts: dict[str, Any], at: float = 1.0) -> None:
    body = json.dumps({"version": "4", "alerts": alerts}).encode()
    ledger.deliveries.receive(read_webhook(body, INVENTORY, ACTIONS)[0], 0, at)


def _answers(ledger: Ledger, fingerprint: str) -> list[dict[str, Any]]:
    """Return the answer in each language, having checked that both are whole sentences."""
    found = []
    for locale in LOCALES:
        document = why_document(ledger, fingerprint, locale)
        assert document is not None
        sentences = [*document["answer"], *(one["text"] for one in document["deliveries"])]
        for sentence in sentences:
            assert sentence.endswith((".", ")"))
            assert "{" not in sentence
            assert "None" not in sentence
        found.append(document)
    assert found[0]["answer"] != found[1]["answer"]
    return found


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger."""
    made_ = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    yield made_
    made_.close()


KINDS: dict[str, tuple[list[dict[str, Any]], Decision, str | None]] = {
    "accepted": ([_alert("a1")], Decision.ACCEPTED, None),
    "delivered before": ([_alert("a1")] * 2, Decision.DUPLICATE, "delivered_before"),
    "run open": ([_alert("b2"), _alert("a1")], Decision.DUPLICATE, "run_open"),
    "no playbook": ([_alert("a1", remediation="")], Decision.SUPPRESSED, "no_playbook"),
    "unknown playbook": ([_alert("a1", remediation="x")], Decision.REFUSED, "unknown_playbook"),
    "other alert": ([_alert("a1", alertname="x")], Decision.REFUSED, "alert_not_allowed"),
    "elsewhere": ([_alert("a1", environment="dev")], Decision.REFUSED, "foreign_environment"),
    "no target": ([_alert("a1", function="")], Decision.REFUSED, "no_target"),
    "foreign": ([_alert("a1", function="x")], Decision.REFUSED, "foreign_target"),
    "resolved": ([_alert("a1", status="resolved")], Decision.ACCEPTED, "resolved"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_delivery_has_an_answer(ledger: Ledger, kind: str) -> None:
    """What was decided, by which rule and why, in a sentence in both languages."""
    alerts, decision, reason = KINDS[kind]
    for number, alert in enumerate(alerts):
        _deliver(ledger, alert, at=float(number))
    for document, locale in zip(_answers(ledger, "a1"), LOCALES, strict=True):
        newest = document["deliveries"][-1]
        assert (newest["decision"], newest["reason"]) == (decision, reason)
        labels = alerts[-1]["labels"]
        assert labels["alertname"] in document["answer"][0]
        playbook = labels["remediation"] or texts.NO_PLAYBOOK.in_(locale)
        assert playbook in document["answer"][0]
        if reason == "delivered_before":
            assert document["answer"][0] == document["deliveries"][0]["text"]
        elif reason is not None and reason != "resolved":
            assert REASONS[reason].in_(locale) in document["answer"][0]
        assert document["deliveries_total"] == sum(a["fingerprint"] == "a1" for a in alerts)


def test_every_state_and_outcome_has_a_sentence() -> None:
    """No run can stand or end anywhere that cannot be said in both languages."""
    assert set(texts.STATES) == {state.value for state in State if state is not State.CLOSED}
    assert set(texts.OUTCOMES) == {outcome.value for outcome in Outcome}
    assert set(texts.DECISIONS) == {decision.value for decision in Decision}


STANDINGS = st.one_of(
    st.tuples(st.sampled_from([s for s in State if s is not State.CLOSED]), st.none()),
    st.tuples(st.just(State.CLOSED), st.sampled_from(Outcome)),
)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(STANDINGS, st.none() | st.sampled_from(sorted(REASONS)), st.none() | st.text(max_size=9))
def test_every_end_of_a_run_has_an_answer(
    ledger: Ledger, standing: tuple[State, Outcome | None], reason: str | None, detail: str | None
) -> None:
    """Wherever a run stands and however it ended: plan, standing and reason are told."""
    state, outcome = standing
    detail = detail and detail.replace("{", "").replace("None", "")
    _deliver(ledger, _alert("a1"))
    if not (runs := ledger.facts.runs()) or runs[0].plan is None:
        run = ledger.runs.claim("test", 60, 2.0)
        assert run is not None
        ledger.runs.save_plan(run, replace(PLAN), State.READY, 3.0, 3.0)
    with ledger.engine.begin() as connection:
        values = {"state": state.value, "outcome": outcome, "reason": reason, "detail": detail}
        connection.execute(sa.update(RUNS).values(values))
    for document, locale in zip(_answers(ledger, "a1"), LOCALES, strict=True):
        (run_,) = document["runs"]
        standing_text = texts.OUTCOMES[outcome] if outcome else texts.STATES[state.value]
        assert standing_text.in_(locale) in document["answer"][1]
        assert list(run_["plan"]["diff"]) == ["LIVE: 7 -> 6"]
        if reason is not None:
            assert REASONS[reason].in_(locale) in document["answer"][1]


@settings(max_examples=12, deadline=None)
@given(
    st.lists(
        st.builds(
            _alert,
            st.sampled_from(["a1", "b2", "c3"]),
            status=st.sampled_from(["firing", "resolved"]),
            remediation=st.sampled_from(["rollback_function", "", "x"]),
            function=st.sampled_from([FUNCTION, "influxdb_loader", "", "x"]),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_whatever_was_delivered_has_an_answer(alerts: list[dict[str, Any]]) -> None:
    """Any history of deliveries: each alert's answer counts all of them, acted on or not."""
    ledger = open_ledger("sqlite://")
    for number, alert in enumerate(alerts):
        _deliver(ledger, alert, at=float(number))
    for fingerprint in {alert["fingerprint"] for alert in alerts}:
        for document in _answers(ledger, fingerprint):
            count = sum(alert["fingerprint"] == fingerprint for alert in alerts)
            assert document["deliveries_total"] == len(document["deliveries"]) == count
    assert why_document(ledger, "d4", "en") is None
    ledger.close()


def test_a_flood_of_copies_has_a_bounded_answer(ledger: Ledger) -> None:
    """Of thousands of deliveries the newest are shown, and how many there were is told."""
    for number in range(3):
        _deliver(ledger, *[_alert("a1")] * 100, at=float(number))
    document = _answers(ledger, "a1")[0]
    assert (document["deliveries_total"], len(document["deliveries"])) == (300, 200)


@pytest.fixture
def app(inventory: Inventory, tmp_path: Path) -> Iterator[RemediationsApp]:
    """The service at rest."""
    service = made(inventory, tmp_path)
    yield service
    service.stop()


def test_guard_and_answer_reach_command_and_console(
    app: RemediationsApp, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """'why' prints the rule, the guard and its time; the console's page says the same."""
    _deliver(app.ledger, _alert("a1"))
    app.engine.step()
    server = WebServer(app.wsgi, Address("127.0.0.1", 0)).start()
    options = ["--url", server.url, "--token-file", str(tmp_path / "tokens")]
    try:
        assert main(["remediations", "why", "a1", *options]) == 0
        said = capsys.readouterr().out
        assert main(["remediations", "why", "d4", *options]) == 1
        assert "no alert with fingerprint d4" in capsys.readouterr().err
    finally:
        server.stop()
    page = app.wsgi.test_client().get("/why/a1").text
    guard = REASONS["alert_unconfirmed"].pt
    for text in (said, page):
        assert f"alerta {ALERT}, playbook rollback_function" in text
        assert guard in text
        assert texts.STATES["blocked"].pt in text
    assert '<a href="/why/a1">' in app.wsgi.test_client().get("/").text
    assert app.wsgi.test_client().get("/why/d4").status_code == 404


def test_what_a_person_asked_for_has_an_answer_too(app: RemediationsApp) -> None:
    """A run by hand has no alert; its page says who is behind it."""
    client = app.wsgi.test_client()
    asked = client.post("/v1/actions/pause_processing", json={"by": "ana"}, headers=AUTH)
    fingerprint = (asked.json or {})["fingerprint"]
    answer = (client.get(f"/v1/why/{fingerprint}", headers=AUTH).json or {})["answer"]
    assert answer[0] == texts.BY_HAND.pt
    assert len(answer) == 2
