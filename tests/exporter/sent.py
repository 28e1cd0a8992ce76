"""What really reached the embedded AWS."""

from __future__ import annotations

from collections import Counter

from exporter.collector import Use
from simulator.aws.server import EmbeddedAws


def sent(aws: EmbeddedAws) -> Counter[tuple[str, str]]:
    """Return how many requests of each operation arrived, refused ones included."""
    return Counter((seen.service, seen.operation) for seen in aws.front.seen)


def declared(uses: tuple[Use, ...], runs: float = 1) -> dict[tuple[str, str], float]:
    """Return how many calls of each operation so many runs are said to send."""
    return {(use.service, use.operation): use.calls * runs for use in uses}
