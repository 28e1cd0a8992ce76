"""The judge of scenarios says no: to what is missing, and to whatever nobody expects."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from alerts.packs import packs
from inventory.load import load_inventory
from simulator.aws.codedeploy import app_spec
from simulator.aws.front import Seen
from simulator.aws.server import EmbeddedAws
from simulator.faults import Ground, Injected
from simulator.faults.outages import AwsDown
from simulator.influxdb import InfluxStandIn
from simulator.judge import Judge
from simulator.observe import AlertState, Look
from simulator.scenario import load
from simulator.scenarios import names
from simulator.script import Before, Performance
from simulator.seed import seed
from simulator.sink import Page
from simulator.workload import Workload

ROOT = Path(__file__).resolve().parents[2]
FUNCTION, ALERT = "lambda_router", "FunctionRegressedAfterDeploy"
MISSING = {
    "run": "rollback_function on lambda_router: succeeded (recovered)",
    "other run": "no other remediation was opened",
    "writes": "only the expected changes reached AWS",
    "alias": "the alias of lambda_router serves version",
    "otherwise": "everything else in AWS is as before",
    "call": "nobody was called for another reason",
    "page": "operations-page was told of FunctionRegressedAfterDeploy",
    "silence": "nothing was taken for granted while nobody could know",
}


class Quiet:
    """A service that tells nothing more of a run."""

    def run(self, _run_id: str) -> dict[str, Any]:
        """Tell nothing."""
        return {}


class Court:
    """A scenario that ended as it should, until a test changes that."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.since = ground.now()
        scenario = load("bad_deploy")
        self.performance = Performance(scenario, self.since, Before.of(ground), done=1)
        self.performance.fired.add((ALERT, FUNCTION))
        fault = scenario.script[0].fault
        assert fault is not None
        self.performance.injected.append(
            Injected(fault, self.since, self.since, version="6", until=self.since)
        )
        ground.aws.deployments.create(
            ground.inventory.codedeploy.application,
            f"{FUNCTION}-deployment-group",
            _content(),
            "CodeDeployDefault.LambdaAllAtOnce",
        )
        self.runs = [self._run(FUNCTION)]
        self.pages = [self._page(ALERT, {"function": FUNCTION})]
        self.record("UpdateAlias")

    def _run(self, target: str) -> dict[str, Any]:
        at = self.since + 20
        return {
            "id": target,
            "action": "rollback_function",
            "target": target,
            "playbook": "b",
            "state": "closed",
            "outcome": "succeeded",
            "reason": "recovered",
            **dict.fromkeys(("created_at", "intended_at", "applied_at", "closed_at"), at),
            "updated_at": at,
        }

    def _page(
        self, alert: str, labels: dict[str, str], receiver: str = "operations-page", at: float = 1
    ) -> Page:
        labels = {"severity": "page", **labels}
        return Page(self.since, receiver, "firing", alert, labels, 1, self.since + at)

    def tell(self, alert: str, receiver: str = "operations-page", **labels: str) -> None:
        """Let people have been told of one thing more."""
        self.pages.append(self._page(alert, labels, receiver))

    def record(self, operation: str) -> None:
        """Let a call of Vigia's have reached AWS."""
        seen = Seen(self.since + 20, "lambda", operation, 200, caller="remediations")
        self.ground.aws.front.seen.append(seen)

    def no(self) -> list[str]:
        """Return what is not as expected."""
        judge = Judge([self.performance], Quiet(), self.ground, "en")  # type: ignore[arg-type]
        alerts = [AlertState(ALERT, {"function": FUNCTION}, "firing")]
        look = Look(self.since + 60, alerts, self.runs, self.pages)
        return [one.text for one in judge.findings(self.performance, look) if not one.met]


def _content() -> str:

    return app_spec(FUNCTION, "LIVE", "5", "5")


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    """An embedded platform that nobody disturbs."""
    inventory = load_inventory(ROOT / "platform.yaml")
    aws = EmbeddedAws(inventory.aws.region, time.time).start()
    influx = InfluxStandIn(inventory.influxdb.bucket, "token")
    try:
        seed(aws, inventory, time.time)
        rng = random.Random(1)  # noqa: S311 traffic
        workload = Workload(aws, influx, inventory, time.time, rng)
        yield Ground(aws, influx, workload, inventory, {}, time.time)
    finally:
        aws.stop()
        influx.stop()


@pytest.fixture
def court(ground: Ground) -> Iterator[Court]:
    """A case in which all is as it should be."""
    ground.aws.front.seen.clear()
    yield Court(ground)
    for function in (FUNCTION, "influxdb_loader"):
        ground.aws.client("lambda").update_alias(
            FunctionName=function, Name="LIVE", FunctionVersion="5"
        )


