"""What each command of the runbooks needs before it, and what must be so after it.

By the command as the English pages have it; a command that is not here needs nothing, and ends
with 0.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from runbook_world import FINGERPRINT, SICK, Said, World

from remediations.ledger.switches import Switch
from remediations.model import Outcome
from simulator.seed import publish
from tests.conftest import wait_for
from tests.remediations.flag_world import API as FLAG
from tests.remediations.flag_world import MAINTENANCE, PROCESSING, Flags

ROUTER = "lambda_router"
GROUP = "/aws/lambda/lambda_router"
RULE = "ons-data-platform-s3-processing-rule"
RAW, PROCESSED = "ons-data-platform-raw-prod", "ons-data-platform-processed-prod"
DAY = 86_400
CANARY = "CodeDeployDefault.LambdaCanary10Percent5Minutes"


def _nothing(_world: World) -> Mapping[str, str]:
    return {}


def _unseen(_world: World, _said: Said) -> None:
    """Believe the exit code."""


@dataclass(frozen=True)
class Case:
    """``before`` arranges, and returns what stands for words in capitals; ``after`` asserts."""

    before: Callable[[World], Mapping[str, str]] = _nothing
    after: Callable[[World, Said], None] = _unseen
    codes: frozenset[int] = field(default=frozenset({0}))


def _words(**words: str) -> Callable[[World], Mapping[str, str]]:
    return lambda _world: words


def _flags(world: World) -> Flags:
    return Flags(SimpleNamespace(inventory=world.inventory, aws=world.aws))  # type: ignore[arg-type]


def _flag(name: str, *, on: bool) -> Callable[[World], Mapping[str, str]]:
    def before(world: World) -> Mapping[str, str]:
        flags = _flags(world)
        flags.deploy({**flags.states(), name: on})
        return {"FLAG": name, "BEFORE": str(not on).lower()}

    return before


def _flag_is(name: str, *, on: bool) -> Callable[[World, Said], None]:
    def after(world: World, _said: Said) -> None:
        assert _flags(world).states()[name] is on

    return after


def _both_flags_on(world: World) -> Mapping[str, str]:
    _flags(world).deploy({FLAG: True, PROCESSING: True, MAINTENANCE: False})
    return {}


def _all_flags_off(world: World, _said: Said) -> None:
    assert not any(_flags(world).states().values())


def _open(world: World) -> Mapping[str, str]:
    return {"ID": world.open_run().id, "FINGERPRINT": FINGERPRINT}


def _ended(outcome: Outcome) -> Callable[[World, Said], None]:
    def after(world: World, said: Said) -> None:
        wait_for(lambda: world.newest("scale_influxdb").outcome is outcome, 20)
        assert world.newest("scale_influxdb").id in said.out

    return after


def _grown(world: World, said: Said) -> None:
    _ended(Outcome.SUCCEEDED)(world, said)
    assert world.instance().allocated_storage == 200


def _shown(world: World, said: Said) -> None:
    assert json.loads(said.out)["plan"]["diff"]


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


def _instance(kind: str, storage: int = 100) -> Callable[[World], Mapping[str, str]]:
    def before(world: World) -> Mapping[str, str]:
        world.clear("scale_influxdb")
        world.instance().db_instance_type = kind
        world.instance().allocated_storage = storage
        other = "db.influx.large" if kind == "db.influx.medium" else "db.influx.medium"
        return {"CLASS": other, "BEFORE": other, "STORAGE": str(storage + 50)}

    return before


def _class(kind: str) -> Callable[[World, Said], None]:
    def after(world: World, _said: Said) -> None:
        assert world.instance().db_instance_type == kind

    return after


def _storage(size: int) -> Callable[[World, Said], None]:
    def after(world: World, _said: Said) -> None:
        assert world.instance().allocated_storage == size

    return after


def _stage(world: World) -> dict[str, str]:
    client = world.aws.client("apigateway")
    return {"restApiId": client.get_rest_apis()["items"][0]["id"], "stageName": "prod"}


def _cache(*, on: bool) -> Callable[[World], Mapping[str, str]]:
    def before(world: World) -> Mapping[str, str]:
        # Among them the end that an earlier command promised.
        world.clear("set_api_cache")
        operation = {"op": "replace", "path": "/cacheClusterEnabled", "value": str(on).lower()}
        client = world.aws.client("apigateway")
        client.update_stage(**_stage(world), patchOperations=[operation])
        busy = "_IN_PROGRESS"
        wait_for(lambda: busy not in str(client.get_stage(**_stage(world))["cacheClusterStatus"]))
        return {"API": world.inventory.apis[0].key, "BEFORE": str(not on).lower()}

    return before


def _cache_is(*, on: bool) -> Callable[[World, Said], None]:
    def after(world: World, _said: Said) -> None:
        stage = world.aws.client("apigateway").get_stage(**_stage(world))
        assert bool(stage.get("cacheClusterEnabled")) is on

    return after


def _retention(days: int) -> Callable[[World], Mapping[str, str]]:
    def before(world: World) -> Mapping[str, str]:
        world.influxdb.buckets.retention = days * DAY
        return {"BEFORE": "7y"}

    return before


def _keeps(days: int) -> Callable[[World, Said], None]:
    def after(world: World, _said: Said) -> None:
        assert world.influxdb.buckets.retention == days * DAY

    return after


def _logs(days: int) -> Callable[[World], Mapping[str, str]]:
    def before(world: World) -> Mapping[str, str]:
        client = world.aws.client("logs")
        client.put_retention_policy(logGroupName=GROUP, retentionInDays=days)
        return {"GROUP": GROUP, "BEFORE": "60"}

    return before


def _logs_keep(days: int) -> Callable[[World, Said], None]:
    def after(world: World, _said: Said) -> None:
        client = world.aws.client("logs")
        (found,) = client.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]
        assert found["retentionInDays"] == days

    return after


def _instances(world: World) -> int:
    where = {"FunctionName": ROUTER, "Qualifier": "LIVE"}
    found = world.aws.client("lambda").get_provisioned_concurrency_config(**where)
    return int(found["RequestedProvisionedConcurrentExecutions"])


def _provide(count: int) -> Callable[[World], Mapping[str, str]]:
    def before(world: World) -> Mapping[str, str]:
        world.aws.client("lambda").put_provisioned_concurrency_config(
            FunctionName=ROUTER, Qualifier="LIVE", ProvisionedConcurrentExecutions=count
        )
        return {"FUNCTION": ROUTER, "INSTANCES": "4", "BEFORE": "2"}

    return before


def _provided(count: int) -> Callable[[World, Said], None]:
    def after(world: World, _said: Said) -> None:
        assert _instances(world) == count

    return after


def _rule(*, on: bool) -> Callable[[World], Mapping[str, str]]:
    def before(world: World) -> Mapping[str, str]:
        world.aws.client("events").enable_rule(Name=RULE)
        if not on:
            assert world.say("vigia act pause_processing").code == 0
        return {"RULE": RULE}

    return before


def _rule_is(state: str) -> Callable[[World, Said], None]:
    def after(world: World, _said: Said) -> None:
        assert world.aws.client("events").describe_rule(Name=RULE)["State"] == state

    return after


def _fails(world: World) -> Mapping[str, str]:
    world.deploy(SICK, "CodeDeployDefault.LambdaAllAtOnce")
    assert world.version(SICK) == {"6": 1.0}
    return {"FUNCTION": SICK}


def _back(world: World, _said: Said) -> None:
    assert world.version(SICK) == {"5": 1.0}


def _deployed(world: World, _said: Said) -> None:
    assert world.version("rag_query_processor") == {"4": 1.0}


def _hanging(age: float) -> Callable[[World], Mapping[str, str]]:
    def before(world: World) -> Mapping[str, str]:
        identity = world.deploy("influxdb_loader", CANARY)
        world.aws.deployments.hang(identity)
        world.aws.deployments.get(identity).created -= age
        return {"DEPLOYMENT": identity}

    return before


def _none_in_progress(world: World, _said: Said) -> None:
    assert {one.status for one in world.aws.deployments.all()} <= {"Succeeded", "Stopped"}


def _many_versions(world: World) -> Mapping[str, str]:
    for number in range(3):
        publish(world.aws, ROUTER, f"more {number}")
    return {"FUNCTION": ROUTER}


def _five_left(world: World, _said: Said) -> None:
    found = world.aws.client("lambda").list_versions_by_function(FunctionName=ROUTER)["Versions"]
    assert len([one for one in found if one["Version"] != "$LATEST"]) == 5


def _copied(world: World, _said: Said) -> None:
    client, target = world.aws.client("s3"), f"{PROCESSED}-backup"
    found = [one["Key"] for one in client.list_objects_v2(Bucket=target)["Contents"]]
    assert len([key for key in found if key.endswith(".csv")]) >= 12
    assert world.newest("snapshot_data").outcome is Outcome.SUCCEEDED


def _ruled(world: World, _said: Said) -> None:
    found = world.aws.client("s3").get_bucket_lifecycle_configuration(Bucket=RAW)
    assert "cold-raw-data" in json.dumps(found["Rules"])


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
    assert _flags(world).states()[MAINTENANCE]
    world.say("vigia maintenance end")


def _over(world: World, _said: Said) -> None:
    assert not _flags(world).states()[MAINTENANCE]


def _said(word: str) -> Callable[[World, Said], None]:
    def after(_world: World, said: Said) -> None:
        assert word in said.out

    return after


ACT = "vigia act "
_INFLUX = f"{ACT}scale_influxdb --target ons-influxdb-prod --param "
_KEEP = f"{ACT}set_influxdb_retention --target energy_data --param keep="
_API = f"{ACT}set_api_cache --target API --param enabled="
_STOP = f"{ACT}stop_deployments --target ons-data-platform-lambda-app"
_FLAG = f"{ACT}set_flag --param flag="
_LOGS = f"{ACT}set_log_retention --target GROUP --param days="
_READY = f"{ACT}set_provisioned_concurrency --target FUNCTION --param instances="
_HEALTH = frozenset({0, 1, 3})
"""As the pages say; what this platform answers is asserted apart."""
CASES = {
    "vigia health now": Case(after=_said("lambda_router"), codes=_HEALTH),
    "vigia check": Case(after=_said("all"), codes=frozenset({0, 1})),
    "vigia plan": Case(after=_said("total")),
    "vigia remediations list": Case(_open, _said("awaiting_approval")),
    "vigia remediations list --open": Case(_open, _said("awaiting_approval")),
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
    f"{ACT}rollback_function --target FUNCTION": Case(_fails, _back),
    f"{ACT}deploy_version --target FUNCTION --param version=VERSION": Case(
        _words(FUNCTION="rag_query_processor", VERSION="4"), _deployed
    ),
    (
        f'{ACT}disable_flags --target flags --param \'flags=["{FLAG}", "{PROCESSING}"]\''
        " --param in_progress=stop"
    ): Case(_both_flags_on, _all_flags_off),
    f"{_FLAG}FLAG --param enabled=BEFORE": Case(_flag(FLAG, on=True), _flag_is(FLAG, on=False)),
    f"{_FLAG}FLAG --param enabled=false": Case(_flag(FLAG, on=True), _flag_is(FLAG, on=False)),
    f"{_FLAG}FLAG --param enabled=true": Case(_flag(FLAG, on=False), _flag_is(FLAG, on=True)),
    f"{_FLAG}{MAINTENANCE} --param enabled=false": Case(
        _flag(MAINTENANCE, on=True), _flag_is(MAINTENANCE, on=False)
    ),
    f"{ACT}pause_processing": Case(_rule(on=True), _rule_is("DISABLED")),
    f"{ACT}pause_processing --target processing": Case(_rule(on=True), _rule_is("DISABLED")),
    f"{ACT}resume_processing": Case(_rule(on=False), _rule_is("ENABLED")),
    f"{ACT}prune_versions --target FUNCTION": Case(_many_versions, _five_left),
    f"{_INFLUX}instance_type=CLASS": Case(_instance("db.influx.medium"), _class("db.influx.large")),
    f"{_INFLUX}instance_type=BEFORE": Case(
        _instance("db.influx.large"), _class("db.influx.medium")
    ),
    f"{_INFLUX}storage_gib=200": Case(_instance("db.influx.medium"), _storage(200)),
    f"{_INFLUX}storage_gib=STORAGE": Case(_instance("db.influx.medium"), _storage(150)),
    f"{_KEEP}2y": Case(_retention(7 * 365), _keeps(2 * 365)),
    f"{_KEEP}BEFORE": Case(_retention(2 * 365), _keeps(7 * 365)),
    f"{_API}true": Case(_cache(on=False), _cache_is(on=True)),
    f"{_API}true --param last=8h": Case(_cache(on=False), _cache_is(on=True)),
    f"{_API}false": Case(_cache(on=True), _cache_is(on=False)),
    f"{_API}BEFORE": Case(_cache(on=True), _cache_is(on=False)),
    f"{ACT}set_lifecycle --target BUCKET": Case(_words(BUCKET=RAW), _ruled),
    f"{ACT}snapshot_data --target BUCKET": Case(_words(BUCKET=PROCESSED), _copied),
    f"{ACT}snapshot_data --target {PROCESSED}": Case(after=_copied),
    f"{_LOGS}30": Case(_logs(60), _logs_keep(30)),
    f"{_LOGS}BEFORE": Case(_logs(30), _logs_keep(60)),
    f"{_READY}INSTANCES": Case(_provide(2), _provided(4)),
    f"{_READY}BEFORE": Case(_provide(4), _provided(2)),
    _STOP: Case(_hanging(60), _none_in_progress),
    f"{_STOP} --param stuck=true": Case(_hanging(3600), _none_in_progress),
    (
        "aws cloudtrail lookup-events --lookup-attributes"
        " AttributeKey=EventName,AttributeValue=EVENT"
    ): Case(_words(EVENT="PutUserPolicy"), _said("PutUserPolicy")),
    "aws cloudwatch list-metrics --namespace NAMESPACE": Case(
        _words(NAMESPACE="AWS/S3"), _said("BucketSizeBytes")
    ),
    "aws deploy get-deployment --deployment-id DEPLOYMENT": Case(
        _words(DEPLOYMENT="d-LAMB00005"), _said("Succeeded")
    ),
    "aws events enable-rule --name RULE": Case(_rule(on=False), _rule_is("ENABLED")),
    "aws events disable-rule --name RULE": Case(_rule(on=True), _rule_is("DISABLED")),
    "aws lambda get-function-configuration --function-name FUNCTION --qualifier ALIAS": Case(
        _words(FUNCTION=ROUTER, ALIAS="LIVE"), _said("State")
    ),
    (
        "aws lambda update-alias --function-name FUNCTION --name ALIAS --function-version VERSION"
        """ --routing-config '{"AdditionalVersionWeights": {}}'"""
    ): Case(
        _words(FUNCTION="timeseries_query_processor", ALIAS="LIVE", VERSION="3"),
        lambda world, _said: _serves(world, "timeseries_query_processor", "3"),
    ),
    "aws stepfunctions stop-execution --execution-arn EXECUTION": Case(_execution("RUNNING")),
    "aws stepfunctions redrive-execution --execution-arn EXECUTION": Case(_execution("ABORTED")),
}


def _serves(world: World, function: str, version: str) -> None:
    found: Any = world.version(function)
    assert found == {version: 1.0}
