"""The golden list of metrics: ``python -m tests.golden.write`` after a change that is meant."""

from __future__ import annotations

from pathlib import Path

import remediations.telemetry
from exporter import telemetry
from exporter.app import find_collectors
from exporter.reference import lines

METRICS = Path(__file__).parent / "metrics.txt"


def metrics() -> str:
    """Return name, type and labels of every metric of both processes, a line each."""
    observed = [spec for collector in find_collectors().values() for spec in collector.specs]
    return "\n".join(lines([*observed, *telemetry.SPECS, *remediations.telemetry.SPECS])) + "\n"


if __name__ == "__main__":
    METRICS.write_text(metrics(), encoding="utf-8")
