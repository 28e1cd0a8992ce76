"""What may go wrong at the fake, switched on and off while it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.fake.wire import Result
from bench.fake.world import NOTHING

KINDS = ("throttle", "server_error", "hang", "internal_error", "partial_data")
"""Refused with Throttling; HTTP 500; never answered; results that failed; results cut for good."""


@dataclass
class Fault:
    """One fault: it meets every ``each``-th request of ``operation`` (``*``: of any).

    For ``internal_error`` and ``partial_data`` it is every ``each``-th result of GetMetricData.
    """

    kind: str
    operation: str = "*"
    each: int = 1
    met: int = 0

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Fault:
        """Read a fault.

        Raises:
            ValueError: for an unknown kind or a share that is none.
        """
        fault = cls(**content)
        if fault.kind not in KINDS or fault.each < 1:
            raise ValueError(f"no fault {dict(content)}; there are {', '.join(KINDS)}")
        return fault

    def strikes(self, operation: str) -> bool:
        """Say whether this request is one that it meets."""
        if self.operation not in ("*", operation) or self.kind in (
            "internal_error",
            "partial_data",
        ):
            return False
        return self._next()

    def spoil(self, results: Sequence[Result]) -> Sequence[Result]:
        """Return a page's results with the fault in them."""
        if self.kind not in ("internal_error", "partial_data"):
            return results
        return [self._spoiled(result) if self._next() else result for result in results]

    def _spoiled(self, result: Result) -> Result:
        if self.kind == "internal_error":
            return result._replace(status="InternalError", points=NOTHING)
        kept = len(result.points.times) // 2
        times, values, _ = result.points
        points = type(result.points)(times[:kept], values[:kept], None)
        return result._replace(status="PartialData", points=points)

    def _next(self) -> bool:
        self.met += 1
        return self.met % self.each == 0
