"""Sharing resources out: every one collected exactly once, and few that move."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.app import ExporterApp, find_collectors
from exporter.shards import Shard
from inventory.load import load_inventory
from inventory.model import Inventory
from inventory.resources import CustomMetric, Resource
from simulator.aws.server import EmbeddedAws
from simulator.seed import seed
from tests.exporter.support import ROOT, Clock, settings_for
from vigia.__main__ import main

KINDS = st.sampled_from(["functions", "apis", "buckets", "collector"])
KEYS = st.text(min_size=1, max_size=40)


def owners(count: int, kind: str, key: str) -> list[int]:
    """Return every shard that has the resource."""
    return [index for index in range(count) if Shard(index, count).owns(kind, key)]


@given(KINDS, KEYS, st.integers(1, 12))
def test_every_resource_has_one_owner(kind: str, key: str, count: int) -> None:
    """Whatever its name, exactly one of the shards collects a resource."""
    assert len(owners(count, kind, key)) == 1


@given(KINDS, KEYS, st.integers(1, 12))
def test_a_further_shard_only_takes(kind: str, key: str, count: int) -> None:
    """With one shard more, a resource stays where it is or goes to the new one."""
    (before,), (after,) = owners(count, kind, key), owners(count + 1, kind, key)
    assert after in (before, count)


@pytest.mark.parametrize("count", [2, 3, 8])
def test_shares_are_even_and_few_move(count: int) -> None:
    """Of 4,000 functions each shard has its part, and a further one takes only its own."""
    keys = [f"function-{number}" for number in range(4000)]
    before = {key: owners(count, "functions", key)[0] for key in keys}
    shares = Counter(before.values())
    assert all(0.85 < shares[index] * count / len(keys) < 1.15 for index in range(count))
    moved = sum(owners(count + 1, "functions", key)[0] != before[key] for key in keys)
    assert moved * (count + 1) / len(keys) == pytest.approx(1, abs=0.15)


def test_the_hash_is_the_same_for_ever() -> None:
    """Another release or Python must not deal the resources out anew."""
    dealt = [owners(4, "functions", f"f{number}")[0] for number in range(16)]
    assert dealt == [3, 3, 2, 1, 3, 3, 2, 2, 3, 2, 1, 1, 0, 1, 3, 1]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is not i/n"),
        ("1", "is not i/n"),
        ("-1/2", "is not i/n"),
        ("a/b", "is not i/n"),
        ("1/2/3", "is not i/n"),
        ("0/0", "i must be below n"),
        ("2/2", "i must be below n"),
        ("٣/٤", "is not i/n"),
    ],
)
def test_wrong_shards_are_refused(
    text: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Anything but 0 <= i < n is one line and exit code 2."""
    assert main(["exporter", f"--shard={text}", "--once"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("vigia: --shard: ")
    assert reason in error
    assert error.count("\n") == 1


def test_views_part_the_inventory() -> None:
    """Together the shards' views hold every resource once, and no function is half there."""
    inventory = load_inventory(ROOT / "platform.yaml")
    views = [Shard(index, 3).view(inventory) for index in range(3)]
    for kind in Inventory.model_fields:
        whole = getattr(inventory, kind)
        if not isinstance(whole, tuple) or not all(
            isinstance(item, Resource | CustomMetric) for item in whole
        ):
            continue
        parts = [item for view in views for item in getattr(view, kind)]
        assert sorted(map(repr, parts)) == sorted(map(repr, whole)), kind
    for view in views:
        named = {name for event in view.log_events for name in event.functions}
        assert named <= set(view.function_names)
        assert view.collection == inventory.collection
    assert Shard().view(inventory) is inventory


def test_what_does_not_split_runs_in_one_shard() -> None:
    """A collector that does not split runs once; the others run everywhere."""
    for collector in find_collectors().values():
        running = [index for index in range(5) if Shard(index, 5).runs(collector)]
        assert len(running) == (5 if collector.splits else 1), collector.name


def series(app: ExporterApp, *, telemetry: bool = False) -> dict[str, str]:
    """Return what the exposition shows of the platform, or of ourselves, by series."""
    prefix = "vigia_" if telemetry else "dataplatform_"
    lines = [line for line in app.exposition().splitlines() if line.startswith(prefix)]
    found = dict(line.rsplit(" ", 1) for line in lines)
    assert len(found) == len(lines)
    return found


def busy(aws: EmbeddedAws, inventory: Inventory, at: float) -> None:
    """Let every function be invoked."""
    for number, function in enumerate(inventory.functions, 1):
        where = {"FunctionName": function.name}
        aws.metrics.put("AWS/Lambda", "Invocations", where, at, [1.0] * number)
        aws.metrics.put("AWS/Lambda", "Errors", where, at, [1.0])


@pytest.mark.parametrize("shared", [False, True], ids=["own databases", "one database"])
def test_shards_show_together_what_one_would(
    aws: EmbeddedAws, watched: Inventory, clock: Clock, tmp_path: Path, *, shared: bool
) -> None:
    """Every series of an unsharded exporter is shown by exactly one shard, with the same total."""
    seed(aws, watched, clock.now)

    def started(name: str, shard: Shard) -> ExporterApp:
        root = tmp_path / name
        root.mkdir(exist_ok=True)
        return ExporterApp(settings_for(aws.url, root), lambda: watched, clock, shard)

    whole = started("whole", Shard())
    parts = [started("parts" if shared else f"part-{index}", Shard(index, 3)) for index in range(3)]
    for _ in range(3):
        assert [app.collect_once() for app in (whole, *parts)] == [{}] * 4
        busy(aws, watched, clock.at)
        clock.at += 10
    expected, shown = series(whole), [series(part) for part in parts]
    assert sorted(expected) == sorted(name for part in shown for name in part)
    joined = {name: number for part in shown for name, number in part.items()}
    totals = [name for name in expected if name.startswith("dataplatform_lambda_")]
    assert {name: joined[name] for name in totals} == {name: expected[name] for name in totals}
    invoked = 'dataplatform_lambda_invocations_total{function="lambda_router"}'
    assert float(expected[invoked]) > 0
    for app in (whole, *parts):
        app.stop()


def test_shards_say_who_they_are_and_share_the_cap(
    aws: EmbeddedAws, watched: Inventory, clock: Clock, tmp_path: Path
) -> None:
    """Each names its part; the parts of the cap add up to it; each collector's health is shown."""
    caps, collectors = [], Counter[str]()
    for index in range(3):
        root = tmp_path / str(index)
        root.mkdir()
        app = ExporterApp(settings_for(aws.url, root), lambda: watched, clock, Shard(index, 3))
        found = series(app, telemetry=True)
        assert found[f'vigia_shard_info{{shard="{index}",shards="3"}}'] == "1.0"
        caps.append(float(found["vigia_cost_cap_usd"]))
        collectors.update(status.name for status in app.statuses())
        app.stop()
    assert sum(caps) == pytest.approx(watched.collection.cost_budget_monthly_usd)
    assert collectors == {
        name: 3 if collector.splits else 1 for name, collector in find_collectors().items()
    }
