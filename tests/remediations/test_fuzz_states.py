"""Whatever people, alerts, AWS and time do in whatever order: only what the tables allow."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from schemathesis.specs.openapi.checks import positive_data_acceptance

from inventory.load import load_inventory
from remediations.app import all_actions
from remediations.ledger import audit
from remediations.ledger.runs import Runs
from remediations.maintenance import Maintenance
from remediations.model import Outcome, Run, State
from simulator.aws.server import EmbeddedAws
from simulator.seed import seed
from tests.remediations.case import all_cases
from tests.remediations.observed import Observed
from tests.remediations.rig import START, Clock, Rig
from tests.remediations.service import AUTH, made
from tests.remediations.test_fuzz import LATE, SCHEMA
from web.security import Guesses

ROOT = Path(__file__).resolve().parents[2]
INVENTORY = load_inventory(ROOT / "platform.yaml")
CASES = [case for case in all_cases() if case.start is None]
DOCUMENT: dict[str, Any] = LATE.described()
FEW = settings(
    max_examples=4,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate),
    report_multiple_bugs=False,
)
CALLS = [("lambda", "UpdateAlias"), ("lambda", "GetAlias"), ("appconfig", "StartDeployment")]
FAULTS = [("TooManyRequestsException", 429), ("InternalFailure", 500), ("AccessDenied", 403)]
WAYS = (State.READY, State.AWAITING_APPROVAL, State.VERIFYING, State.UNDOING, State.CLOSED)
ROUTES = [
    (path, method)
    for path, operations in DOCUMENT["paths"].items()
    for method in operations
    if method in ("get", "post")
]


class Life(RuleBasedStateMachine):
    """One service and its engine, over an AWS that several of them share one after the other."""

    aws: ClassVar[EmbeddedAws]
    clock: ClassVar[Clock]
    way: ClassVar[State]
    seen: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        # Long after whatever the one before did, with all that had failed mended.
        self.clock.forward(7 * 86_400)
        self.aws.front.heal()
        self.folder = Path(tempfile.mkdtemp(prefix="vigia-fuzz-"))
        self.service = made(INVENTORY, self.folder, clock=self.clock)
        state = self.folder / "state"
        url = f"sqlite:///{state / 'ledger.db'}"
        self.rig = Rig(INVENTORY, self.clock, self.aws, url, state)
        self.observed = Observed(self.rig.ledger.engine)
        self.client = self.service.wsgi.test_client()
        LATE.app = self.service.wsgi

    def teardown(self) -> None:
        """Look at the whole record, and leave nothing behind."""
        with self.rig.ledger.engine.connect() as connection:
            broken = audit.broken_at(connection)
        self.seen.update(move.became for move in self.observed.moves)
        LATE.app = None
        self.rig.ledger.close()
        self.service.stop()
        shutil.rmtree(self.folder)
        assert broken is None

    @invariant()
    def lawful(self) -> None:
        """Every change of every run is one that the tables allow."""
        assert self.observed.problems() == []

    @initialize(mode=st.sampled_from(["auto", "auto", "approve"]))
    def begin(self, mode: str) -> None:
        """Begin where a run has come to already."""
        way = self.way
        self.rig.mode("approve" if way is State.AWAITING_APPROVAL else mode)
        self.deploy_and_alert()
        if way is State.READY:
            return
        self.rig.until(State.AWAITING_APPROVAL, State.VERIFYING)
        if way is State.AWAITING_APPROVAL:
            return
        self.decide("approve", 0, right=True)
        self.rig.until(State.VERIFYING)
        if way is State.UNDOING:
            self.rig.metrics.ratio = 0.9
            self.rig.until(State.UNDOING)
        if way is State.CLOSED:
            self.rig.metrics.ratio = 0.0
            self.rig.until(State.CLOSED)

    def send(self, path: str, sent: Any, **named: str) -> int:
        """Post to a path of the description; the answer is one that it promises."""
        answer = self.client.post(path.format(**named), json=sent, headers=AUTH)
        promised = DOCUMENT["paths"][path]["post"]["responses"]
        assert str(answer.status_code) in promised, (path, sent, answer.text)
        return answer.status_code

    def some_run(self, which: int) -> Run | None:
        """Return one of the runs, if there are any; 0 is the newest."""
        runs = self.rig.ledger.facts.runs()
        return runs[which % len(runs)] if runs else None

    @rule()
    def deploy_and_alert(self) -> None:
        """A deployment makes the function fail, and its alert is delivered."""
        self.rig.metrics.ratio, self.rig.metrics.firing = 0.35, True
        self.rig.deploy()
        self.clock.forward(120)
        self.alert(status="firing", start=0)

    @rule(status=st.sampled_from(["firing", "resolved"]), start=st.integers(0, 2))
    def alert(self, status: str, start: int) -> None:
        """Alertmanager delivers an alert, once more or anew."""
        alert = self.rig.alert(at=self.clock.at - 60 * start, status=status)
        assert self.send("/v1/alerts", json.loads(self.rig.webhook(alert))) == 202

    @rule(case=st.sampled_from(CASES), dry=st.booleans(), by=st.text(max_size=5))
    def ask(self, case: Any, dry: bool, by: str) -> None:  # noqa: FBT001 drawn
        """A person asks for an action."""
        sent = {"target": case.target, "params": dict(case.params), "dry_run": dry, "by": by}
        self.send("/v1/actions/{name}", sent, name=case.name)

    @rule(
        what=st.sampled_from(["approve", "approve", "reject", "cancel"]),
        which=st.integers(0, 3),
        right=st.booleans(),
    )
    def decide(self, what: str, which: int, right: bool) -> None:  # noqa: FBT001 drawn
        """A person decides about a run, rightly or too late."""
        run = self.some_run(which)
        if run is None:
            return
        sent = {"by": "ana"}
        if what == "approve":
            sent["plan_hash"] = str(run.plan_hash) if right and run.plan_hash else "0" * 64
        self.send(f"/v1/runs/{{run_id}}/{what}", sent, run_id=run.id)

    @rule(engaged=st.booleans(), file=st.booleans())
    def switch(self, engaged: bool, file: bool) -> None:  # noqa: FBT001 drawn
        """A person engages or releases the kill switch."""
        if not file:
            assert self.send("/v1/pause" if engaged else "/v1/resume", {"by": "rui"}) == 200
        elif engaged:
            self.rig.pause_file.touch()
        else:
            self.rig.pause_file.unlink(missing_ok=True)

    @rule(begin=st.booleans(), steps=st.integers(0, 4))
    def maintain(self, begin: bool, steps: int) -> None:  # noqa: FBT001 drawn
        """A person begins or ends a maintenance window, and its keeper works."""
        if begin:
            self.send("/v1/maintenance", {"seconds": 600, "reason": "x", "by": "ana"})
        else:
            self.send("/v1/maintenance/end", {"by": "ana"})
        rig = self.rig
        parts = (rig.ledger, INVENTORY, all_actions(), rig.metrics, self.clock.now)
        keeper = Maintenance(*parts)  # type: ignore[arg-type]  # silences fail: it has none
        for _ in range(steps):
            keeper.work()

    @rule(times=st.integers(1, 5))
    def step(self, times: int) -> None:
        """The engine works on what is due."""
        for _ in range(times):
            self.rig.step()

    @rule(looks=st.integers(5, 25))
    def work(self, looks: int) -> None:
        """The engine works, and time passes until something is due."""
        for _ in range(looks):
            if not self.rig.step():
                due = [run.next_at for run in self.rig.ledger.facts.runs(open_only=True)]
                self.clock.at = max(self.clock.at + 0.5, min(due, default=0.0))

    @rule(seconds=st.sampled_from([1, 30, 90, 700, 4000]))
    def forward(self, seconds: int) -> None:
        """Time passes and nobody works."""
        self.clock.forward(seconds)

    @rule(
        ratio=st.sampled_from([None, 0.0, 0.35, 0.9]),
        firing=st.sampled_from([True, True, False]),
        away=st.sampled_from([False, False, True]),
    )
    def measure(self, ratio: float | None, firing: bool, away: bool) -> None:  # noqa: FBT001 drawn
        """Prometheus says something else, or nothing."""
        metrics = self.rig.metrics
        metrics.ratio, metrics.firing, metrics.active = ratio, firing, firing
        metrics.away = metrics.alertmanager_away = away

    @rule(call=st.sampled_from(CALLS), fault=st.sampled_from(FAULTS), after=st.booleans())
    def break_aws(self, call: Any, fault: Any, after: bool) -> None:  # noqa: FBT001 drawn
        """AWS refuses, fails or loses an answer, once."""
        self.aws.front.fail(*call, code=fault[0], status=fault[1], times=1, after=after)

    @rule(mode=st.sampled_from(["auto", "auto", "approve", "shadow"]))
    def restart(self, mode: str) -> None:
        """The service starts again, perhaps with other modes of its playbooks."""
        self.rig.mode(mode)

    @rule(route=st.sampled_from(ROUTES), data=st.data(), which=st.integers(0, 3))
    def request(self, route: tuple[str, str], data: st.DataObject, which: int) -> None:
        """Any operation of the description, with what schemathesis makes up for it."""
        path, method = route
        case: schemathesis.Case = data.draw(SCHEMA[path][method.upper()].as_strategy())
        run = self.some_run(which)
        if run is not None:
            known = {"run_id": run.id, "fingerprint": run.fingerprint, "name": run.action}
            case.path_parameters = {
                name: known.get(name, value) for name, value in (case.path_parameters or {}).items()
            }
        # What a known run or action allows is not in the description.
        case.call_and_validate(headers=AUTH, excluded_checks=[positive_data_acceptance])


@pytest.fixture(scope="module", autouse=True)
def _world() -> Iterator[None]:
    """An AWS that has all of the platform, for all lives one after the other."""
    clock = Clock(START)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "embedded")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "embedded")
        # The fuzzer tries wrong tokens too, and expects to hear each time that they are wrong.
        patch.setattr("remediations.pages.api.Guesses", partial(Guesses, limit=1_000_000))
        aws = EmbeddedAws(INVENTORY.aws.region, clock.now).start()
        try:
            seed(aws, INVENTORY, clock.now)
            Life.aws, Life.clock = aws, clock
            yield
        finally:
            aws.stop()


def _live(way: State, few: settings = FEW) -> Counter[str]:
    """Let lives begin in this state; return how often runs came to each."""
    begun = type("Life", (Life,), {"way": way, "seen": Counter()})
    run_state_machine_as_test(begun, settings=few)
    found: Counter[str] = begun.seen  # type: ignore[attr-defined]  # given above
    return found


@pytest.mark.parametrize("way", WAYS)
def test_in_any_order_only_what_the_tables_allow(way: State) -> None:
    """No 500, no defect, and no change of state or outcome that the tables lack."""
    seen = _live(way)
    assert seen[way] > 0
    assert sum(seen.values()) > 50, "too little happened to prove anything"


def _reject_anything(runs: Runs, run_id: str) -> Run:
    return runs.existing(run_id)


def _cancel_anything(runs: Runs, run_id: str, by: str, now: float) -> Run:
    return runs._end(runs.existing(run_id), Outcome.CANCELLED, by, now)


def _approve_anything(runs: Runs, run_id: str, _digest: str, by: str, now: float) -> Run:
    return runs._decide(runs.existing(run_id), now, kind="approved", by=by, to=State.READY)


@pytest.mark.parametrize(
    ("check", "without", "way", "said"),
    [
        ("_waiting", _reject_anything, State.READY, "ended as rejected"),
        ("cancel", _cancel_anything, State.VERIFYING, "ended as cancelled"),
        ("approve", _approve_anything, State.VERIFYING, "verifying became ready"),
    ],
)
def test_a_check_that_is_gone_is_missed(
    monkeypatch: pytest.MonkeyPatch,
    check: str,
    without: Callable[..., Run],
    way: State,
    said: str,
) -> None:
    """The fuzz can fail: without one of the store's checks it finds what the tables lack."""
    monkeypatch.setattr(Runs, check, without)
    # Nothing but the one check stands between a request and the row.
    monkeypatch.setattr("remediations.ledger.runs.TRANSITIONS", dict.fromkeys(State, State))
    with pytest.raises(AssertionError, match=f"{said}|touched after it was closed"):
        _live(way, settings(FEW, max_examples=20))
