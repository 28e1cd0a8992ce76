"""Pruning: what nothing names goes, whatever anything names stays, and never the function."""

from __future__ import annotations

from typing import Any

import pytest

from remediations.asking import AskedWronglyError, checked, intent
from remediations.calls import ForbiddenCallError, make
from remediations.model import Call, Outcome, Run, State
from simulator.seed import publish
from tests.remediations.rig import FUNCTION, CrashError, Rig

OTHER = "influxdb_loader"


def versions(rig: Rig, function: str = FUNCTION) -> list[int]:
    """Return the numbers of the versions that there really are."""
    pages = rig.aws.client("lambda").get_paginator("list_versions_by_function")
    return [
        int(version["Version"])
        for page in pages.paginate(FunctionName=function)
        for version in page["Versions"]
        if version["Version"] != "$LATEST"
    ]


def alias(rig: Rig, name: str, version: str, weights: dict[str, float] | None = None) -> None:
    """Point another alias at a version."""
    rig.aws.client("lambda").create_alias(
        FunctionName=FUNCTION,
        Name=name,
        FunctionVersion=version,
        RoutingConfig={"AdditionalVersionWeights": weights or {}},
    )


def waiting(rig: Rig, name: str, **params: Any) -> Run:
    """Ask and return the run as its plan waits for approval."""
    wanted = intent(rig.inventory, rig.worker.actions[name], FUNCTION, params, dry=False)
    rig.ledger.deliveries.ask(wanted, "test", rig.clock.at)
    return rig.until(State.AWAITING_APPROVAL)


def approve(rig: Rig, run: Run) -> None:
    """Approve a run's plan."""
    rig.ledger.runs.approve(run.id, str(run.plan_hash), "test", rig.clock.at)


def test_old_versions_go_and_the_newest_stay(rig: Rig) -> None:
    """Of five versions the two newest stay; the plan says which go, and that it is for good."""
    done = rig.ask("prune_versions", FUNCTION, keep=2)
    assert (done.outcome, versions(rig)) == (Outcome.SUCCEEDED, [4, 5])
    assert done.plan is not None
    assert done.plan.approval
    assert done.plan.notes == ("versions_are_deleted", "callers_by_number")
    assert rig.aws.front.count("lambda", "DeleteFunction") == 3


def test_five_stay_unless_told_otherwise(rig: Rig) -> None:
    """The manual keeps the last five: with no more than that there is nothing to do."""
    done = rig.ask("prune_versions", FUNCTION)
    assert (done.outcome, done.reason) == (Outcome.CANCELLED, "nothing_to_prune")
    publish(rig.aws, FUNCTION, "six")
    rig.clock.forward(1)
    assert rig.ask("prune_versions", FUNCTION).outcome is Outcome.SUCCEEDED
    assert versions(rig) == [2, 3, 4, 5, 6]


def test_numbers_are_ordered_as_numbers(rig: Rig) -> None:
    """Version 10 is newer than version 9: by their letters the newest would have gone."""
    for number in range(6, 12):
        publish(rig.aws, OTHER, f"n{number}")
    rig.ask("prune_versions", OTHER, keep=2)
    # 5 serves, 4 is the way back.
    assert versions(rig, OTHER) == [4, 5, 10, 11]


def test_what_anything_names_stays(rig: Rig) -> None:
    """An alias, a weight, provisioned concurrency and an event source each keep their version."""
    for number in range(6, 11):
        publish(rig.aws, FUNCTION, f"n{number}")
    alias(rig, "CANARY", "10", {"6": 0.1})
    alias(rig, "OLD", "1")
    client = rig.aws.client("lambda")
    client.put_provisioned_concurrency_config(
        FunctionName=FUNCTION, Qualifier="7", ProvisionedConcurrentExecutions=1
    )
    queue = rig.aws.client("sqs").create_queue(QueueName="files")["QueueUrl"]
    arn = rig.aws.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    client.create_event_source_mapping(
        FunctionName=f"{FUNCTION}:3", EventSourceArn=arn["Attributes"]["QueueArn"]
    )
    done = rig.ask("prune_versions", FUNCTION, keep=1)
    assert (done.outcome, versions(rig)) == (Outcome.SUCCEEDED, [1, 3, 4, 5, 6, 7, 10])
    assert done.plan is not None
    assert f"{FUNCTION}:1 stays: alias OLD" in done.plan.diff
    assert f"{FUNCTION}:6 stays: a weight of alias CANARY" in done.plan.diff
    assert f"{FUNCTION}:7 stays: provisioned concurrency" in done.plan.diff


def test_an_alias_on_a_later_page_counts(rig: Rig) -> None:
    """More than fifty aliases and versions: those of the second page are seen too."""
    for number in range(6, 61):
        publish(rig.aws, FUNCTION, f"n{number}")
    for number in range(52):
        alias(rig, f"A{number:02d}", "60")
    alias(rig, "ZZ", "2")
    rig.ask("prune_versions", FUNCTION, keep=3)
    assert versions(rig) == [2, 4, 5, 58, 59, 60]


