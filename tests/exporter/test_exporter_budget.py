"""The month's money: kept for good, and cadences that follow it in the running exporter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from exporter.app import ExporterApp, find_collectors
from exporter.collector import Priority
from exporter.shards import Shard
from exporter.spending import Spending
from exporter.state import open_state
from inventory.model import Inventory
from simulator.aws.server import EmbeddedAws
from simulator.seed import seed
from tests.conftest import wait_for
from tests.exporter.support import START, Clock, only, settings_for

FN = "lambda_router"
CENT = 0.01
PAID = {"api", "cost", "lambda"}
Make = Callable[..., ExporterApp]


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """An empty state on either kind of database."""
    postgres = request.param == "postgresql"
    url = (
        request.getfixturevalue("postgres_url")
        if postgres
        else f"sqlite:///{tmp_path / 'exporter.db'}"
    )
    store = open_state(url, START)
    yield store.engine
    if postgres:
        with store.engine.begin() as connection:
            connection.execute(sa.text("DELETE FROM exporter_spending"))
    store.close()


on_both = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@on_both
def test_what_was_spent_outlives_the_process(database: sa.Engine, clock: Clock) -> None:
    """A cent is durable at once, less when it is kept; replicas add to the same sum."""
    first = Spending(database, Shard(), clock.now)
    first.add(CENT)
    assert Spending(database, Shard(), clock.now).month(1.0) == pytest.approx(CENT)
    first.add(0.001)
    assert first.month(1.0) == pytest.approx(0.011)
    assert Spending(database, Shard(), clock.now).month(1.0) == pytest.approx(CENT)
    first.keep()
    second = Spending(database, Shard(), clock.now)
    second.add(2 * CENT)
    assert second.month(1.0) == first.month(1.0) == pytest.approx(0.031)


@on_both
def test_every_month_begins_with_nothing_spent(database: sa.Engine, clock: Clock) -> None:
    """At midnight UTC of the first the sum is that of the new month, the old one stays its own."""
    spending = Spending(database, Shard(), clock.now)
    clock.at = datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC).timestamp()
    spending.add(0.5)
    spending.add(0.001)
    clock.at += 2
    assert spending.month(1.0) == 0.0
    spending.keep()
    assert spending.month(1.0) == 0.0
    clock.at -= 2
    assert spending.month(1.0) == pytest.approx(0.501)


@on_both
def test_shards_count_their_own(database: sa.Engine, clock: Clock) -> None:
    """A shard does not count another's; what was spent before the split is shared out."""
    Spending(database, Shard(), clock.now).add(1.0)
    parts = [Spending(database, Shard(index, 2), clock.now) for index in range(2)]
    parts[0].add(0.3)
    parts[1].add(0.2)
    assert parts[0].month(0.75) == pytest.approx(0.3 + 0.75)
    assert parts[1].month(0.25) == pytest.approx(0.2 + 0.25)


