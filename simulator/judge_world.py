"""How AWS must be in the end: named things as expected, all others as before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from catalogue.text import Text
from catalogue.texts import demo as texts
from inventory.snapshots import folder, read_manifest
from simulator.aws.codedeploy import Deployment
from simulator.faults import Ground
from simulator.faults.deployments import BadDeploy, OperatorDeploys, StuckDeployment
from simulator.observe import Look
from simulator.script import Before, Performance

if TYPE_CHECKING:
    from simulator.judge import Judge

_BY_THEMSELVES = ("SUCCEEDED", "FAILED")
Line = tuple[Text, dict[str, Any], bool]


def world(judge: Judge, performance: Performance, look: Look) -> Iterator[Line]:
    """Yield each expectation of the world as text, values and whether it is met."""
    ground, wanted = judge.ground, performance.scenario.expect.world
    now = Before.of(ground)
    for function, version in wanted.aliases.items():
        number = _version(performance, function, version)
        met = now.aliases[function] == {number: 1.0}
        found = "+".join(sorted(now.aliases[function]))
        yield texts.EXPECT_ALIAS, {"target": function, "version": number, "found": found}, met
    for flag, on in wanted.flags.items():
        state = texts.ON if on else texts.OFF
        values = {"flag": flag, "state": state.in_(judge.locale)}
        yield texts.EXPECT_FLAG, values, now.flags.get(flag, False) is on
    for rule, state_name in wanted.rules.items():
        values = {"rule": rule, "state": state_name}
        yield texts.EXPECT_RULE, values, now.rules[rule] == state_name
    for function, statuses in wanted.deployments.items():
        made = _deployments(ground, function, performance.since)
        values = {"target": function, "wanted": ", ".join(statuses), "found": ", ".join(made)}
        yield texts.EXPECT_DEPLOYMENTS, values, tuple(made) == statuses
    if wanted.storage_gib is not None:
        sizes = {"wanted": wanted.storage_gib, "found": now.storage_gib}
        yield texts.EXPECT_STORAGE, sizes, now.storage_gib == wanted.storage_gib
    if wanted.stopped != "none":
        yield _stopped(judge, performance, look)
    for bucket in wanted.snapshots:
        yield (
            texts.EXPECT_SNAPSHOT,
            {"bucket": bucket},
            _snapshot(ground, bucket, performance.since),
        )
    others = _others(judge, performance.before, now)
    yield texts.EXPECT_OTHERWISE, {"found": ", ".join(others) or "0"}, not others


def _version(performance: Performance, function: str, word: str) -> str:
    if word == "before":
        shares = performance.before.aliases[function]
        return max(shares, key=lambda one: shares[one])
    kinds = (OperatorDeploys,) if word == "operator" else (BadDeploy, StuckDeployment)
    found = [
        injected.version
        for injected in performance.injected
        if isinstance(injected.fault, kinds) and injected.fault.function == function
    ]
    return found[-1] or "" if found else ""


def _deployments(ground: Ground, function: str, since: float) -> list[str]:
    found: list[Deployment] = [
        one
        for one in ground.aws.deployments.all()
        if one.function == function and one.created >= since
    ]
    return [f"{one.creator}:{one.status}" for one in reversed(found)]


def _stopped(judge: Judge, performance: Performance, look: Look) -> Line:
    """Judge what has become of the executions that the runs stopped.

    One that had ended by itself before its turn to be stopped came stays as it ended.
    """
    wanted = performance.scenario.expect.world.stopped
    stopped = [
        step["arguments"]["executionArn"]
        for run in judge.matched(performance, look)
        if run
        for step in judge.detail(run).get("steps", ())
        if step["operation"] == "StopExecution"
    ]
    client = judge.ground.aws.client("stepfunctions")
    found = [client.describe_execution(executionArn=arn) for arn in stopped]
    held = [one for one in found if one["redriveCount"] or one["status"] not in _BY_THEMSELVES]
    if wanted == "redriven":
        met = all(one["redriveCount"] == 1 for one in held)
    else:
        met = all(one["status"] == "ABORTED" for one in held)
    text = texts.EXPECT_REDRIVEN if wanted == "redriven" else texts.EXPECT_ABORTED
    return text, {"count": len(held)}, met and bool(held)


def _snapshot(ground: Ground, bucket: str, since: float) -> bool:
    """Say whether a whole snapshot of a bucket was begun since then."""
    target = next(one.snapshots for one in ground.inventory.buckets if one.name == bucket)
    client = ground.aws.client("s3")
    listed = client.list_objects_v2(Bucket=target, Prefix=folder(bucket)).get("Contents", ())
    manifests = [
        read_manifest(client.get_object(Bucket=target, Key=one["Key"])["Body"].read(), bucket)
        for one in listed
        if one["Key"].endswith("/manifest.json")
    ]
    return any(one.complete and one.started_at >= since for one in manifests)


def _others(judge: Judge, before: Before, now: Before) -> list[str]:
    """Return what differs from before and nobody expects."""
    worlds = [one.scenario.expect.world for one in judge.performances]
    found = []
    for kind, then, since in (
        ("aliases", before.aliases, now.aliases),
        ("rules", before.rules, now.rules),
        ("flags", before.flags, now.flags),
    ):
        named = {name for one in worlds for name in getattr(one, kind)}
        found += [name for name in since if name not in named and since[name] != then.get(name)]
    if before.storage_gib != now.storage_gib and all(one.storage_gib is None for one in worlds):
        found.append("influxdb")
    return found
