"""Every metric's name is a promise: the golden list, and the page that is made of the specs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import remediations.telemetry
from catalogue.metrics import MetricSpec
from exporter import reference, telemetry
from exporter.app import ExporterApp, find_collectors
from inventory.load import load_inventory
from inventory.model import Collection, Inventory
from simulator.aws.server import EmbeddedAws
from simulator.seed import seed
from tests.exporter.support import ROOT, Clock, settings_for
from tests.golden.write import METRICS, metrics
from vigia.__main__ import main
from vigia.commands.generate import generated


def specs() -> set[MetricSpec]:
    """Return the spec of every metric of both processes."""
    observed = {spec for collector in find_collectors().values() for spec in collector.specs}
    return observed | {*telemetry.SPECS, *remediations.telemetry.SPECS}


def test_no_metric_was_renamed_unnoticed() -> None:
    """Names, types and labels are those of the golden list: a change is seen in review."""
    golden = METRICS.read_text(encoding="utf-8")
    assert metrics() == golden, "if it is meant: .venv/bin/python -m tests.golden.write"


def test_a_name_has_one_meaning() -> None:
    """No two specs share a name, and no spec differs from another only in its samples."""
    names = sorted(spec.name for spec in specs())
    assert len(set(names)) == len(names)
    samples = [sample for spec in specs() for sample in spec.sample_labels]
    assert len(set(samples)) == len(samples)


def test_the_page_is_current() -> None:
    """The committed page is byte for byte what the specs generate."""
    files = generated(load_inventory(ROOT / "platform.yaml"))
    page = files[Path(reference.PATH)]
    assert (ROOT / reference.PATH).read_text(encoding="utf-8") == page


def test_the_page_lists_every_metric_once() -> None:
    """Each row has the metric's type, labels and English help; no help breaks its table."""
    page = (ROOT / reference.PATH).read_text(encoding="utf-8")
    rows = [
        re.split(r"(?<!\\) \| ", row) for row in re.findall(r"^\| (`.+) \|$", page, re.MULTILINE)
    ]
    found = {row[0].strip("`"): row for row in rows}
    observed = {spec for collector in find_collectors().values() for spec in collector.specs}
    assert len(found) == len(rows) == len(specs())
    for spec in specs():
        _, kind, labels, text, *rest = found[spec.name]
        assert kind == spec.kind.value
        assert tuple(re.findall(r"`(\w+)`", labels)) == spec.labels
        assert text.replace("\\|", "|") == spec.help.en
        assert bool(rest) == (spec in observed)


@pytest.mark.parametrize(
    ("every", "keys"),
    [
        (lambda c: c.period, ("period",)),
        (lambda c: min(c.period, c.control_plane_every), ("period", "control_plane_every")),
        (lambda c: min(c.cost_every, 3600.0), ("cost_every",)),
        (lambda c: max(c.slow_every, 300.0), ("slow_every",)),
        (lambda _: 60.0, ()),
    ],
    ids=["one", "the smaller", "at most", "at least", "fixed"],
)
def test_cadence_keys_are_found(
    every: Callable[[Collection], float], keys: tuple[str, ...]
) -> None:
    """The keys that a cadence depends on are found, also those that do not decide at present."""
    inventory = load_inventory(ROOT / "platform.yaml")
    made = replace(find_collectors()["lambda"], every=lambda i: every(i.collection))
    assert reference.cadence_keys(made, inventory) == keys


def test_what_is_exposed_is_in_the_list(
    aws: EmbeddedAws, watched: Inventory, clock: Clock, tmp_path: Path
) -> None:
    """The running exporter shows no metric that is not in the golden list, and no other type."""
    seed(aws, watched, clock.now)
    app = ExporterApp(settings_for(aws.url, tmp_path), lambda: watched, clock)
    app.collect_once()
    types = dict(
        re.findall(r"^# TYPE ((?:dataplatform|vigia)_\w+) (\w+)$", app.exposition(), re.MULTILINE)
    )
    app.stop()
    golden = [line.split(" ") for line in METRICS.read_text(encoding="utf-8").splitlines()]
    listed = {name: kind for name, kind, *_ in golden}
    custom = {f"dataplatform_{metric.name}" for metric in watched.metrics}
    assert types
    assert {name: kind for name, kind in types.items() if name not in custom}.items() <= set(
        listed.items()
    )


def test_generate_writes_and_checks_page_and_policies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """``vigia generate`` writes them below the root it is given, and --check names what drifted."""
    where = ["--config.file", str(ROOT / "platform.yaml"), "--output", str(tmp_path)]
    assert main(["generate", *where]) == 0
    for name in (reference.PATH, "deploy/iam/reader-policy.json"):
        assert (tmp_path / name).read_bytes() == (ROOT / name).read_bytes()
    assert main(["generate", "--check", *where]) == 0
    (tmp_path / "deploy/iam/reader-policy.json").write_text("{}", encoding="utf-8")
    capsys.readouterr()
    assert main(["generate", "--check", *where]) == 1
    told = "vigia: deploy/iam/reader-policy.json: differs; run 'vigia generate'\n"
    assert capsys.readouterr().err == told
