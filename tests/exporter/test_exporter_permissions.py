"""The judge of permissions: what the whole run used against what collectors declare."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

from exporter.collector import Collector, Priority
from simulator.aws.server import EmbeddedAws
from tests.exporter.permissions import NOTES, Notes, Running, joined, wrong
from tests.exporter.support import ROOT, Bench, create_function


def collector(name: str, *actions: str) -> Collector:
    """Return a collector that declares actions and does nothing."""
    return Collector(
        name=name,
        specs=(),
        iam=actions,
        every=lambda _: 1.0,
        offset=lambda _: 0.0,
        deadline=lambda _: 1.0,
        collect=lambda _: pytest.fail("it is not run"),
        uses=lambda _: (),
        priority=Priority.DETAIL,
    )


def test_the_judge_names_what_is_wrong(tmp_path: Path) -> None:
    """Undeclared, misattributed and unused actions are told apart, from all workers' notes."""
    collectors = {"a": collector("a", "lambda:GetAlias"), "b": collector("b", "ce:GetCostForecast")}
    first, second = Notes(), Notes()
    first.note("a", "lambda", "GetAlias")
    first.note(None, "sts", "AssumeRole")
    second.note(None, "s3", "HeadBucket")
    second.note("b", "lambda", "GetAlias")
    for number, notes in enumerate((first, second)):
        notes.write(tmp_path / f"{number}.json")
    notes = joined(sorted(tmp_path.glob("*.json")))
    here = "tests/exporter/test_exporter_permissions.py::test_the_judge_names_what_is_wrong"
    undeclared = f"s3:ListBucket is used (in {here}), and no collector declares it"
    stray = "lambda:GetAlias is used by the collector 'b', which does not declare it"
    unused = "ce:GetCostForecast is declared (by b), and nothing ever used it"
    assert list(wrong(notes, collectors, complete=False)) == [undeclared, stray]
    assert list(wrong(notes, collectors, complete=True)) == [undeclared, stray, unused]


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["one process", "two workers"])
@pytest.mark.parametrize("operation", ["GetAlias", "DeleteFunction"])
def test_an_undeclared_call_fails_the_run(
    tmp_path: Path, operation: str, workers: Iterable[str]
) -> None:
    """A run whose tests all pass ends with 1 if one of them called what nobody declares."""
    (tmp_path / "conftest.py").write_text(
        "from tests.exporter.permissions import Judge\n\n\n"
        "def pytest_configure(config):\n    config.pluginmanager.register(Judge(config))\n",
        encoding="utf-8",
    )
    (tmp_path / "test_calls.py").write_text(
        "from tests.exporter.permissions import NOTES\n\n\n"
        f"def test_a():\n    NOTES.note(None, 'lambda', '{operation}')\n\n\n"
        "def test_b():\n    pass\n",
        encoding="utf-8",
    )
    run = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *workers),
            *("--rootdir", tmp_path, "-c", "/dev/null", tmp_path),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "2 passed" in run.stdout, run.stdout + run.stderr
    fails = operation == "DeleteFunction"
    assert run.returncode == int(fails), run.stdout + run.stderr
    told = "lambda:DeleteFunction is used (in test_calls.py::test_a), and no collector declares it"
    assert (told in run.stdout) == fails


def test_calls_are_put_down_to_who_makes_them(bench: Bench, aws: EmbeddedAws) -> None:
    """A collector's calls are noted, also those of its threads; a test's own calls are nobody's."""
    before = dict(NOTES.used)
    bench.aws.client("sns").list_topics()
    assert dict(NOTES.used) == before
    create_function(aws, "lambda_router")
    many = tuple(
        bench.inventory.functions[0].model_copy(update={"name": f"f{number}"})
        for number in range(20)
    )
    bench.inventory = bench.inventory.model_copy(update={"functions": many})
    NOTES.used.pop("lambda:GetAlias", None)
    bench.reading("lambda")
    assert "lambda:GetAlias" in NOTES.used
    running = Running()
    asked: list[str | None] = []
    with running.of("a"):
        thread = threading.Thread(target=lambda: asked.append(running.asking()))
        thread.start()
        thread.join()
        with running.of("b"):
            asked.append(running.asking())
            thread = threading.Thread(target=lambda: asked.append(running.asking()))
            thread.start()
            thread.join()
        assert running.anybody()
    assert asked == [None, "b", None]
    assert (running.asking(), running.anybody()) == (None, False)
