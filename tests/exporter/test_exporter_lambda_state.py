"""The state of what each alias serves, against the embedded AWS."""

from __future__ import annotations

import json

import pytest

from exporter.collector import Reason
from exporter.collectors.lambda_state import LAST_UPDATES, STATES
from inventory.resources import Function
from simulator.aws.lambda_functions import set_state
from simulator.aws.server import EmbeddedAws
from tests.exporter.calls import WEST, announced, in_two_regions, reason, sent
from tests.exporter.support import REGION, Bench, create_function, deploy, values

FN = "lambda_router"
NAME = "lambda_state"


def with_functions(bench: Bench, *functions: Function) -> None:
    """Let the inventory hold these functions alone, read again every hour in turns."""
    bench.inventory = bench.inventory.model_copy(update={"functions": functions})


def named(name: str, **options: object) -> Function:
    """Return a function of the inventory."""
    return Function.model_validate({"name": name, "log_group": f"/aws/lambda/{name}", **options})


def test_states_are_enumerations(bench: Bench, aws: EmbeddedAws) -> None:
    """The current state is 1 and every other one 0, for the state and the last update alike."""
    create_function(aws, FN)
    found = bench.collect(NAME)
    for state in STATES:
        assert found["lambda_state", FN, state] == float(state == "Active")
    for status in LAST_UPDATES:
        assert found["lambda_last_update_status", FN, status] == float(status == "Successful")
    set_state(REGION, FN, "1", "Failed", "InProgress")
    found = bench.collect(NAME)
    assert [state for state in STATES if found["lambda_state", FN, state]] == ["Failed"]
    updates = [s for s in LAST_UPDATES if found["lambda_last_update_status", FN, s]]
    assert updates == ["InProgress"]


def test_state_is_that_of_the_served_version(bench: Bench, aws: EmbeddedAws) -> None:
    """A broken version that the alias no longer serves does not count."""
    create_function(aws, FN)
    before = bench.collect(NAME)["lambda_last_modified_timestamp_seconds", FN]
    set_state(REGION, FN, "1", "Failed", "Failed")
    assert bench.collect(NAME)["lambda_state", FN, "Failed"] == 1.0
    deploy(aws, FN)
    found = bench.collect(NAME)
    assert found["lambda_state", FN, "Active"] == 1.0
    after = found["lambda_last_modified_timestamp_seconds", FN]
    assert isinstance(before, float)
    assert isinstance(after, float)
    assert after > before


def test_state_that_aws_added_since_is_shown(bench: Bench, aws: EmbeddedAws) -> None:
    """A state nobody knew stands beside the known ones, which are all 0."""
    create_function(aws, FN)
    set_state(REGION, FN, "1", "Hibernating", "Successful")
    found = bench.collect(NAME)
    assert found["lambda_state", FN, "Hibernating"] == 1.0
    assert not any(found["lambda_state", FN, state] for state in STATES)


def test_missing_function_or_alias_leaves_the_others(bench: Bench, aws: EmbeddedAws) -> None:
    """What AWS does not have is missing and has no series; the rest is seen."""
    create_function(aws, FN)
    create_function(aws, "other")
    with_functions(bench, named(FN), named("gone"), named("other", alias="STAGE"))
    reading = bench.reading(NAME)
    assert (reading.seen, reading.expected) == (1, 3)
    assert reading.missing == ("gone", "other")
    assert {series.labels[0] for series in reading.series} == {FN}


def test_many_functions_are_asked_at_once(bench: Bench, aws: EmbeddedAws) -> None:
    """Asking several at once mixes up no answers."""
    names = [f"function_{number}" for number in range(20)]
    for name in names:
        create_function(aws, name)
    set_state(REGION, names[7], "1", "Inactive", "Successful")
    with_functions(bench, *map(named, names))
    found = bench.collect(NAME)
    assert [name for name in names if found["lambda_state", name, "Inactive"]] == [names[7]]


@pytest.mark.parametrize(
    ("code", "status", "why"),
    [
        ("AccessDeniedException", 403, Reason.DENIED),
        ("TooManyRequestsException", 429, Reason.THROTTLED),
        ("ServiceException", 500, Reason.SERVICE),
    ],
)
def test_any_other_error_fails(
    bench: Bench, aws: EmbeddedAws, code: str, status: int, why: Reason
) -> None:
    """An error that does not say that the function is gone fails the collection."""
    create_function(aws, FN)
    aws.front.fail("lambda", "GetFunctionConfiguration", code=code, status=status)
    assert reason(bench, NAME) is why


