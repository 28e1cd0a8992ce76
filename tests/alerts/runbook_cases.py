"""What the runbooks' other commands need before them, and what must be so after them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import runbook_acts
from runbook_case import ROUTER, Case, flags_of, rule, rule_is, says, words
from runbook_world import FINGERPRINT, FULL, Said, World

from remediations.ledger.switches import Switch
from remediations.model import Outcome
from tests.conftest import wait_for
from tests.remediations.flag_world import MAINTENANCE


def _open(world: World) -> Mapping[str, str]:
    return {"ID": world.open_run().id, "FINGERPRINT": FINGERPRINT}


def _ended(outcome: Outcome) -> Callable[[World, Said], None]:
    def after(world: World, said: Said) -> None:
        wait_for(lambda: world.newest("scale_influxdb").outcome is outcome, 20)
        assert world.newest("scale_influxdb").id in said.out

    return after


def _grown(world: World, said: Said) -> None:
    # Over before the instance grows, the alert ends the run; while it fires nothing has helped.
    wait_for(lambda: world.instance().allocated_storage == 200, 20)
    world.fill(FULL / 2)
    _ended(Outcome.SUCCEEDED)(world, said)
    assert world.instance().allocated_storage == 200


def _shown(world: World, said: Said) -> None:
    plan = world.newest("scale_influxdb").plan
    assert plan is not None
    assert plan.diff[0] in said.out


def _explained(world: World, said: Said) -> None:
    assert "grow_influxdb" in said.out


def _paused(world: World) -> bool:
    return world.app.ledger.switches.get(Switch.PAUSE, time.time()).engaged


def _pause(world: World) -> Mapping[str, str]:
    world.say("vigia remediations pause")
    assert _paused(world)
    return {}


def _held(world: World, _said: Said) -> None:
    assert _paused(world)
    world.say("vigia remediations resume")


def _free(world: World, _said: Said) -> None:
    assert not _paused(world)


def _execution(status: str) -> Callable[[World], Mapping[str, str]]:
    def before(world: World) -> Mapping[str, str]:
        client = world.aws.client("stepfunctions")
        machine = client.list_state_machines()["stateMachines"][0]["stateMachineArn"]
        name = f"runbook-{time.monotonic()}"
        arn = client.start_execution(stateMachineArn=machine, name=name, input="{}")["executionArn"]
        if status == "ABORTED":
            client.stop_execution(executionArn=arn)
        return {"EXECUTION": arn}

    return before


def _window(world: World) -> Mapping[str, str]:
    assert world.say("vigia maintenance begin --for 2h --reason test").code == 0
    return {}


def _maintained(world: World, said: Said) -> None:
    assert "work goes on" in said.out
    assert flags_of(world).states()[MAINTENANCE]
    world.say("vigia maintenance end")


def _over(world: World, _said: Said) -> None:
    assert not flags_of(world).states()[MAINTENANCE]


def _serves(world: World, function: str, version: str) -> None:
    found: Any = world.version(function)
    assert found == {version: 1.0}


_HEALTH = frozenset({0, 1, 3})
"""As the pages say."""
CASES = {
    **runbook_acts.CASES,
    "vigia health now": Case(after=says("lambda_router"), codes=_HEALTH),
    "vigia check": Case(after=says("all"), codes=frozenset({0, 1})),
    "vigia plan": Case(after=says("total")),
    "vigia remediations list": Case(_open, says("awaiting_approval")),
    "vigia remediations list --open": Case(_open, says("awaiting_approval")),
    "vigia remediations show ID": Case(_open, _shown),
    "vigia remediations why FINGERPRINT": Case(_open, _explained),
    "vigia remediations approve ID": Case(_open, _grown),
    "vigia remediations reject ID": Case(_open, _ended(Outcome.REJECTED)),
    "vigia remediations cancel ID": Case(_open, _ended(Outcome.CANCELLED)),
    "vigia remediations pause": Case(after=_held),
    "vigia remediations resume": Case(_pause, _free),
    "vigia maintenance status": Case(),
    'vigia maintenance begin --for 2h --reason "work goes on"': Case(after=_maintained),
    "vigia maintenance end": Case(_window, _over, _HEALTH),
    (
        "aws cloudtrail lookup-events --lookup-attributes"
        " AttributeKey=EventName,AttributeValue=EVENT"
    ): Case(words(EVENT="PutUserPolicy"), says("PutUserPolicy")),
    "aws cloudwatch list-metrics --namespace NAMESPACE": Case(
        words(NAMESPACE="AWS/S3"), says("BucketSizeBytes")
    ),
    "aws deploy get-deployment --deployment-id DEPLOYMENT": Case(
        words(DEPLOYMENT="d-LAMB00005"), says("Succeeded")
    ),
    "aws events enable-rule --name RULE": Case(rule(on=False), rule_is("ENABLED")),
    "aws events disable-rule --name RULE": Case(rule(on=True), rule_is("DISABLED")),
    "aws lambda get-function-configuration --function-name FUNCTION --qualifier ALIAS": Case(
        words(FUNCTION=ROUTER, ALIAS="LIVE"), says("State")
    ),
    (
        "aws lambda update-alias --function-name FUNCTION --name ALIAS --function-version VERSION"
        """ --routing-config '{"AdditionalVersionWeights": {}}'"""
    ): Case(
        words(FUNCTION="timeseries_query_processor", ALIAS="LIVE", VERSION="3"),
        lambda world, _said: _serves(world, "timeseries_query_processor", "3"),
    ),
    "aws stepfunctions stop-execution --execution-arn EXECUTION": Case(_execution("RUNNING")),
    "aws stepfunctions redrive-execution --execution-arn EXECUTION": Case(_execution("ABORTED")),
}
"""By the command as the English pages have it; any other needs nothing, and ends with 0."""