def test_healthy_versions_and_ways_back_stay(rig: Rig) -> None:
    """What the ledger knows to be healthy stays, and what a rollback would choose.

    Deployment history makes 4 the way back; once 4 has proved bad it is 3.
    """
    with rig.ledger.engine.begin() as connection:
        for version, healthy in (("1", 1), ("4", 0)):
            connection.exec_driver_sql(
                "INSERT INTO verdicts VALUES (?, ?, ?, ?, ?)",
                (FUNCTION, version, healthy, rig.clock.at, "r-earlier"),
            )
    assert rig.ask("prune_versions", FUNCTION, keep=1).outcome is Outcome.SUCCEEDED
    assert versions(rig) == [1, 3, 5]


def test_a_deployment_in_progress_keeps_both_ends(rig: Rig) -> None:
    """While a canary runs from 5 to 6 both stay, and so does the way back from 5."""
    rig.deploy(config="CodeDeployDefault.LambdaCanary10Percent30Minutes")
    publish(rig.aws, FUNCTION, "seven")
    rig.ask("prune_versions", FUNCTION, keep=1)
    assert versions(rig) == [4, 5, 6, 7]


def test_an_open_plan_keeps_its_version(rig: Rig) -> None:
    """A rollback that waits for approval goes to 3: pruning leaves 3 alone."""
    rig.mode("approve")
    rig.deploy()
    rig.clock.forward(300)
    with rig.ledger.engine.begin() as connection:
        for version, healthy in (("5", 0), ("4", 0)):
            connection.exec_driver_sql(
                "INSERT INTO verdicts VALUES (?, ?, ?, ?, ?)",
                (FUNCTION, version, healthy, rig.clock.at, "r-earlier"),
            )
    rig.deliver(rig.alert())
    rollback = rig.until(State.AWAITING_APPROVAL)
    assert rollback.plan is not None
    assert rollback.plan.after["version"] == "3"
    with rig.ledger.engine.begin() as connection:
        # The verdicts change after the plan was made: the plan alone names 3 now.
        connection.exec_driver_sql("UPDATE verdicts SET healthy = 1 WHERE version = '5'")
    rig.clock.forward(1)
    pruning = waiting(rig, "prune_versions", keep=1)
    assert pruning.plan is not None
    assert pruning.plan.after["deleted"] == ["1", "2", "4"]


def test_an_alias_made_meanwhile_saves_its_version(rig: Rig) -> None:
    """After the first deletion somebody points an alias at the next version: it survives."""
    real = rig.writer

    class Racing:
        def __init__(self, client: Any) -> None:
            self._client = client

        def delete_function(self, **arguments: Any) -> Any:
            answer = self._client.delete_function(**arguments)
            if arguments["Qualifier"] == "1":
                alias(rig, "RESCUED", "2")
            return answer

    rig.writer = lambda service: Racing(real(service))
    done = rig.ask("prune_versions", FUNCTION, keep=1)
    assert (done.outcome, versions(rig)) == (Outcome.SUCCEEDED, [2, 4, 5])
    assert rig.aws.front.count("lambda", "DeleteFunction") == 2


def test_an_alias_made_after_approval_voids_it(rig: Rig) -> None:
    """The approved plan deletes a version that got an alias: a new plan waits for a new word."""
    seen = waiting(rig, "prune_versions", keep=1)
    alias(rig, "RESCUED", "1")
    approve(rig, seen)
    again = rig.until(State.AWAITING_APPROVAL, State.CLOSED)
    assert (again.state, again.approved_by) == (State.AWAITING_APPROVAL, None)
    assert again.plan is not None
    assert again.plan.after["deleted"] == ["2", "3"]
    assert versions(rig) == [1, 2, 3, 4, 5]


def test_newer_versions_deleted_meanwhile_are_made_up_for(rig: Rig) -> None:
    """Somebody deletes the newest: the number to keep is counted again before each deletion."""
    publish(rig.aws, FUNCTION, "six")
    seen = waiting(rig, "prune_versions", keep=3)
    rig.aws.client("lambda").delete_function(FunctionName=FUNCTION, Qualifier="6")
    approve(rig, seen)
    again = rig.until(State.AWAITING_APPROVAL)
    assert again.plan is not None
    assert again.plan.after["deleted"] == ["1", "2"]


@pytest.mark.parametrize("qualifier", [None, "", "$LATEST", "LIVE", "5\n", " 5", "\u0665"])
def test_the_function_itself_can_never_be_deleted(rig: Rig, qualifier: str | None) -> None:
    """Whatever stands in the ledger: without a version's number the call is never made."""
    arguments = {"FunctionName": FUNCTION}
    if qualifier is not None:
        arguments["Qualifier"] = qualifier
    with pytest.raises(ForbiddenCallError):
        make(Call("lambda", "DeleteFunction", arguments), rig.aws.client)
    assert versions(rig) == [1, 2, 3, 4, 5]


