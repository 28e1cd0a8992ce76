"""The fully seeded platform, collected whole: Lambda's control plane, CodeDeploy and the flags."""

from __future__ import annotations

import random

import pytest

from inventory.load import load_inventory
from simulator.aws.server import EmbeddedAws
from simulator.influxdb import InfluxStandIn
from simulator.layout import DEMO_OVERLAY
from simulator.seed import PROVISIONED, VERSIONS, seed
from simulator.workload import Workload
from tests.exporter.calls import announced, sent
from tests.exporter.support import ROOT, START, Bench

DAY = 86_400.0
NAMES = ("deployments", "flags", "lambda_provisioned", "lambda_state", "lambda_versions")


@pytest.fixture
def platform(bench: Bench, aws: EmbeddedAws) -> Bench:
    """The whole platform of platform.yaml with the demo's times, a minute after its birth."""
    bench.inventory = load_inventory(ROOT / "platform.yaml", DEMO_OVERLAY)
    seed(aws, bench.inventory, bench.clock.now)
    bench.clock.at += 60
    return bench


def test_everything_expected_is_seen(platform: Bench) -> None:
    """Nothing of the seeded platform is missing, and later runs send only what was announced."""
    for name in NAMES:
        reading = platform.reading(name)
        assert (reading.seen, reading.missing) == (reading.expected, ()), name
        assert reading.expected > 0, name
    platform.clock.at += 60
    for name in NAMES:
        calls = announced(platform.collectors[name], platform.inventory)
        assert sent(platform, name).keys() == calls.keys(), name


def test_functions_are_as_seeded(platform: Bench) -> None:
    """Every function is active with its published versions and the code of them all."""
    states, versions = platform.collect("lambda_state"), platform.collect("lambda_versions")
    for function in platform.inventory.functions:
        assert states["lambda_state", function.key, "Active"] == 1.0
        assert states["lambda_last_update_status", function.key, "Successful"] == 1.0
        assert versions["lambda_versions", function.key] == VERSIONS
        size = versions["lambda_code_storage_bytes", function.key]
        assert isinstance(size, float)
        assert size > 0
    served = platform.collect("lambda")
    weights = {labels: v for labels, v in served.items() if labels[0] == "lambda_alias_weight"}
    assert weights == {
        ("lambda_alias_weight", function.key, function.alias, str(VERSIONS)): 1.0
        for function in platform.inventory.functions
    }


def test_provisioned_concurrency_is_as_seeded_and_used(
    platform: Bench, aws: EmbeddedAws, influx: InfluxStandIn
) -> None:
    """What is provisioned is ready, and the workload's use of it is seen."""
    (function,) = (f for f in platform.inventory.functions if f.provisioned)
    labels = (function.key, function.alias)
    found = platform.collect("lambda_provisioned")
    for amount in ("requested", "allocated", "available"):
        assert found[f"lambda_provisioned_concurrency_{amount}", *labels] == PROVISIONED
    assert found["lambda_provisioned_concurrency_status", *labels, "READY"] == 1.0
    rng = random.Random(1)  # noqa: S311 traffic
    Workload(aws, influx, platform.inventory, platform.clock.now, rng).traffic()
    platform.clock.at += 20
    found = platform.collect("lambda_provisioned")
    ratio = found["lambda_provisioned_concurrency_utilization_ratio", *labels]
    assert ratio == pytest.approx(1 / PROVISIONED)
    total = found["lambda_provisioned_concurrency_spillover_invocations_total", *labels]
    assert total == 0.0


def test_deployments_are_as_seeded(platform: Bench) -> None:
    """Each function had one deployment a week, all of which succeeded within a minute."""
    found = platform.collect("deployments")
    for function in platform.inventory.functions:
        group = str(function.deployment_group)
        assert found["deployments", group, "Succeeded"] == VERSIONS - 1
        assert found["deployments_in_progress", group] == 0.0
        assert found["deployments_rolled_back", group] == 0.0
        assert found["deployment_status", function.key, "Succeeded"] == 1.0
        created = found["deployment_created_timestamp_seconds", function.key]
        assert created == START - 7 * DAY
        assert found["deployment_started_timestamp_seconds", function.key] == created
        assert found["deployment_completed_timestamp_seconds", function.key] == created + 60


def test_flags_are_as_seeded(platform: Bench) -> None:
    """Every flag is off, the first version is in force and its deployment is complete."""
    found = platform.collect("flags")
    config = platform.inventory.appconfig
    for flag in config.flags:
        assert found["flag_enabled", flag.name] == 0.0
        assert found["flag_info", flag.name, str(flag.critical).lower()] == 1.0
    assert found["flags_unlisted",] == 0.0
    assert found["flag_configuration_info", config.profile, "1"] == 1.0
    assert found["flag_deployment_state", config.profile, "COMPLETE"] == 1.0
    assert found["flag_deployment_completed_timestamp_seconds", config.profile] == START
