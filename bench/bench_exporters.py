"""Vigia's exporter beside its peers: what AWS is asked and bills, CPU, memory, scrapes, trouble.

All read the same metrics of the same functions from the same kind of fake AWS, one after the other:
Invocations, Errors and Throttles (Sum), Duration (Sum, SampleCount, p50, p90, p99), by periods of a
minute, every minute, two minutes after a period's end. The minute is compressed: every duration of
every exporter is divided by one factor, so that a cycle holds what it holds in production.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bench.exporters import goals
from bench.exporters.cloudwatch_exporter import CloudwatchExporter
from bench.exporters.cycles import (
    CROWD,
    BenchError,
    Cost,
    Stage,
    cost,
    cost_by_scrapes,
    latencies,
    stage,
    verified,
)
from bench.exporters.ours import Ours, slow_every
from bench.exporters.peer import AbsentError, Peer, Timing
from bench.exporters.scrape import Latency, ScrapeError
from bench.exporters.trouble import detection, gone
from bench.exporters.usage import EndedError
from bench.exporters.yace import Yace
from bench.measure import Result

# Functions, and how much shorter a minute is: a cycle must still fit into it.
SIZES = ((50, 12.0), (1_000, 12.0), (5_000, 6.0))
_TROUBLE_AT = 1_000
# As many as one of the exporter's slowest reads needs to come round.
_CYCLES = 5
_PEERS: tuple[Callable[[], Peer], ...] = (Ours, Yace, CloudwatchExporter)
_COLUMNS = [
    "exporter",
    "functions",
    "calls",
    "billed",
    "$/month",
    "CPU s",
    "RSS MB",
    "peak MB",
    "first s",
    "metrics ms",
    "p99 ms",
    f"{CROWD}x ms",
    f"{CROWD}x p99",
    "KB",
]
_MB = 1e6


class _Bench:
    """The rows and notes of one run."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.notes: list[str] = []

    def run(self) -> None:
        self.notes.append(f"load of the machine before: {os.getloadavg()[0]:.1f}")
        peers = list(self._present())
        for functions, factor in SIZES:
            for peer in peers:
                with self._excused(f"{peer.name} at {functions:,}"):
                    self._measure(peer, functions, Timing(factor))
        functions, factor = SIZES[-1]
        with self._excused("vigia without errors"):
            self._measure_quiet(functions, Timing(factor))
        self._judge()

    def _present(self) -> Iterator[Peer]:
        for create in _PEERS:
            try:
                yield create()
            except AbsentError as error:
                self.notes.append(f"absent: {create.__name__}: {error}")

    @contextmanager
    def _excused(self, what: str) -> Iterator[None]:
        begun = time.monotonic()
        try:
            yield
        except (BenchError, EndedError, ScrapeError) as error:
            self.notes.append(f"not measured: {what}: {error}")
        sys.stderr.write(f"bench: {what}: {time.monotonic() - begun:.0f} s\n")

    def _measure(self, peer: Peer, functions: int, timing: Timing) -> None:
        with stage(peer, functions, timing) as on:
            if peer.decoupled:
                found = cost(on, _CYCLES)
                if isinstance(peer, Ours):
                    self._check(on)
                alone, crowd = latencies(on)
            else:
                # A crowd would make it collect once for each: no one scrapes it so.
                (found, alone), crowd = cost_by_scrapes(on, _CYCLES), None
            self.rows.append(_row(on, found, alone, crowd))
            if functions == _TROUBLE_AT:
                self._trouble(on)

    def _measure_quiet(self, functions: int, timing: Timing) -> None:
        with stage(Ours(), functions, timing, "none") as on:
            found = cost(on, _CYCLES)
            self._check(on)
            row = _row(on, found, None, None)
            self.rows.append(row | {"exporter": f"{row['exporter']}, no errors"})

    def _check(self, on: Stage) -> None:
        where = f"counters: {on.fake.setup.functions:,} functions, profile {on.fake.setup.profile}"
        try:
            checked = verified(on, slow_every(on.timing))
        except BenchError as error:
            self.notes.append(f"{where}: not checked: {error}")
            return
        problems = [f"{one.counter}: {one.problem}" for one in checked if one.problem]
        self.notes += [f"{where}: WRONG: {problem}" for problem in problems]
        if not problems:
            periods = max(one.periods for one in checked)
            self.notes.append(f"{where}: all {len(checked)} exact over {periods} periods")

    def _trouble(self, on: Stage) -> None:
        name, functions = on.peer.name, on.fake.setup.functions
        seconds = detection(on)
        said = "never shown" if seconds is None else f"shown {seconds:.0f} s after its period's end"
        self.notes.append(f"an error: {name}: {said} (production's seconds)")
        found = gone(on)
        rose = ", ".join(found.counters) or "none"
        self.notes.append(
            f"AWS gone for {found.seconds:.0f} s: {name}: /metrics {found.metrics_status} with"
            f" {found.functions:,} of {functions:,} functions, health {found.health},"
            f" error counters that rose: {rose}"
        )

    def _judge(self) -> None:
        functions = SIZES[-1][0]
        at = {
            (row["name"], row["profile"]): row for row in self.rows if row["functions"] == functions
        }
        ours, peer = at.get((Ours.name, "some")), at.get((Yace.name, "some"))
        if ours is None or peer is None:
            self.notes.append("goals: not judged, for want of a peer or of ours")
            return
        where = f"goal at {functions:,}"
        self.notes += [f"{where}: {goals.judged(goal, ours, peer)}" for goal in goals.GOALS]
        # What is asked for does not depend on errors with the peer: its row stands for both.
        if (quiet := at.get((Ours.name, "none"))) is not None:
            line = goals.judged(goals.DOLLARS, quiet, peer)
            self.notes.append(f"{where}, nothing failing: {line}")


def run() -> Result:
    """Measure every exporter that can be had, at every size."""
    bench = _Bench()
    bench.run()
    return Result(
        "Exporters side by side: a cycle (calls, billed metrics, CPU), memory, scrapes with gzip",
        _COLUMNS,
        [{**dict.fromkeys(_COLUMNS, "-"), **row} for row in bench.rows],
        bench.notes,
    )


def _row(on: Stage, found: Cost, alone: Latency | None, crowd: Latency | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "exporter": f"{on.peer.name} {on.peer.version}",
        "name": on.peer.name,
        "functions": on.fake.setup.functions,
        "profile": on.fake.setup.profile,
        "period": on.timing.period,
        "calls": found.calls,
        "billed": found.billed,
        "$/month": found.monthly_usd,
        "CPU s": found.cpu,
        "RSS MB": found.memory.resident / _MB,
        "peak MB": found.memory.peak / _MB,
        "first s": on.started,
        "KB": len(on.scraper.packed()) / 1000,
        "report": dict(found.report),
        "fake CPU s": found.fake_cpu,
    }
    if alone is not None:
        row |= {"metrics ms": alone.median * 1000, "p99 ms": alone.p99 * 1000}
    if crowd is not None:
        row |= {f"{CROWD}x ms": crowd.median * 1000, f"{CROWD}x p99": crowd.p99 * 1000}
    return row