def test_all_as_it_should_be(court: Court) -> None:
    """Where everything came about, nothing is missing."""
    assert court.no() == []


def _acts_elsewhere(court: Court) -> None:
    court.runs.append(court._run("influxdb_loader"))


def _moved(function: str) -> Callable[[Court], None]:
    def move(court: Court) -> None:
        court.ground.aws.client("lambda").update_alias(
            FunctionName=function, Name="LIVE", FunctionVersion="4"
        )

    return move


def _blind(court: Court) -> None:
    down = AwsDown(kind="aws_down")
    court.performance.injected.append(Injected(down, court.since + 10, until=court.since + 30))


@pytest.mark.parametrize(
    ("wrong", "missing"),
    [
        pytest.param(lambda court: court.runs[0].update(outcome="failed"), "run", id="run"),
        pytest.param(_acts_elsewhere, "other run", id="another run"),
        pytest.param(lambda court: court.record("UpdateAlias"), "writes", id="written twice"),
        pytest.param(lambda court: court.record("DeleteFunction"), "writes", id="other write"),
        pytest.param(_moved(FUNCTION), "alias", id="alias not back"),
        pytest.param(_moved("influxdb_loader"), "otherwise", id="another alias moved"),
        pytest.param(lambda court: court.pages.clear(), "page", id="nobody told"),
        pytest.param(
            lambda court: court.tell("RemediationNeedsHuman", target=FUNCTION, outcome="failed"),
            "call",
            id="cried wolf",
        ),
        pytest.param(lambda court: court.tell("InfluxDown", bucket="b"), "call", id="other page"),
        pytest.param(
            lambda court: court.tell("LambdaErrorsHigh", function="influxdb_loader"),
            "call",
            id="another function's page",
        ),
        pytest.param(
            lambda court: court.tell("LambdaErrorsHigh", "engineering-page", function=FUNCTION),
            "call",
            id="another level",
        ),
        pytest.param(
            lambda court: court.tell(
                "EscalationTier2", "engineering-page", escalated=ALERT, function=FUNCTION
            ),
            "call",
            id="escalated though cured",
        ),
        pytest.param(_blind, "silence", id="by silence"),
    ],
)
def test_one_thing_wrong_is_named(
    court: Court, wrong: Callable[[Court], object], missing: str
) -> None:
    """Each thing that goes wrong is said, and nothing else is."""
    wrong(court)
    (said,) = court.no()
    assert said.startswith(MISSING[missing])


def test_what_the_fault_itself_fires_may_be_told(court: Court) -> None:
    """The fault's own symptoms, and the escalation of those that last, are nobody's mistake."""
    court.tell("LambdaErrorsHigh", function=FUNCTION)
    court.tell("LambdaBudgetBurnFast", objective="lambda_success")
    court.tell(
        *("EscalationTier2", "engineering-page"),
        escalated="LambdaBudgetBurnFast",
        objective="lambda_success",
    )
    assert court.no() == []


def test_what_began_before_is_not_held_against_it(court: Court) -> None:
    """Pages of before, and their escalation, are another scenario's."""
    court.pages.append(court._page("ApiProbeDown", {"api": "a"}, at=-60))
    court.tell("EscalationTier2", "engineering-page", escalated="ApiProbeDown", api="a")
    assert court.no() == []
    court.tell("EscalationTier2", "engineering-page", escalated="ApiProbeDown", api="b")
    assert len(court.no()) == 1


def test_tickets_wake_nobody(court: Court) -> None:
    """What waits for office hours is not judged."""
    court.tell("ApiServerErrors", "operations-ticket", severity="ticket")
    assert court.no() == []


@pytest.mark.parametrize("name", names())
def test_every_page_is_named_exactly(name: str, rules: dict[str, set[str]]) -> None:
    """A scenario's pages say what they are about, and its alerts are alerts that page."""
    expect = load(name).expect
    for page in expect.pages:
        assert "page" in rules[page.alert]
        # One call for a whole storm is about no target.
        assert page.target is not None or page.reason == "storm"
    assert all("page" in rules[one.alert] for one in expect.symptoms)


@pytest.fixture(scope="module")
def rules() -> dict[str, set[str]]:
    """The severities of each alert there is."""
    found: dict[str, set[str]] = {}
    for pack in packs(load_inventory(ROOT / "platform.yaml")).values():
        for rule in pack:
            found.setdefault(rule.name, set()).add(rule.severity.value)
    return found
