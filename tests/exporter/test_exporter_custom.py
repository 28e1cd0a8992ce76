"""CloudWatch metrics that the inventory adds, and names that it may not take."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.app import ExporterApp, find_collectors
from exporter.collector import Reading, Reason
from exporter.custom import check_names, spec_of
from exporter.failures import classify
from exporter.samples import SummaryValue
from exporter.telemetry import SPECS
from inventory.load import InventoryError, load_inventory
from inventory.model import Inventory
from inventory.resources import CustomMetric
from simulator.aws.server import EmbeddedAws
from tests.exporter.support import ROOT, START, Bench, Clock, compressed, settings_for, values

NAME = "cloudwatch_metrics"
HELP = {"pt-BR": "ajuda", "en": "help"}
WHERE = {"DatabaseName": "db-1"}


def entry(name: str, kind: str = "gauge", **more: Any) -> dict[str, Any]:
    """Return an entry as it stands in the inventory file."""
    return {
        "name": name,
        "kind": kind,
        "namespace": "AWS/Timestream",
        "metric": name,
        "dimensions": WHERE,
        "help": HELP,
        **more,
    }


def with_metrics(*entries: dict[str, Any]) -> Inventory:
    """Return the inventory with these entries alone."""
    metrics = tuple(CustomMetric.model_validate(one) for one in entries)
    return compressed().model_copy(update={"metrics": metrics})


def put(aws: EmbeddedAws, at: float, name: str, numbers: list[float]) -> None:
    """Let the metric have values at ``at``."""
    aws.metrics.put("AWS/Timestream", name, WHERE, at, numbers)


def test_every_kind_by_the_inventory_alone(bench: Bench, aws: EmbeddedAws, tmp_path: Path) -> None:
    """Entries of the file become counter, gauge and summary with labels, scale and statistic."""
    overlay = tmp_path / "overlay.yaml"
    entries = [
        entry("timeouts_total", "counter", labels={"zone": "b", "database": "one"}),
        entry("used_ratio", statistic="Maximum", scale=0.01),
        entry("latency_seconds", "summary", scale=0.001),
    ]
    overlay.write_text(yaml.safe_dump({"metrics": entries}), encoding="utf-8")
    inventory = load_inventory(ROOT / "platform.yaml", overlay)
    bench.inventory = compressed().model_copy(update={"metrics": inventory.metrics})
    bench.reading(NAME)
    for _ in range(2):
        put(aws, bench.clock.at, "timeouts_total", [1.0, 2.0])
        put(aws, bench.clock.at, "used_ratio", [40.0, 90.0, 10.0])
        put(aws, bench.clock.at, "latency_seconds", [100.0, 300.0])
        bench.clock.at += 300
    bench.clock.at += 2
    reading = bench.reading(NAME)
    found = values(reading)
    assert found["timeouts_total", "one", "b"] == 6.0
    assert found["used_ratio",] == pytest.approx(0.9)
    latency = found["latency_seconds",]
    assert isinstance(latency, SummaryValue)
    assert (latency.count, latency.sum) == (4.0, pytest.approx(0.8))
    assert latency.quantiles[0.5] == pytest.approx(0.2)
    assert (reading.seen, reading.expected) == (3, 3)
    assert set(reading.newest.values()) == {START + 300}
    spec = spec_of(inventory.metrics[0])
    assert (spec.labels, spec.help.in_("pt-BR"), spec.help.in_("en")) == (
        ("database", "zone"),
        "ajuda",
        "help",
    )


def test_metric_that_was_never_seen_says_so(bench: Bench, aws: EmbeddedAws) -> None:
    """No datapoint ever is 1, without a gauge's value; one is 0 for good, also after a restart."""
    bench.inventory = with_metrics(
        entry("used_ratio", labels={"database": "one"}), entry("timeouts_total", "counter")
    )
    used = ("vigia_custom_metric_never_seen", "used_ratio/one")
    reading = bench.reading(NAME)
    found = values(reading)
    assert (found[used], found[used[0], "timeouts_total"]) == (1.0, 1.0)
    assert ("used_ratio", "one") not in found
    assert found["timeouts_total",] == 0.0
    assert reading.newest == {"used_ratio/one": None, "timeouts_total": None}
    assert (reading.seen, reading.expected) == (2, 2)
    put(aws, bench.clock.at, "used_ratio", [0.5])
    bench.clock.at += 302
    assert bench.collect(NAME)[used] == 0.0
    bench.restart()
    bench.clock.at += 100_000
    found = bench.collect(NAME)
    assert found[used] == 0.0
    assert ("used_ratio", "one") not in found


def test_entries_of_one_name_are_one_family(bench: Bench, aws: EmbeddedAws) -> None:
    """Two entries of a name differ by labels and are read each for itself."""
    bench.inventory = with_metrics(
        entry("used_ratio", labels={"database": "one"}),
        entry("used_ratio", labels={"database": "two"}, dimensions={"DatabaseName": "db-2"}),
    )
    check_names(bench.inventory, SPECS)
    put(aws, bench.clock.at - 600, "used_ratio", [0.5])
    found = bench.collect(NAME)
    assert found["used_ratio", "one"] == 0.5
    assert ("used_ratio", "two") not in found


