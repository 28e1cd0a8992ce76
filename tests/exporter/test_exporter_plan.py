"""The plan against the requests that really go out, and what ``vigia plan`` says of it."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest

from exporter.app import find_collectors
from exporter.cap import FACTORS, stretched
from exporter.collector import Collector, Priority, Use
from exporter.plan import MONTH, Item, items, plan
from exporter.schedule import next_aligned
from exporter.tally import Tally
from inventory.load import load_inventory
from inventory.model import Inventory
from simulator.aws.server import EmbeddedAws
from simulator.influxdb import InfluxStandIn
from simulator.seed import seed
from tests.exporter.support import REGION, ROOT, Bench, Clock, placed
from vigia.__main__ import main

WARM_UP = 2
FEWEST, MOST = 4, 300
AT_MOST = {
    # Users are in no inventory: a page of their keys each is planned for so many.
    ("iam", "ListAccessKeys"),
}
BILLED_AT_MOST = {
    # What S3 measures of a bucket is only found out when it is asked.
    "bucket_storage",
}
Operations = dict[tuple[str, str], float]


@dataclass(frozen=True)
class Measured:
    """What so many runs of a collector really sent."""

    runs: int
    operations: Operations
    billed: int
    usd: float


@pytest.fixture(scope="module")
def inventory(platform: Bench) -> Inventory:
    """The inventory of the platform."""
    return platform.inventory


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory, alertmanager_url: str) -> Iterator[Bench]:
    """A bench over the whole seeded platform, with the inventory's real cadences."""
    with pytest.MonkeyPatch.context() as patched:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patched.setenv(name, "embedded")
        patched.setenv("AWS_EC2_METADATA_DISABLED", "true")
        clock = Clock()
        aws = EmbeddedAws(REGION, clock.now).start()
        influx = InfluxStandIn("energy_data", "made-up-token").start()
        found = placed(load_inventory(ROOT / "platform.yaml"), influx.url, alertmanager_url)
        seed(aws, found, clock.now)
        state = tmp_path_factory.mktemp("plan") / "exporter.db"
        bench = Bench(f"sqlite:///{state}", clock, found, aws.url)
        yield bench
        bench.store.close()
        influx.stop()
        aws.stop()


@pytest.fixture(scope="module", params=[1, 4], ids=["unstretched", "stretched"])
def factor(request: pytest.FixtureRequest) -> int:
    """How many times longer than the inventory says the cadences are."""
    found: int = request.param
    return found


@pytest.fixture(scope="module")
def planned_items(inventory: Inventory) -> dict[str, Item]:
    """What is planned for every collector."""
    return {item.name: item for item in items(find_collectors().values(), lambda _: inventory)}


@pytest.fixture(scope="module")
def measured(
    platform: Bench, inventory: Inventory, planned_items: dict[str, Item], factor: int
) -> dict[str, Measured]:
    """Every collector's requests over several turns, after it has warmed up."""
    # Nothing kept at other cadences: a cursor from days ago would be caught up from.
    platform.url = platform.url.replace(".db", f"-{factor}.db")
    platform.restart()
    platform.inventory = stretched(inventory, factor)
    found = {}
    for item in sorted(planned_items.values(), key=lambda item: item.every):
        collector = find_collectors()[item.name]
        every, offset = item.every * factor, collector.offset(inventory)
        found[item.name] = _measure(platform, collector, every, offset, item.uses[factor])
    platform.inventory = inventory
    return found


def _measure(
    bench: Bench, collector: Collector, every: float, offset: float, uses: tuple[Use, ...]
) -> Measured:
    bench.clock.at = next_aligned(bench.clock.at, every, offset)
    for _ in range(WARM_UP):
        bench.reading(collector.name)
        bench.clock.at += every
    bench.tally = Tally()
    bench.aws = bench.clients(bench.tally)
    runs = _whole_turns(uses)
    for _ in range(runs):
        bench.reading(collector.name)
        bench.clock.at += every
    bill = bench.tally.bill()
    sent: Operations = Counter()
    for (service, operation, _), number in bill.requests.items():
        sent[service, operation] += number
    return Measured(runs, dict(sent), bill.billed_metrics, sum(bill.usd_by_service.values()))