def test_time_runs_out(bench: Bench, aws: EmbeddedAws) -> None:
    """Nothing is asked once the deadline is reached."""
    create_function(aws, FN)
    bench.seconds = 0.0
    assert reason(bench, NAME) is Reason.TIMEOUT
    assert aws.front.count("lambda", "GetFunctionConfiguration") == 0


def test_functions_that_are_not_followed_take_turns(bench: Bench, aws: EmbeddedAws) -> None:
    """They are asked for once in their turn, also across restarts, and shown in between."""
    create_function(aws, FN)
    create_function(aws, "quiet")
    with_functions(bench, named(FN), named("quiet", follow_alias=False))
    assert sent(bench, NAME) == {("lambda", "GetFunctionConfiguration"): 2}
    set_state(REGION, "quiet", "1", "Inactive", "Successful")
    bench.restart()
    bench.clock.at += 60
    assert sent(bench, NAME) == {("lambda", "GetFunctionConfiguration"): 1}
    assert bench.collect(NAME)["lambda_state", "quiet", "Active"] == 1.0
    bench.clock.at += bench.inventory.collection.resources_every
    assert bench.collect(NAME)["lambda_state", "quiet", "Inactive"] == 1.0


def test_missing_function_is_asked_for_until_it_is_there(bench: Bench, aws: EmbeddedAws) -> None:
    """One that is not followed is seen in the first run after it appears, and missing before."""
    with_functions(bench, named("late", follow_alias=False))
    for _ in range(2):
        assert bench.reading(NAME).missing == ("late",)
    create_function(aws, "late")
    reading = bench.reading(NAME)
    assert (reading.seen, reading.missing) == (1, ())


def test_function_that_left_the_inventory_is_forgotten(bench: Bench, aws: EmbeddedAws) -> None:
    """Nothing is kept of what is no longer watched."""
    create_function(aws, "quiet")
    with_functions(bench, named("quiet", follow_alias=False))
    bench.reading(NAME)
    with_functions(bench, named("other", follow_alias=False))
    bench.reading(NAME)
    assert bench.store.of(NAME).load() == {}


def test_another_region_is_asked_there(bench: Bench, aws: EmbeddedAws) -> None:
    """A function of a scope is read in its region and labelled with the scope."""
    context, west = in_two_regions(bench, NAME)
    iam = aws.client("iam")
    role = iam.create_role(RoleName="west", AssumeRolePolicyDocument=json.dumps({}))["Role"]
    west.client("lambda").create_function(
        FunctionName=FN,
        Runtime="python3.11",
        Role=role["Arn"],
        Handler="main.handle",
        Code={"ZipFile": b"code"},
    )
    west.client("lambda").create_alias(FunctionName=FN, Name="LIVE", FunctionVersion="$LATEST")
    inventory = bench.inventory.model_copy(
        update={"scopes": (WEST,), "functions": (named(FN), named(FN, scope="west"))}
    )
    context = context.__class__(**{**context.__dict__, "inventory": inventory})
    reading = bench.collectors[NAME].collect(context)
    assert reading.missing == (FN,)
    assert values(reading)["lambda_state", f"{FN}@west", "Active"] == 1.0


def test_no_functions_send_nothing(bench: Bench) -> None:
    """An inventory without functions (another shard's) is complete and costs nothing."""
    with_functions(bench)
    assert sent(bench, NAME) == {}
    reading = bench.reading(NAME)
    assert (reading.seen, reading.expected, reading.series) == (0, 0, ())


def test_calls_are_as_announced(bench: Bench, aws: EmbeddedAws) -> None:
    """One call for each followed function a run; the others share theirs among an hour's runs."""
    for name in ("one", "two", "quiet"):
        create_function(aws, name)
    with_functions(bench, named("one"), named("two"))
    assert sent(bench, NAME) == announced(bench.collectors[NAME], bench.inventory)
    with_functions(bench, named("one"), named("quiet", follow_alias=False))
    collection = bench.inventory.collection
    runs = round(collection.resources_every / collection.control_plane_every)
    share = announced(bench.collectors[NAME], bench.inventory)["lambda", "GetFunctionConfiguration"]
    assert share * runs == pytest.approx(runs + 1)


def test_unchanged_states_are_the_same_objects(bench: Bench, aws: EmbeddedAws) -> None:
    """What did not change is handed over as before, so that it is not rendered again."""
    create_function(aws, FN)
    before, after = (
        [s for s in bench.reading(NAME).series if "state" in s.spec.labels] for _ in range(2)
    )
    assert len(before) == len(STATES) + len(LAST_UPDATES)
    assert all(one is other for one, other in zip(before, after, strict=True))