def test_summary_without_values_has_no_quantiles(bench: Bench, aws: EmbeddedAws) -> None:
    """Nothing observed is NaN, not 0."""
    bench.inventory = with_metrics(entry("latency_seconds", "summary"))
    latency = bench.collect(NAME)["latency_seconds",]
    assert isinstance(latency, SummaryValue)
    assert (latency.count, latency.sum) == (0.0, 0.0)
    assert all(math.isnan(value) for value in latency.quantiles.values())


def test_no_entries_no_calls(bench: Bench, aws: EmbeddedAws) -> None:
    """An inventory that adds nothing asks nothing."""
    bench.inventory = with_metrics()
    reading = bench.reading(NAME)
    assert reading == Reading(reading.series, expected=0, seen=0)
    assert bench.tally.bill().requests == {}


def test_failing_call_fails_the_run(bench: Bench, aws: EmbeddedAws) -> None:
    """A denied request is a failure with its reason."""
    bench.inventory = with_metrics(entry("used_ratio"))
    aws.front.fail("cloudwatch", "GetMetricData", code="AccessDeniedException", status=400)
    with pytest.raises(Exception, match="AccessDenied") as raised:
        bench.reading(NAME)
    assert classify(raised.value) == (
        Reason.DENIED,
        "GetMetricData answered AccessDeniedException",
    )


def test_uses_are_the_calls_that_go_out(bench: Bench, aws: EmbeddedAws) -> None:
    """However many there are, they share requests of 500 queries; each is billed once."""
    bench.inventory = with_metrics(
        *(entry("latency_seconds", "summary", labels={"n": str(n)}) for n in range(150))
    )
    bench.reading(NAME)
    (use,) = bench.collectors[NAME].uses(bench.inventory)
    assert use.calls == aws.front.count("cloudwatch", "GetMetricData") == 2
    bill = bench.tally.bill()
    assert use.metrics == bill.billed_metrics == 150
    assert use.usd == pytest.approx(bill.usd_by_collector[NAME])


@pytest.mark.parametrize(
    ("entries", "name", "owner"),
    [
        ([entry("rule_enabled")], "rule_enabled", "rule_enabled"),
        ([entry("lambda_errors_total", "counter")], "lambda_errors_total", "lambda_errors_total"),
        ([entry("lambda_errors")], "lambda_errors", "lambda_errors_total"),
        ([entry("api_latency_seconds_sum")], "api_latency_seconds_sum", "api_latency_seconds"),
        ([entry("x_s", "summary"), entry("x_s_count")], "x_s_count", "x_s"),
        ([entry("x_total", "counter"), entry("x")], "x", "x_total"),
    ],
)
def test_taken_name_is_refused(entries: list[dict[str, Any]], name: str, owner: str) -> None:
    """No entry may take a name that another family exposes, in either format."""
    known = [spec for collector in find_collectors().values() for spec in collector.specs]
    with pytest.raises(InventoryError) as raised:
        check_names(with_metrics(*entries), known)
    (problem,) = raised.value.problems
    assert problem.message == (
        f"metrics.{len(entries) - 1}: '{name}' clashes with the metric dataplatform_{owner}"
    )


def test_every_bad_entry_is_told(bench: Bench) -> None:
    """A reserved label is refused too, and all problems come at once."""
    labelled = entry("x", labels={"quantile": "a"})
    known = [spec for collector in find_collectors().values() for spec in collector.specs]
    with pytest.raises(InventoryError) as raised:
        check_names(with_metrics(labelled, entry("fine"), entry("rule_enabled")), known)
    assert [problem.message for problem in raised.value.problems] == [
        "metrics.0: dataplatform_x: label 'quantile' is reserved or malformed",
        "metrics.2: 'rule_enabled' clashes with the metric dataplatform_rule_enabled",
    ]


def test_exporter_refuses_taken_names(aws: EmbeddedAws, clock: Clock, tmp_path: Path) -> None:
    """At the start it ends, at a reload the old inventory stays and the line is told."""
    taken = with_metrics(entry("rule_enabled"))
    with pytest.raises(InventoryError, match="'rule_enabled' clashes"):
        ExporterApp(settings_for(aws.url, tmp_path), lambda: taken, clock)
    answers = [with_metrics()]
    app = ExporterApp(settings_for(aws.url, tmp_path), lambda: answers[-1], clock)
    try:
        answers.append(taken)
        (line,) = app.reload()
        assert line == (
            "inventory:1:1: metrics.0: 'rule_enabled' clashes with the metric"
            " dataplatform_rule_enabled"
        )
        assert app._inventory is answers[0]
        answers.append(with_metrics(entry("used_ratio")))
        assert app.reload() == []
    finally:
        app.stop()
