"""What the protocols of CloudWatch's clients have in common: results, errors, kept encodings.

Encoding is kept from call to call where values are equal, so that the fake is never what a
benchmark waits for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from bench.fake.world import Points

_MOST_KEPT = 200_000


class BadRequestError(Exception):
    """A request that the service would refuse, with the service's own error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Result(NamedTuple):
    """One query's answer in one page."""

    identity: str
    label: str
    points: Points
    status: str = "Complete"


class Wire(Protocol):
    """How one protocol reads requests and writes answers."""

    name: str
    content_type: str

    def read(self, body: bytes) -> dict[str, Any]:
        """Return the request's parameters as plain data; timestamps are unix seconds."""
        ...

    def metric_data(self, results: Sequence[Result], token: str | None) -> bytes:
        """Return the body of a page of GetMetricData."""
        ...

    def document(self, operation: str, content: Mapping[str, Any], /) -> bytes:
        """Return the body of any other answer."""
        ...

    def error(self, code: str, message: str) -> bytes:
        """Return the body of an error."""
        ...


class Kept:
    """Encoded sequences by what promises that they are equal."""

    def __init__(self, encode: Callable[[Sequence[float]], bytes]) -> None:
        self._encode = encode
        self._values: dict[tuple[str, int, int], bytes] = {}
        self._times: dict[range, bytes] = {}

    def values(self, points: Points) -> bytes:
        """Return the values, encoded."""
        if points.key is None:
            return self._encode(points.values)
        found = self._values.get(points.key)
        if found is None:
            if len(self._values) > _MOST_KEPT:
                self._values.clear()
            found = self._values[points.key] = self._encode(points.values)
        return found

    def times(self, points: Points, encode: Callable[[range], bytes]) -> bytes:
        """Return the timestamps, encoded."""
        found = self._times.get(points.times)
        if found is None:
            if len(self._times) > _MOST_KEPT:
                self._times.clear()
            found = self._times[points.times] = encode(points.times)
        return found
