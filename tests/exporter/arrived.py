"""What really reached the embedded AWS, over several runs."""

from __future__ import annotations

from collections import Counter

from simulator.aws.server import EmbeddedAws


def arrived(aws: EmbeddedAws) -> Counter[tuple[str, str]]:
    """Return how many requests of each operation arrived, refused ones included."""
    return Counter((seen.service, seen.operation) for seen in aws.front.seen)