def _whole_turns(uses: tuple[Use, ...]) -> int:
    # A collector that keeps its answers asks in one run of so many.
    turn = math.lcm(*(Fraction(use.calls).limit_denominator(MOST).denominator for use in uses))
    return min(MOST, turn * -(-FEWEST // turn))


def _predicted(uses: tuple[Use, ...], runs: int) -> Operations:
    calls: Operations = Counter()
    for use in uses:
        calls[use.service, use.operation] += use.calls * runs
    return {operation: number for operation, number in calls.items() if number}


@pytest.mark.parametrize("name", find_collectors())
def test_the_plan_is_what_goes_out(
    measured: dict[str, Measured], planned_items: dict[str, Item], factor: int, name: str
) -> None:
    """Calls by operation, billed metrics and dollars are as planned, also at longer cadences."""
    uses, found = planned_items[name].uses[factor], measured[name]
    predicted = _predicted(uses, found.runs)
    for operation in AT_MOST & predicted.keys():
        assert 0 < found.operations[operation] <= predicted[operation]
        predicted[operation] = found.operations[operation]
    assert found.operations == pytest.approx(predicted)
    billed = found.runs * sum(use.metrics for use in uses)
    usd = found.runs * sum(use.usd for use in uses)
    if name in BILLED_AT_MOST:
        assert 0 < found.billed <= billed
        assert 0 < found.usd <= usd
        return
    assert found.billed == pytest.approx(billed)
    assert found.usd == pytest.approx(usd)


def planned(tmp_path: Path, cap: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict]:
    """Run ``vigia plan --format json`` under a cap; return its exit code and answer."""
    text = (ROOT / "platform.yaml").read_text(encoding="utf-8")
    path = tmp_path / "platform.yaml"
    path.write_text(
        text.replace("cost_budget_monthly_usd: 50", f"cost_budget_monthly_usd: {cap}"), "utf-8"
    )
    code = main(["plan", "--config.file", str(path), "--format", "json"])
    return code, json.loads(capsys.readouterr().out)


def test_the_command_adds_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every collector stands in the answer, and the totals are the sums of what stands there."""
    code, answer = planned(tmp_path, "5000", capsys)
    lines = answer["collectors"]
    assert (code, answer["fits"], answer["cap_usd"]) == (0, True, 5000)
    assert [line["collector"] for line in lines] == list(find_collectors())
    assert answer["usd"] == pytest.approx(sum(line["usd"] for line in lines))
    assert answer["billed_metrics"] == pytest.approx(sum(line["billed_metrics"] for line in lines))
    assert sum(answer["calls"].values()) == pytest.approx(
        sum(number for line in lines for number in line["calls"].values())
    )
    found = load_inventory(ROOT / "platform.yaml")
    for line in lines:
        every = find_collectors()[line["collector"]].every(found)
        assert (line["every"], line["stretch"]) == (every, 1)
        assert line["runs"] == pytest.approx(MONTH / every)


def test_the_command_stretches_to_keep_the_cap(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Under a tighter cap the least important collectors run less often, and the month fits."""
    _, free = planned(tmp_path, "5000", capsys)
    code, answer = planned(tmp_path, f"{free['usd'] * 0.9:.4f}", capsys)
    assert (code, answer["fits"]) == (0, True)
    assert answer["usd"] <= answer["cap_usd"]
    stretched = [line for line in answer["collectors"] if line["stretch"] > 1]
    assert stretched
    assert min(Priority[line["priority"].upper()] for line in stretched) == min(
        Priority[line["priority"].upper()] for line in answer["collectors"] if line["usd"]
    )
    whole = {line["collector"]: line for line in free["collectors"]}
    for line in stretched:
        before = whole[line["collector"]]["usd"]
        # What is asked for once a day costs the same however often the collector runs.
        assert before / line["stretch"] * (1 - 1e-9) <= line["usd"] < before


def test_a_cap_that_cannot_be_kept_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With every paid cadence at its longest and still above the cap, the command ends with 1."""
    _, free = planned(tmp_path, "5000", capsys)
    code, answer = planned(tmp_path, f"{free['usd'] / 17:.4f}", capsys)
    assert (code, answer["fits"]) == (1, False)
    assert {line["stretch"] for line in answer["collectors"] if line["usd"]} == {16}


def test_the_table_names_what_is_stretched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """People read every collector, the total, the cap and whose cadence is stretched for it."""
    monkeypatch.setenv("COLUMNS", "150")
    path = tmp_path / "platform.yaml"
    text = (ROOT / "platform.yaml").read_text(encoding="utf-8")
    path.write_text(text.replace("monthly_usd: 50", "monthly_usd: 0.05"), encoding="utf-8")
    assert main(["plan", "--config.file", str(path)]) == 1
    shown = capsys.readouterr()
    rows = shown.out.split("\n\n")[0].splitlines()[1:]
    assert [row.split()[0] for row in rows if row[0] != " "] == [*find_collectors(), "total"]
    assert "cap $0.05; stretched to keep it: " in shown.out
    assert "cost 16x" in shown.out
    assert shown.err.startswith("vigia: $")
    assert "is above the cap of $0.05" in shown.err


def test_a_month_is_thirty_days_of_runs() -> None:
    """Dollars and calls are those of a run times the runs; a free collector costs nothing."""
    asked = (Use("ce", "GetCostAndUsage", 0.5, usd=0.005),)
    paid = Item("a", Priority.DETAIL, 3600.0, dict.fromkeys(FACTORS, asked))
    polled = (Use("lambda", "GetAlias", 3),)
    free = Item("b", Priority.VITAL, 60.0, dict.fromkeys(FACTORS, polled))
    found = plan((paid, free), cap_usd=3.6)
    assert found.usd == pytest.approx(3.6)
    assert found.fits
    assert found.calls == {"ce": 360.0, "lambda": 3 * 43_200.0}
    assert [line.runs for line in found.lines] == [720.0, 43_200.0]
