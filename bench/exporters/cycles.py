"""One exporter on one fake AWS: from its start to what its cycles cost."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.exporters.peer import Peer, Running, Timing
from bench.exporters.scrape import Latency, ScrapeError, Scraper, load
from bench.exporters.totals import Checked, check
from bench.exporters.usage import Memory, cpu_seconds, memory
from bench.fake_cloudwatch import FakeCloudWatch, Setup
from simulator.processes import StartError

CYCLES_A_MONTH = 730 * 60
_FULL_PATIENCE = 150.0
_GLANCE = 0.1
_QUIET = 0.15
_PAUSES = 3
_SCRAPE_SECONDS = 3.0
_MOST_SCRAPES = 80
CROWD = 50


class BenchError(Exception):
    """An exporter that could not be measured; its text says why."""


@dataclass(frozen=True)
class Stage:
    """An exporter at work on a fake AWS of its own."""

    peer: Peer
    fake: FakeCloudWatch
    running: Running
    scraper: Scraper
    timing: Timing
    started: float
    """Seconds from the start of the process to the first exposition with every function."""

    @property
    def pid(self) -> int:
        """The exporter's process id."""
        return self.running.child.pid


@dataclass(frozen=True)
class Cost:
    """What a cycle costs, averaged over ``cycles``; ``report`` is the fake's for all of them."""

    cycles: int
    cpu: float
    memory: Memory
    report: Mapping[str, Any]
    fake_cpu: float

    @property
    def calls(self) -> float:
        """Requests of a cycle, discovery included."""
        return float(self.report["calls"]) / self.cycles

    @property
    def billed(self) -> float:
        """Metrics that a cycle is billed for."""
        return float(self.report["billed_metrics"]) / self.cycles

    @property
    def monthly_usd(self) -> float:
        """Dollars a month at a cycle a minute."""
        return float(self.report["usd"]) / self.cycles * CYCLES_A_MONTH


@contextmanager
def stage(peer: Peer, functions: int, timing: Timing, profile: str = "some") -> Iterator[Stage]:
    """Start a fake AWS and the exporter, and wait until every function is shown.

    Raises:
        BenchError: if that does not happen.
    """
    # A period shows one period after its end: sooner than anybody asks for it.
    setup = Setup(functions, 1, timing.period, timing.period, profile)
    with FakeCloudWatch(setup) as fake, TemporaryDirectory(prefix="vigia-bench-") as directory:
        begun = time.monotonic()
        running = peer.start(fake, timing, Path(directory))
        scraper = Scraper(running.url)
        try:
            _await_full(running, scraper, functions, begun)
            seconds = time.monotonic() - begun
            yield Stage(peer, fake, running, scraper, timing, seconds)
        finally:
            scraper.close()
            running.child.stop()


def _await_full(running: Running, scraper: Scraper, functions: int, begun: float) -> None:
    shown = 0
    while shown < functions:
        time.sleep(_GLANCE)
        try:
            running.child.is_ready()
            shown = running.functions(scraper.text())
        except StartError as error:
            raise BenchError(str(error)) from error
        except ScrapeError:
            continue
        if time.monotonic() - begun > _FULL_PATIENCE:
            raise BenchError(f"after {_FULL_PATIENCE:.0f} s it showed {shown} of {functions}")


def cost(on: Stage, cycles: int) -> Cost:
    """Let the exporter go through cycles by itself, unscraped, and return what one costs.

    Before that it goes through as many as the peer needs until every cycle is like the others.
    """
    await_quiet(on, on.peer.warm_up * on.timing.period)
    on.fake.change(reset=True)
    cpu, fake_cpu = cpu_seconds(on.pid), cpu_seconds(on.fake.pid)
    time.sleep(cycles * on.timing.period)
    used, fake_used = cpu_seconds(on.pid) - cpu, cpu_seconds(on.fake.pid) - fake_cpu
    return Cost(cycles, used / cycles, memory(on.pid), on.fake.report(), fake_used / cycles)


def cost_by_scrapes(on: Stage, cycles: int) -> tuple[Cost, Latency]:
    """Scrape an exporter that collects when it is scraped; a scrape is a cycle."""
    on.scraper.packed()
    on.fake.change(reset=True)
    cpu, fake_cpu = cpu_seconds(on.pid), cpu_seconds(on.fake.pid)
    taken = []
    for _ in range(cycles):
        begun = time.perf_counter()
        on.scraper.packed()
        taken.append(time.perf_counter() - begun)
    used, fake_used = cpu_seconds(on.pid) - cpu, cpu_seconds(on.fake.pid) - fake_cpu
    found = Cost(cycles, used / cycles, memory(on.pid), on.fake.report(), fake_used / cycles)
    return found, Latency.of(1, taken)


def latencies(on: Stage) -> tuple[Latency, Latency]:
    """Scrape alone, then in a crowd, while the exporter goes on collecting."""
    alone = load(on.running.url, 1, _SCRAPE_SECONDS, _MOST_SCRAPES)
    return alone, load(on.running.url, CROWD, _SCRAPE_SECONDS, _MOST_SCRAPES)


def await_quiet(on: Stage, first: float = 0.0) -> bool:
    """After ``first`` seconds, wait for the pause after a cycle; say whether there was one."""
    time.sleep(first)
    end = time.monotonic() + 2 * on.timing.period
    calls, since = -1, time.monotonic()
    while time.monotonic() < end:
        now = on.fake.report()["calls"]
        if now != calls:
            calls, since = now, time.monotonic()
        elif time.monotonic() - since > _QUIET * on.timing.period:
            return True
        time.sleep(_GLANCE)
    return False


def verified(on: Stage, slow_every: float) -> list[Checked]:
    """Check the counters in a pause between two cycles: then what was served is also shown.

    ``slow_every`` is how often (seconds) the exporter reads what it reads now and then.

    Raises:
        BenchError: if there never is a pause.
    """
    for _ in range(_PAUSES):
        if await_quiet(on):
            served = on.fake.served()
            exposition = on.scraper.text()
            if on.fake.served() == served:
                return check(on.fake.setup.world(), exposition, served, slow_every)
    raise BenchError("its cycles overlap: counters cannot be checked")
