"""CodeDeploy's deployments against the embedded AWS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from exporter.collector import CollectError, Reason
from inventory.resources import Function
from simulator.aws.codedeploy import Deployment, app_spec
from simulator.aws.server import EmbeddedAws
from tests.exporter.calls import WEST, announced, in_two_regions, reason, sent
from tests.exporter.support import START, Bench, create_function, deploy, values
from tests.exporter.test_exporter_lambda_state import named

FN, OTHER = "lambda_router", "influxdb_loader"
GROUP, OTHER_GROUP = f"{FN}-group", f"{OTHER}-group"
NAME = "deployments"
BATCH = ("codedeploy", "BatchGetDeployments")
STATUSES = ("Created", "Queued", "InProgress", "Baking", "Ready", "Succeeded", "Failed", "Stopped")
CANARY = "CodeDeployDefault.LambdaCanary10Percent5Minutes"
DAY = 86_400.0


def watch(bench: Bench, *functions: Function) -> None:
    """Let the inventory hold these functions alone."""
    bench.inventory = bench.inventory.model_copy(update={"functions": functions})


@pytest.fixture(autouse=True)
def platform(bench: Bench, aws: EmbeddedAws) -> None:
    """Two functions, each with a deployment group of the inventory's application."""
    application = bench.inventory.codedeploy.application
    client = aws.client("codedeploy")
    client.create_application(applicationName=application, computePlatform="Lambda")
    for name in (FN, OTHER):
        create_function(aws, name)
        client.create_deployment_group(
            applicationName=application,
            deploymentGroupName=f"{name}-group",
            deploymentConfigName=CANARY,
            serviceRoleArn="arn:aws:iam::123456789012:role/codedeploy",
        )
    watch(bench, named(FN, deployment_group=GROUP), named(OTHER, deployment_group=OTHER_GROUP))


Record = Callable[..., str]


@pytest.fixture
def record(bench: Bench, aws: EmbeddedAws) -> Record:
    """Add a deployment of the past; return its id."""

    def add(
        created: float,
        status: str = "Succeeded",
        *,
        application: str = bench.inventory.codedeploy.application,
        group: str = GROUP,
        creator: str = "user",
    ) -> str:
        one = f"d-{len(aws.deployments.all()):09d}"
        found = Deployment(
            id=one,
            application=application,
            group=group,
            function=FN,
            alias="LIVE",
            current="1",
            target="1",
            config=CANARY,
            content=app_spec(FN, "LIVE", "1", "1"),
            created=created,
            creator=creator,
            status=status,
            completed=created + 60 if status in ("Succeeded", "Failed", "Stopped") else None,
        )
        aws.deployments.record(found)
        return one

    return add


def start(bench: Bench, aws: EmbeddedAws) -> str:
    """Deploy a new version with a canary that takes five minutes; return the deployment's id."""
    version = deploy(aws, FN)
    aws.client("lambda").update_alias(FunctionName=FN, Name="LIVE", FunctionVersion="1")
    content = app_spec(FN, "LIVE", "1", version)
    answer = aws.client("codedeploy").create_deployment(
        applicationName=bench.inventory.codedeploy.application,
        deploymentGroupName=GROUP,
        revision={"revisionType": "AppSpecContent", "appSpecContent": {"content": content}},
    )
    return str(answer["deploymentId"])


def test_group_without_deployments_counts_zero(bench: Bench) -> None:
    """A group that never deployed counts 0, and its function has no status and no times."""
    found = bench.collect(NAME)
    for status in STATUSES:
        assert found["deployments", GROUP, status] == 0.0
    assert found["deployments_in_progress", GROUP] == 0.0
    assert found["deployments_rolled_back", GROUP] == 0.0
    assert found["deployment_group_info", FN, GROUP] == 1.0
    assert ("deployment_status", FN, "Succeeded") not in found
    assert ("deployment_created_timestamp_seconds", FN) not in found


def test_counts_by_status_within_the_lookback(bench: Bench, record: Record) -> None:
    """What was created within the look-back counts by its status, in its own group alone."""
    lookback = bench.inventory.collection.deployments_lookback
    record(START - lookback - 60, "Failed")
    for age, status in ((9, "Succeeded"), (8, "Failed"), (7, "Succeeded"), (6, "Stopped")):
        record(START - age * DAY, status)
    record(START - DAY, "Failed", group=OTHER_GROUP)
    found = bench.collect(NAME)
    counts = {status: found["deployments", GROUP, status] for status in STATUSES}
    assert {s: n for s, n in counts.items() if n} == {"Succeeded": 2.0, "Failed": 1.0, "Stopped": 1}
    assert found["deployments", OTHER_GROUP, "Failed"] == 1.0
    assert [s for s in STATUSES if found["deployment_status", FN, s]] == ["Stopped"]
    assert [s for s in STATUSES if found["deployment_status", OTHER, s]] == ["Failed"]
    bench.clock.at += 8 * DAY
    found = bench.collect(NAME)
    assert found["deployments", GROUP, "Succeeded"] == 2.0
    bench.clock.at += lookback
    found = bench.collect(NAME)
    assert not any(found["deployments", GROUP, status] for status in STATUSES)
    assert found["deployment_status", FN, "Stopped"] == 1.0


