"""What each action of the runbooks needs before it, and what must be so after it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from runbook_case import DAY, GROUP, PROCESSED, RAW, ROUTER, Case, flags_of, rule, rule_is, words
from runbook_world import SICK, Said, World

from remediations.model import Outcome
from simulator.seed import publish
from tests.conftest import wait_for
from tests.remediations.flag_world import API as FLAG
from tests.remediations.flag_world import MAINTENANCE, PROCESSING

CANARY = "CodeDeployDefault.LambdaCanary10Percent5Minutes"


def _flag(name: str, *, on: bool) -> Callable[[World], Mapping[str, str]]:
    def before(world: World) -> Mapping[str, str]:
        flags = flags_of(world)
        flags.deploy({**flags.states(), name: on})
        return {"FLAG": name, "BEFORE": str(not on).lower()}

    return before


def _flag_is(name: str, *, on: bool) -> Callable[[World, Said], None]:
    def after(world: World, _said: Said) -> None:
        assert flags_of(world).states()[name] is on

    return after


def _both_flags_on(world: World) -> Mapping[str, str]:
    flags_of(world).deploy({FLAG: True, PROCESSING: True, MAINTENANCE: False})
    return {}


def _all_flags_off(world: World, _said: Said) -> None:
    assert not any(flags_of(world).states().values())


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


ACT = "vigia act "
_INFLUX = f"{ACT}scale_influxdb --target ons-influxdb-prod --param "
_KEEP = f"{ACT}set_influxdb_retention --target energy_data --param keep="
_API = f"{ACT}set_api_cache --target API --param enabled="
_STOP = f"{ACT}stop_deployments --target ons-data-platform-lambda-app"
_FLAG = f"{ACT}set_flag --param flag="
_LOGS = f"{ACT}set_log_retention --target GROUP --param days="
_READY = f"{ACT}set_provisioned_concurrency --target FUNCTION --param instances="
CASES = {
    f"{ACT}rollback_function --target FUNCTION": Case(_fails, _back),
    f"{ACT}deploy_version --target FUNCTION --param version=VERSION": Case(
        words(FUNCTION="rag_query_processor", VERSION="4"), _deployed
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
    f"{ACT}pause_processing": Case(rule(on=True), rule_is("DISABLED")),
    f"{ACT}pause_processing --target processing": Case(rule(on=True), rule_is("DISABLED")),
    f"{ACT}resume_processing": Case(rule(on=False), rule_is("ENABLED")),
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
    f"{ACT}set_lifecycle --target BUCKET": Case(words(BUCKET=RAW), _ruled),
    f"{ACT}snapshot_data --target BUCKET": Case(words(BUCKET=PROCESSED), _copied),
    f"{ACT}snapshot_data --target {PROCESSED}": Case(after=_copied),
    f"{_LOGS}30": Case(_logs(60), _logs_keep(30)),
    f"{_LOGS}BEFORE": Case(_logs(30), _logs_keep(60)),
    f"{_READY}INSTANCES": Case(_provide(2), _provided(4)),
    f"{_READY}BEFORE": Case(_provide(4), _provided(2)),
    _STOP: Case(_hanging(60), _none_in_progress),
    f"{_STOP} --param stuck=true": Case(_hanging(3600), _none_in_progress),
}
