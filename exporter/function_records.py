"""What is durable of Lambda functions, and how it is written down. Pure.

What is read every period and what is read now and then are kept apart: a cycle then writes only
the former. Functions that were read together share their times, and most share a state without a
single error or throttle, in memory as on disk.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from exporter.aliases import AliasLog
from exporter.folding import Folded, FoldState, Span

_ANSWERABLE = frozenset({"invocations", "errors"})
_DURATIONS = ("duration_sum", "duration_count")


@dataclass(frozen=True)
class Version:
    """What one version of an alias is answerable for, and when it was last seen serving."""

    invocations: float = 0.0
    errors: float = 0.0
    last_served: float = 0.0


class Traffic(NamedTuple):
    """A function's counts; ``newest`` is the start of its newest period with invocations."""

    invocations: FoldState
    errors: FoldState
    throttles: FoldState
    newest: int | None = None
    versions: Mapping[str, Version] | None = None


class Timing(NamedTuple):
    """A function's durations; ``quantiles`` are seconds, of the newest period that was read."""

    duration: FoldState
    quantiles: tuple[float, ...] = ()


def attribute(
    versions: Mapping[str, Version], folded: Folded, log: AliasLog, keep_since: float
) -> dict[str, Version]:
    """Add what was folded to the versions that alone served it, and forget long gone ones."""
    result = dict(versions)
    for segment in log.segments:
        for version in segment.served:
            known = result.get(version, Version())
            result[version] = replace(known, last_served=max(known.last_served, segment.last))
    for statistic in _ANSWERABLE & folded.added.keys():
        for at, value in folded.added[statistic].items():
            sole = log.sole_version(at, at + folded.state.period)
            if sole is not None:
                known = result[sole]
                result[sole] = replace(known, **{statistic: getattr(known, statistic) + value})
    return {name: known for name, known in result.items() if known.last_served >= keep_since}


def write_traffic(records: Mapping[str, Traffic]) -> dict[str, Any]:
    """Return the document of these functions' counts."""
    spans = _Spans()
    written = spans.written
    functions = {
        name: (
            written(invocations),
            written(errors),
            written(throttles),
            newest,
            _written_versions(versions),
        )
        for name, (invocations, errors, throttles, newest, versions) in records.items()
    }
    return {"spans": list(spans.known), "functions": functions}


def read_traffic(document: Mapping[str, Any]) -> dict[str, Traffic]:
    """Return what :func:`write_traffic` wrote."""
    read = _Read(document["spans"])
    return {
        name: Traffic(
            read.state(invocations),
            read.state(errors),
            read.state(throttles),
            newest,
            {version: Version(*values) for version, values in versions.items()} or None,
        )
        for name, (invocations, errors, throttles, newest, versions) in document[
            "functions"
        ].items()
    }


def write_timing(records: Mapping[str, Timing]) -> dict[str, Any]:
    """Return the document of these functions' durations."""
    spans = _Spans()
    functions = {
        name: (spans.written(record.duration), [_finite(value) for value in record.quantiles])
        for name, record in records.items()
    }
    return {"spans": list(spans.known), "functions": functions}


def read_timing(document: Mapping[str, Any]) -> dict[str, Timing]:
    """Return what :func:`write_timing` wrote."""
    read = _Read(document["spans"])
    return {
        name: Timing(
            read.state(duration),
            tuple(math.nan if value is None else value for value in quantiles),
        )
        for name, (duration, quantiles) in document["functions"].items()
    }


def from_earlier(document: Mapping[str, Any], quantiles: Sequence[float]) -> tuple[Traffic, Timing]:
    """Return what an earlier program kept of one function, all of it in one state."""
    whole = FoldState.from_json(document["fold"])

    def part(*names: str) -> FoldState:
        return whole._replace(
            sums={name: whole.sums[name] for name in names if name in whole.sums},
            revised_down=whole.revised_down if "invocations" in names else 0,
        )

    known = dict(document["quantiles"])
    traffic = Traffic(
        part("invocations"),
        part("errors"),
        part("throttles"),
        document["newest"],
        {version: Version(*values) for version, values in document["versions"].items()} or None,
    )
    return traffic, Timing(
        part(*_DURATIONS), tuple(known.get(quantile, math.nan) for quantile in quantiles)
    )


def _written_versions(versions: Mapping[str, Version] | None) -> dict[str, tuple[float, ...]]:
    if not versions:
        return {}
    return {
        version: (known.invocations, known.errors, known.last_served)
        for version, known in versions.items()
    }


def _finite(value: float) -> float | None:
    return None if math.isnan(value) else value


class _Spans:
    """The spans of a document, each written once; a state that holds nothing is its span alone."""

    def __init__(self) -> None:
        self.known: dict[Span, int] = {}

    def written(self, state: FoldState) -> Any:
        span = (state.period, state.since, state.floor, state.watermark)
        number = self.known.get(span)
        if number is None:
            number = self.known[span] = len(self.known)
        return (number, *state.body()) if state.sums or state.revised_down else number


class _Read:
    """The states of a document; those that hold nothing are one object for each span."""

    def __init__(self, spans: Sequence[Sequence[int]]) -> None:
        self._spans: list[Span] = [(p, since, floor, mark) for p, since, floor, mark in spans]
        self._empty = [FoldState(*span) for span in self._spans]

    def state(self, written: Any) -> FoldState:
        if isinstance(written, int):
            return self._empty[written]
        number, sums, revised_down = written
        return FoldState.restored(self._spans[number], sums, revised_down)