def test_a_qualified_name_is_refused_too(rig: Rig) -> None:
    """A qualifier in the name would win over the one beside it."""
    call = Call(
        "lambda", "DeleteFunction", {"FunctionName": f"{FUNCTION}:$LATEST", "Qualifier": "1"}
    )
    with pytest.raises(ForbiddenCallError):
        make(call, rig.aws.client)


def test_a_tampered_plan_ends_the_run_and_the_function_lives(rig: Rig) -> None:
    """A plan whose call lost its qualifier is approved: the run ends in an internal error."""
    seen = waiting(rig, "prune_versions", keep=2)
    with rig.ledger.engine.begin() as connection:
        connection.exec_driver_sql(
            """UPDATE runs SET plan = replace(plan, ',"Qualifier":"1"', '')"""
        )
    approve(rig, seen)
    done = rig.end()
    assert (done.outcome, done.reason) == (Outcome.INCONCLUSIVE, "internal_error")
    assert versions(rig) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("keep", [0, -1, "all", 1001])
def test_keeping_none_cannot_be_asked(rig: Rig, keep: Any) -> None:
    """At least one version stays."""
    with pytest.raises(AskedWronglyError, match="keep"):
        checked(rig.worker.actions["prune_versions"], {"keep": keep})


def test_a_lost_answer_deletes_once(rig: Rig) -> None:
    """AWS deleted and the answer was lost: the service looks instead of asking again."""
    rig.aws.front.fail("lambda", "DeleteFunction", times=1, after=True)
    assert rig.ask("prune_versions", FUNCTION, keep=2).outcome is Outcome.SUCCEEDED
    assert rig.aws.front.count("lambda", "DeleteFunction") == 3


def test_somebody_elses_deletion_is_no_failure(rig: Rig) -> None:
    """A version that is gone when its turn comes is what was wanted."""
    real = rig.writer

    class Racing:
        def __init__(self, client: Any) -> None:
            self._client = client

        def delete_function(self, **arguments: Any) -> Any:
            rig.aws.client("lambda").delete_function(**arguments)
            return self._client.delete_function(**arguments)

    rig.writer = lambda service: Racing(real(service))
    assert rig.ask("prune_versions", FUNCTION, keep=2).outcome is Outcome.SUCCEEDED
    assert versions(rig) == [4, 5]


def test_a_rollback_waits_while_versions_are_deleted(rig: Rig) -> None:
    """Killed within a deletion, the run still holds the function: the rollback waits for it."""
    rig.deploy()
    rig.clock.forward(300)
    real = rig.writer

    class Dying:
        def __init__(self, client: Any) -> None:
            self._client = client

        def delete_function(self, **arguments: Any) -> Any:
            self._client.delete_function(**arguments)
            raise CrashError

    rig.writer = lambda service: Dying(real(service))
    with pytest.raises(CrashError):
        rig.ask("prune_versions", FUNCTION, keep=2)
    rig.writer = real
    rig.clock.forward(1)
    rig.deliver(rig.alert())
    held = rig.until(State.BLOCKED, State.RUNNING, seconds=20)
    assert (held.action, held.reason) == ("rollback_function", "target_busy")
    rig.restart()
    assert rig.until(State.VERIFYING).action == "rollback_function"
    assert rig.version() == {"5": 1.0}
    ended = {run.action: run.outcome for run in rig.ledger.facts.runs()}
    assert ended["prune_versions"] is Outcome.SUCCEEDED


def test_pruning_waits_while_a_rollback_is_verified(rig: Rig) -> None:
    """A rollback that has acted holds the function until it has been verified."""
    rig.deploy()
    rig.clock.forward(300)
    rig.deliver(rig.alert())
    rig.until(State.VERIFYING)
    rig.clock.forward(1)
    held = rig.ask("prune_versions", FUNCTION, keep=1)
    assert (held.state, held.reason) == (State.BLOCKED, "target_busy")
    assert rig.aws.front.count("lambda", "DeleteFunction") == 0


def test_two_that_look_at_once_do_not_both_act(rig: Rig) -> None:
    """Both runs passed the guard at the same moment: the second to commit its intent is held."""
    rig.deploy()
    rig.clock.forward(300)
    pruning = waiting(rig, "prune_versions", keep=1)
    rig.clock.forward(1)
    rig.deliver(rig.alert())
    rollback = rig.until(State.READY)
    assert rollback.action == "rollback_function"
    rig.until(State.VERIFYING)
    approve(rig, pruning)
    found = rig.ledger.runs.get(pruning.id)
    assert found is not None
    assert found.plan is not None
    # What a worker does that looked before the rollback began.
    leased = rig.ledger.runs.claim("late", 60, rig.clock.at)
    assert leased is not None
    assert leased.id == pruning.id
    late = rig.worker.call(leased, "apply", 0, found.plan.calls[0])
    assert (late.state, late.reason) == (State.BLOCKED, "target_busy")
    assert rig.aws.front.count("lambda", "DeleteFunction") == 0