def test_newest_is_followed_until_it_ends(bench: Bench, aws: EmbeddedAws) -> None:
    """A deployment is in progress with its start, and has an end only when it ended."""
    start(bench, aws)
    began = bench.clock.at
    found = bench.collect(NAME)
    assert found["deployments_in_progress", GROUP] == 1.0
    assert found["deployments", GROUP, "InProgress"] == 1.0
    assert found["deployment_status", FN, "InProgress"] == 1.0
    assert found["deployment_started_timestamp_seconds", FN] == began
    assert ("deployment_completed_timestamp_seconds", FN) not in found
    bench.clock.at += 5 * 60
    found = bench.collect(NAME)
    assert found["deployments_in_progress", GROUP] == 0.0
    assert found["deployment_status", FN, "InProgress"] == 0.0
    assert found["deployment_status", FN, "Succeeded"] == 1.0
    assert found["deployment_created_timestamp_seconds", FN] == began
    assert found["deployment_completed_timestamp_seconds", FN] == bench.clock.at


def test_rollback_by_codedeploy_is_counted(bench: Bench, aws: EmbeddedAws) -> None:
    """A stop that rolls back leaves a stopped deployment and one made by CodeDeploy itself."""
    one = start(bench, aws)
    bench.collect(NAME)
    bench.clock.at += 60
    aws.client("codedeploy").stop_deployment(deploymentId=one, autoRollbackEnabled=True)
    bench.clock.at += 5
    found = bench.collect(NAME)
    assert found["deployments", GROUP, "Stopped"] == 1.0
    assert found["deployments", GROUP, "Succeeded"] == 1.0
    assert found["deployments_rolled_back", GROUP] == 1.0
    assert found["deployments_rolled_back", OTHER_GROUP] == 0.0
    assert found["deployment_created_timestamp_seconds", FN] == bench.clock.at - 5


def test_every_page_is_read_and_what_ended_never_again(bench: Bench, record: Record) -> None:
    """Sixty deployments take three pages and three batches once, also across a restart."""
    for number in range(60):
        record(START - 60 * number - 60)
    calls = sent(bench, NAME)
    assert calls["codedeploy", "ListDeployments"] == 3
    assert calls[BATCH] == 3
    bench.restart()
    bench.clock.at += 3600
    assert sent(bench, NAME) == announced(bench.collectors[NAME], bench.inventory)
    assert bench.collect(NAME)["deployments", GROUP, "Succeeded"] == 60.0


def test_last_status_reaches_beyond_the_lookback(bench: Bench, record: Record) -> None:
    """A deployment of long ago counts no more, but it is still the function's last."""
    at = START - bench.inventory.collection.deployments_lookback - DAY
    record(at, "Failed")
    found = bench.collect(NAME)
    assert found["deployments", GROUP, "Failed"] == 0.0
    assert found["deployment_status", FN, "Failed"] == 1.0
    assert found["deployment_created_timestamp_seconds", FN] == at
    assert found["deployment_completed_timestamp_seconds", FN] == at + 60


def test_foreign_deployments_are_read_once(bench: Bench, record: Record) -> None:
    """Deployments of another application count nowhere and are not read over and over."""
    record(START - 60, application="somebody-else's")
    record(START - 60, group="not-in-the-inventory")
    assert sent(bench, NAME)[BATCH] == 1
    bench.clock.at += 60
    assert BATCH not in sent(bench, NAME)
    found = bench.collect(NAME)
    assert not any(found["deployments", GROUP, status] for status in STATUSES)


def test_group_that_is_new_in_the_inventory_has_its_history(bench: Bench, record: Record) -> None:
    """What was foreign before is read again when the inventory gains its group."""
    record(START - 60)
    record(START - 120, group=OTHER_GROUP)
    both = bench.inventory.functions
    watch(bench, both[0])
    assert ("deployments", OTHER_GROUP, "Succeeded") not in bench.collect(NAME)
    watch(bench, *both)
    found = bench.collect(NAME)
    assert found["deployments", OTHER_GROUP, "Succeeded"] == 1.0
    assert found["deployments", GROUP, "Succeeded"] == 1.0
    watch(bench, both[1])
    bench.collect(NAME)
    assert f"group/{GROUP}" not in bench.store.of(NAME).load()


def test_longer_lookback_reaches_back(bench: Bench, record: Record) -> None:
    """When the inventory asks for more, the deployments of before are listed too."""
    record(START - 10 * DAY)
    short = bench.inventory.collection.model_copy(update={"deployments_lookback": 5 * DAY})
    whole = bench.inventory
    bench.inventory = whole.model_copy(update={"collection": short})
    assert bench.collect(NAME)["deployments", GROUP, "Succeeded"] == 0.0
    bench.inventory = whole
    assert bench.collect(NAME)["deployments", GROUP, "Succeeded"] == 1.0


