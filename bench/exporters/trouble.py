"""How soon an error shows, and what is shown when AWS is gone."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from bench.exporters.cycles import Stage
from bench.exporters.scrape import ScrapeError

_FUNCTION = 7  # one that otherwise never fails
_BURST = 5
_GLANCE = 0.1
_PERIODS_AHEAD = 2
_PERIODS_OF_PATIENCE = 10
_GONE_SECONDS = 20.0
_COUNTER = re.compile(r"^(\w*(?:error|fail)\w*(?:\{[^}]*\})?) (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Gone:
    """What an exporter says after AWS refused connections for ``seconds``."""

    seconds: float
    functions: int
    metrics_status: int
    health: int
    counters: tuple[str, ...]
    """Names of error counters that rose."""


def detection(on: Stage) -> float | None:
    """Let one function fail in one period; return seconds from that period's end to /metrics.

    The seconds are production's: what was measured times the compression. None if it never showed.
    """
    period, world = on.timing.period, on.fake.setup.world()
    start = int(time.time() // period + _PERIODS_AHEAD) * period
    on.fake.change(errors={"function": _FUNCTION, "start": start, "count": _BURST})
    name = world.names[_FUNCTION]
    shown = re.compile(
        rf'^{on.running.errors}\{{[^}}]*{on.running.label}="{name}"[^}}]*\}} (\S+)$', re.MULTILINE
    )
    deadline = start + (1 + _PERIODS_OF_PATIENCE) * period
    while time.time() < deadline:
        found = shown.search(on.scraper.text())
        if found is not None and float(found.group(1)) >= _BURST:
            return (time.time() - start - period) * on.timing.factor
        time.sleep(_GLANCE)
    return None


def gone(on: Stage) -> Gone:
    """Let AWS refuse connections, and return what is shown after a while."""
    before = _counters(on.scraper.text())
    on.fake.change(listen=False)
    time.sleep(_GONE_SECONDS)
    try:
        text, status = on.scraper.text(), 200
    except ScrapeError:
        text, status = "", 0
    after = _counters(text)
    rose = {
        name.partition("{")[0] for name, value in after.items() if value > before.get(name, 0.0)
    }
    return Gone(
        _GONE_SECONDS,
        on.running.functions(text),
        status,
        on.scraper.status(on.running.health),
        tuple(sorted(rose)),
    )


def _counters(text: str) -> dict[str, float]:
    return {name: float(value) for name, value in _COUNTER.findall(text)}