def test_a_database_that_fails_costs_no_count(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """While the state cannot be written, money is counted in memory, and kept afterwards."""
    store = open_state(f"sqlite:///{tmp_path / 'exporter.db'}", START)
    spending = Spending(store.engine, Shard(), clock.now)
    spending.add(CENT)
    assert spending.month(1.0) == pytest.approx(CENT)
    with store.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE exporter_spending RENAME TO elsewhere")
    spending.add(CENT)
    assert spending.month(1.0) == pytest.approx(2 * CENT)
    assert "what was spent cannot be kept" in caplog.text
    with store.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO exporter_spending")
    spending.keep()
    assert Spending(store.engine, Shard(), clock.now).month(1.0) == pytest.approx(2 * CENT)
    store.close()


@pytest.fixture
def make(
    aws: EmbeddedAws, watched: Inventory, clock: Clock, tmp_path: Path
) -> Iterator[tuple[Make, list[Inventory]]]:
    """Makes exporters over one function and one state; the list's last is the inventory."""
    inventories = [only(watched, FN)]
    seed(aws, inventories[0], clock.now)
    started: list[ExporterApp] = []

    def exporter(**collection: float) -> ExporterApp:
        inventories.append(capped(inventories[-1], **collection))
        app = ExporterApp(settings_for(aws.url, tmp_path), lambda: inventories[-1], clock)
        started.append(app)
        return app

    yield exporter, inventories
    for app in started:
        app.stop()


def capped(inventory: Inventory, **collection: float) -> Inventory:
    """Return the inventory with values of its collection replaced."""
    changed = inventory.collection.model_copy(update=collection)
    return inventory.model_copy(update={"collection": changed})


def shown(app: ExporterApp, name: str) -> float:
    """Return a telemetry value of the exposition."""
    lines = app.exposition().splitlines()
    (found,) = (line.rsplit(" ", 1)[1] for line in lines if line.rsplit(" ", 1)[0] == name)
    return float(found)


def factors(app: ExporterApp) -> dict[str, float]:
    """Return the stretching of each collector."""
    return {
        status.name: shown(app, f'vigia_collector_stretch_ratio{{collector="{status.name}"}}')
        for status in app.statuses()
    }


def paid(inventory: Inventory) -> set[str]:
    """Return the collectors that cost money."""
    return {
        name
        for name, collector in find_collectors().items()
        if any(use.usd for use in collector.uses(inventory))
    }


def test_the_exporter_shows_its_money(make: tuple[Make, list[Inventory]]) -> None:
    """Cap, spending, projection and cadences stand in the exposition and on the page."""
    exporter, inventories = make
    app = exporter(cost_budget_monthly_usd=5000.0)
    assert app.collect_once() == {}
    spent = shown(app, "vigia_cost_month_usd")
    every = [one for part in app._parts().values() for one in part]
    ours = [one.value for one in every if one.spec.name == "vigia_aws_cost_usd_total"]
    assert spent == pytest.approx(sum(ours))
    assert spent > 2 * CENT
    assert shown(app, "vigia_cost_cap_usd") == 5000.0
    assert shown(app, "vigia_cost_projected_usd") > spent
    assert set(factors(app).values()) == {1.0}
    for name, collector in find_collectors().items():
        cadence = shown(app, f'vigia_collector_cadence_seconds{{collector="{name}"}}')
        assert cadence == collector.every(inventories[-1])
    page = app.wsgi.test_client().get("/").text
    assert f"${spent:.4f} spent" in page
    assert "cap $5000.00; stretched to keep it: nothing" in page


def test_a_tight_cap_stretches_and_says_so(make: tuple[Make, list[Inventory]]) -> None:
    """Under a cap that cannot be kept every paid cadence is at its longest, and all show it."""
    exporter, inventories = make
    app = exporter(cost_budget_monthly_usd=0.0001)
    expected = {name: 16.0 if name in paid(inventories[-1]) else 1.0 for name in find_collectors()}
    assert set(paid(inventories[-1])) >= PAID
    assert factors(app) == expected
    every = find_collectors()["lambda"].every(inventories[-1])
    assert shown(app, 'vigia_collector_cadence_seconds{collector="lambda"}') == 16 * every
    page = app.wsgi.test_client().get("/").text
    assert "lambda 16x" in page
    assert "<td>1m20s (stretched 16x)</td>" in page


def test_a_restart_does_not_forget_what_was_spent(
    make: tuple[Make, list[Inventory]], clock: Clock
) -> None:
    """Money spent before a restart still counts against the cap, until the month is over."""
    exporter, inventories = make
    cap = 2000.0
    first = exporter(cost_budget_monthly_usd=cap)
    assert set(factors(first).values()) == {1.0}
    first._billed("cost", "ce", 1, cap)
    first.stop()
    second = exporter()
    assert shown(second, "vigia_cost_month_usd") == pytest.approx(cap)
    assert {name for name, factor in factors(second).items() if factor == 16} == paid(
        inventories[-1]
    )
    clock.at = datetime(2026, 12, 1, 0, 0, 1, tzinfo=UTC).timestamp()
    second._turn()
    assert shown(second, "vigia_cost_month_usd") == 0.0
    assert set(factors(second).values()) == {1.0}


def test_a_reload_changes_the_cap_and_keeps_the_shard(
    aws: EmbeddedAws, watched: Inventory, clock: Clock, tmp_path: Path
) -> None:
    """A reload with another cap stretches or eases at once; the resources stay dealt out."""
    answers = [capped(watched, cost_budget_monthly_usd=5000.0)]
    app = ExporterApp(
        settings_for(aws.url, tmp_path), lambda: answers[-1], clock, shard=Shard(0, 2)
    )
    try:
        assert set(factors(app).values()) == {1.0}
        running = {status.name for status in app.statuses()}
        seen = set(app._inventory_of(find_collectors()["lambda"]).function_names)
        answers.append(capped(answers[0], cost_budget_monthly_usd=0.0001))
        assert app.wsgi.test_client().post("/-/reload").status_code == 200
        assert factors(app)["lambda"] == 16.0
        assert app.wsgi.test_client().get("/-/healthy").status_code == 200
        answers.append(answers[0])
        assert app.reload() == []
        assert set(factors(app).values()) == {1.0}
        assert shown(app, 'vigia_shard_info{shard="0",shards="2"}') == 1.0
        assert {status.name for status in app.statuses()} == running
        assert set(app._inventory_of(find_collectors()["lambda"]).function_names) == seen
        assert 0 < len(seen) < len(answers[0].functions)
    finally:
        app.stop()


def test_the_schedule_runs_at_the_stretched_cadence(
    make: tuple[Make, list[Inventory]], aws: EmbeddedAws
) -> None:
    """A stretched collector really runs less often, and as often as before once money is there."""
    exporter, inventories = make
    app = exporter(cost_budget_monthly_usd=1e-9, control_plane_every=0.25, influxdb_every=0.25)
    app.start()
    client = app.wsgi.test_client()
    wait_for(lambda: client.get("/-/ready").status_code == 200, 20)

    def polls(while_canaries: int) -> int:
        refresher = next(r for r in app._refreshers if r.collector.name == "influxdb")
        before, start = aws.front.count("lambda", "GetAlias"), canaries()
        wait_for(lambda: canaries() >= start + while_canaries, 60)
        assert refresher.status().up
        return aws.front.count("lambda", "GetAlias") - before

    def canaries() -> float:
        return shown(app, 'dataplatform_influxdb_write_latency_seconds_count{bucket="energy_data"}')

    assert polls(12) <= 2
    inventories.append(capped(inventories[-1], cost_budget_monthly_usd=1e9))
    assert app.reload() == []
    assert polls(12) >= 6


def test_money_running_out_stretches_a_running_exporter(
    make: tuple[Make, list[Inventory]], clock: Clock
) -> None:
    """When spending outgrows the cap, the next turn stretches the least important first."""
    exporter, _ = make
    app = exporter(cost_budget_monthly_usd=5000.0)
    projected = shown(app, "vigia_cost_projected_usd")
    app._billed("lambda", "cloudwatch", 1, 5000.0 - projected * 0.999)
    app._turn()
    found = factors(app)
    priorities = {name: collector.priority for name, collector in find_collectors().items()}
    stretched = {name for name, factor in found.items() if factor > 1}
    assert {priorities[name] for name in stretched} == {Priority.DETAIL}
    assert shown(app, "vigia_cost_projected_usd") <= 5000.0


def test_paid_answers_are_kept_as_much_longer(
    make: tuple[Make, list[Inventory]], aws: EmbeddedAws, clock: Clock
) -> None:
    """Stretched 16 times, Cost Explorer is asked a sixteenth as often: no run pays for two."""
    exporter, _ = make
    app = exporter(cost_budget_monthly_usd=1e-9, cost_every=4 * 3600.0)
    refresher = next(r for r in app._refreshers if r.collector.name == "cost")
    for _ in range(9):
        refresher.run()
        clock.at += 16 * 3600.0
    assert refresher.status().up
    assert aws.front.count("ce", "GetCostAndUsage") == 3