def test_interrupted_first_listing_goes_on(bench: Bench, record: Record) -> None:
    """When time runs out between two batches, the next run reads only the rest."""
    for number in range(60):
        record(START - 60 * number - 60)
    # Group, three pages and one batch; then the time is over.
    left = iter([1.0] * 5)
    context = replace(bench.context(NAME), remaining=lambda: next(left, 0.0))
    with pytest.raises(CollectError) as failed:
        bench.collectors[NAME].collect(context)
    assert failed.value.reason is Reason.TIMEOUT
    assert sent(bench, NAME)[BATCH] == 2
    assert bench.collect(NAME)["deployments", GROUP, "Succeeded"] == 60.0


def test_running_deployment_that_is_forgotten_ends(
    bench: Bench, aws: EmbeddedAws, record: Record
) -> None:
    """A deployment that CodeDeploy no longer answers for does not run for ever."""
    one = record(START - 1, "InProgress")
    assert bench.collect(NAME)["deployments_in_progress", GROUP] == 1.0
    aws.deployments.forget(one)
    found = bench.collect(NAME)
    assert found["deployments_in_progress", GROUP] == 0.0
    assert ("deployment_status", FN, "InProgress") not in found


def test_missing_group_leaves_the_others(bench: Bench, record: Record) -> None:
    """A group that AWS does not have is missing and has no series."""
    record(START - 60)
    watch(bench, named(FN, deployment_group=GROUP), named(OTHER, deployment_group="gone"))
    reading = bench.reading(NAME)
    assert (reading.seen, reading.expected, reading.missing) == (1, 2, ("gone",))
    found = values(reading)
    assert found["deployments", GROUP, "Succeeded"] == 1.0
    assert not any(OTHER in labels for labels in found)


def test_functions_of_one_group_share_its_status(bench: Bench, record: Record) -> None:
    """A group counts once however many functions it deploys; one without a group has none."""
    record(START - 60, "Failed")
    watch(
        bench,
        named(FN, deployment_group=GROUP),
        named(OTHER, deployment_group=GROUP),
        named("manual"),
    )
    reading = bench.reading(NAME)
    assert (reading.seen, reading.expected) == (1, 1)
    found = values(reading)
    assert found["deployment_status", FN, "Failed"] == 1.0
    assert found["deployment_status", OTHER, "Failed"] == 1.0
    assert not any("manual" in labels for labels in found)


def test_missing_application_misses_every_group(bench: Bench) -> None:
    """Without the application there is nothing, which is no failure."""
    bench.inventory = bench.inventory.model_copy(
        update={
            "codedeploy": bench.inventory.codedeploy.model_copy(update={"application": "other"})
        }
    )
    reading = bench.reading(NAME)
    assert (reading.seen, reading.expected, reading.series) == (0, 2, ())
    assert reading.missing == (GROUP, OTHER_GROUP)


def test_another_region_is_asked_there(bench: Bench, record: Record) -> None:
    """A group of a scope is looked for in its region, by the scope's name."""
    record(START - 60)
    context, _west = in_two_regions(bench, NAME)
    functions = (
        named(FN, deployment_group=GROUP),
        named(FN, deployment_group=GROUP, scope="west"),
    )
    inventory = bench.inventory.model_copy(update={"scopes": (WEST,), "functions": functions})
    reading = bench.collectors[NAME].collect(replace(context, inventory=inventory))
    assert reading.missing == (f"{GROUP}@west",)
    assert values(reading)["deployments", GROUP, "Succeeded"] == 1.0


@pytest.mark.parametrize(
    "operation", ["BatchGetDeploymentGroups", "ListDeployments", "BatchGetDeployments"]
)
def test_any_other_error_fails(
    bench: Bench, aws: EmbeddedAws, record: Record, operation: str
) -> None:
    """An error of any call fails the collection, and the next one is whole again."""
    record(START - 60)
    aws.front.fail("codedeploy", operation, code="ThrottlingException", status=400)
    assert reason(bench, NAME) is Reason.THROTTLED
    aws.front.heal()
    assert bench.collect(NAME)["deployments", GROUP, "Succeeded"] == 1.0


def test_no_groups_send_nothing(bench: Bench) -> None:
    """Functions without a deployment group cost nothing."""
    watch(bench, named(FN))
    assert sent(bench, NAME) == {}
    assert bench.reading(NAME).expected == 0


def test_calls_are_as_announced(bench: Bench, aws: EmbeddedAws, record: Record) -> None:
    """An idle run sends what was announced; one while a deployment runs reads that one too."""
    record(START - 60)
    bench.collect(NAME)
    idle = announced(bench.collectors[NAME], bench.inventory)
    assert sent(bench, NAME) == idle
    start(bench, aws)
    assert sent(bench, NAME) == {**idle, BATCH: 1}
