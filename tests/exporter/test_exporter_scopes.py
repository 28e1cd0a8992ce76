"""Another account and region: roles really assumed, resources read there, failures contained."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest
from moto.sts.models import sts_backends

from exporter.app import ExporterApp
from exporter.collector import Context, Reading
from exporter.scopes import Scopes
from inventory.attempts import tag
from inventory.aws import AwsClients
from inventory.model import Inventory
from inventory.resources import Scope
from simulator.aws.server import EmbeddedAws
from simulator.influxdb import InfluxStandIn
from tests.exporter.support import Bench, create_function, only, settings_for, values
from tests.exporter.test_exporter_app import value
from tests.exporter.test_exporter_influxdb import pointed_at
from tests.exporter.test_exporter_refresh import ManualClock, client_error

FN = "lambda_router"
HERE = {"FunctionName": FN}
ACCOUNT, REGION = "210987654321", "sa-east-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/vigia-reads"
SCOPE = Scope(
    name="analytics", account=ACCOUNT, region=REGION, role_arn=ROLE, external_id="a-shared-word"
)
INVOCATIONS = "dataplatform_lambda_invocations_total"
HOME, AWAY = (f'{INVOCATIONS}{{function="{name}"}}' for name in (FN, f"{FN}@analytics"))
UP = 'vigia_collector_scope_up{collector="lambda",scope="analytics"}'
COVERAGE = 'vigia_collector_coverage_ratio{collector="lambda"}'


@dataclass
class Elsewhere:
    """The embedded AWS as seen from the other account and region."""

    aws: EmbeddedAws

    def client(self, service: str) -> Any:
        """Return a client there."""
        return self.aws.client(service, ACCOUNT, REGION)


def there(aws: EmbeddedAws) -> EmbeddedAws:
    """Return what ``create_function`` can use as the embedded AWS of the other account."""
    return cast("EmbeddedAws", Elsewhere(aws))


def allow(aws: EmbeddedAws) -> None:
    """Create the role that may be assumed by whoever knows the external id."""
    condition = {"StringEquals": {"sts:ExternalId": SCOPE.external_id}}
    policy = {"Statement": [{"Effect": "Allow", "Condition": condition}]}
    there(aws).client("iam").create_role(
        RoleName="vigia-reads", AssumeRolePolicyDocument=json.dumps(policy)
    )


def scoped(inventory: Inventory) -> Inventory:
    """Return the inventory with the same function in the other account too."""
    one = inventory.functions[0]
    both = (one, one.model_copy(update={"scope": SCOPE.name}))
    return inventory.model_copy(update={"scopes": (SCOPE,), "functions": both})


def run(aws: EmbeddedAws, at: float, home: int, away: int) -> None:
    """Let both functions run at ``at``."""
    aws.metrics.put("AWS/Lambda", "Invocations", HERE, at, [1.0] * home)
    elsewhere = aws.metrics_of(ACCOUNT, REGION)
    elsewhere.put("AWS/Lambda", "Invocations", HERE, at, [1.0] * away)


def test_function_of_another_account_and_region_is_collected(
    bench: Bench, aws: EmbeddedAws
) -> None:
    """The role is assumed once, with its external id, and both functions keep their own values."""
    create_function(aws, FN)
    create_function(there(aws), FN)
    allow(aws)
    bench.inventory = scoped(bench.inventory)
    bench.aws = AwsClients(bench.inventory.aws, aws.url, bench.tally.request, scopes=(SCOPE,))
    bench.collect("lambda")
    run(aws, bench.clock.at, home=3, away=8)
    bench.clock.at += 10
    reading = bench.reading("lambda")
    found = values(reading)
    assert found["lambda_invocations_total", FN] == 3.0
    assert found["lambda_invocations_total", f"{FN}@analytics"] == 8.0
    assert found["lambda_alias_info", f"{FN}@analytics", "LIVE", "1"] == 1.0
    assert (reading.seen, reading.expected) == (2, 2)
    assumed = sts_backends[ACCOUNT]["aws"].assumed_roles
    assert [(a.role_arn, a.external_id, a.session_name) for a in assumed] == [
        (ROLE, "a-shared-word", "vigia")
    ]
    assert bench.tally.bill().requests["sts", "AssumeRole", "200"] == 1


@dataclass
class Rig:
    """An exporter over both accounts, its clock, and the inventory that it loads."""

    aws: EmbeddedAws
    inventory: Inventory
    directory: Path

    def __post_init__(self) -> None:
        create_function(self.aws, FN)
        create_function(there(self.aws), FN)
        self.aws.client("logs").create_log_group(logGroupName=f"/aws/lambda/{FN}")
        self.clock = ManualClock()
        settings = settings_for(self.aws.url, self.directory)
        self.app = ExporterApp(settings, lambda: self.inventory, self.clock)

    def value(self, series: str) -> float | None:
        """Return the value of a series; None where it is absent."""
        return value(self.app, series)

    def later(self, seconds: float) -> None:
        """Let time pass and collect."""
        self.clock.at += seconds
        self.clock.ticks += seconds
        self.app.collect_once()


@pytest.fixture
def rig(aws: EmbeddedAws, influx: InfluxStandIn, tmp_path: Path) -> Iterator[Rig]:
    """An exporter that may not assume the role yet."""
    made = Rig(aws, scoped(only(pointed_at(influx.url), FN)), tmp_path)
    yield made
    made.app.stop()


def test_refused_role_blinds_nothing_but_its_scope(rig: Rig, aws: EmbeddedAws) -> None:
    """Every collector sees the main account; coverage and a reason tell of the other one."""
    # There is no Alertmanager here.
    assert rig.app.collect_once().keys() == {"maintenance"}
    assert rig.value(HOME) == 0.0
    assert rig.value(AWAY) is None
    assert rig.value(COVERAGE) == 0.5
    assert rig.value(UP) == 0.0
    assert rig.value(UP.replace("lambda", "api")) == 1.0
    failures = "vigia_collector_scope_failures_total"
    labels = 'collector="lambda",reason="denied",scope="analytics"'
    assert rig.value(f"{failures}{{{labels}}}") == 1.0
    asked = [seen for seen in aws.front.seen if seen.operation == "AssumeRole"]
    rig.later(5)
    assert [seen for seen in aws.front.seen if seen.operation == "AssumeRole"] == asked
    allow(aws)
    rig.later(30)
    assert rig.value(AWAY) == 0.0
    assert (rig.value(UP), rig.value(COVERAGE)) == (1.0, 1.0)


def test_region_that_is_away_is_caught_up(rig: Rig, aws: EmbeddedAws) -> None:
    """Its last values stay for a while, then vanish; nothing that it did meanwhile is lost."""
    allow(aws)
    rig.app.collect_once()
    run(aws, rig.clock.at, home=1, away=2)
    rig.later(10)
    assert (rig.value(HOME), rig.value(AWAY)) == (1.0, 2.0)
    aws.front.fail("*", "*", code="ServiceUnavailable", status=503, region=REGION)
    run(aws, rig.clock.at, home=10, away=20)
    rig.later(10)
    assert (rig.value(HOME), rig.value(AWAY)) == (11.0, 2.0)
    assert (rig.value(UP), rig.value(COVERAGE)) == (0.0, 0.5)
    run(aws, rig.clock.at, home=100, away=200)
    rig.later(10)
    assert (rig.value(HOME), rig.value(AWAY)) == (111.0, None)
    assert (rig.value(UP), rig.value(COVERAGE)) == (0.0, 0.5)
    aws.front.heal()
    rig.later(30)
    assert (rig.value(HOME), rig.value(AWAY)) == (111.0, 222.0)
    assert (rig.value(UP), rig.value(COVERAGE)) == (1.0, 1.0)


def test_reload_brings_and_takes_scopes(rig: Rig, aws: EmbeddedAws) -> None:
    """Changed scopes are used from the next collection on."""
    allow(aws)
    both = rig.inventory
    rig.inventory = both.model_copy(update={"scopes": (), "functions": both.functions[:1]})
    assert rig.app.reload() == []
    rig.app.collect_once()
    assert (rig.value(AWAY), rig.value(UP)) == (None, None)
    rig.inventory = both
    assert rig.app.reload() == []
    rig.later(5)
    assert (rig.value(AWAY), rig.value(UP)) == (0.0, 1.0)


def test_collector_of_one_failing_scope_fails(rig: Rig) -> None:
    """Where nothing else is collected, the scope's failure is the collector's, while it lasts."""
    rig.inventory = rig.inventory.model_copy(update={"functions": rig.inventory.functions[1:]})
    rig.app.reload()
    assert rig.app.collect_once()["lambda"] == "denied"
    assert rig.app.collect_once()["lambda"] == "denied"


def test_state_of_a_scope_that_is_left_out_is_not_forgotten(bench: Bench) -> None:
    """A run that does not see a scope deletes nothing, though its resources look gone."""
    away = [True]

    def collect(context: Context) -> Reading:
        names = {function.key for function in context.inventory.functions}
        if away[0] and f"{FN}@analytics" in names:
            error = client_error("AccessDenied")
            tag(error, "analytics")
            raise error
        gone = context.state.load().keys() - names
        context.state.commit({**{n: {"seen": True} for n in names}, **dict.fromkeys(gone)})
        return Reading((), len(names), len(names))

    bench.inventory = scoped(bench.inventory)
    contained = Scopes(ManualClock()).contained(
        replace(bench.collectors["lambda"], collect=collect)
    )
    context = bench.context("lambda")
    context.state.commit({f"{FN}@analytics": {"total": 5}, "gone": {"total": 1}})
    reading = contained.collect(context)
    assert (reading.seen, reading.expected) == (1, 2)
    assert context.state.load()[f"{FN}@analytics"] == {"total": 5}
    bench.inventory = only(bench.inventory, FN).model_copy(update={"scopes": ()})
    contained.collect(replace(context, inventory=bench.inventory))
    assert context.state.load() == {FN: {"seen": True}}
