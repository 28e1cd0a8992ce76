"""What a Lambda alias served when, as polls saw it. Pure: no clock, no I/O.

A version is held responsible for a period only if polls before and after it, and all between,
saw the alias untouched and serving that version alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

Served = Mapping[str, float]
"""Share of the traffic by version; empty where the alias does not exist."""


@dataclass(frozen=True)
class Segment:
    """Successive polls that saw the same. ``first`` and ``last`` are unix seconds."""

    first: float
    last: float
    served: dict[str, float]
    revision: str


@dataclass(frozen=True)
class AliasLog:
    """The segments in order of time, and when a change of version or weight was first seen."""

    segments: tuple[Segment, ...] = ()
    changed_at: float | None = None

    @property
    def served(self) -> Served:
        """What the newest poll saw."""
        return self.segments[-1].served if self.segments else {}

    def to_json(self) -> dict[str, Any]:
        """Return the log as plain data."""
        return {
            "segments": [asdict(segment) for segment in self.segments],
            "changed_at": self.changed_at,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> AliasLog:
        """Return the log that :meth:`to_json` wrote."""
        segments = tuple(Segment(**segment) for segment in document["segments"])
        return cls(segments, document["changed_at"])

    def sole_version(self, start: float, end: float) -> str | None:
        """Return the one version served during all of ``[start, end)``, if that is known."""
        for segment in self.segments:
            if segment.first <= start and end <= segment.last and len(segment.served) == 1:
                return next(iter(segment.served))
        return None


def served_by(main: str, weights: Served) -> dict[str, float]:
    """Return the share of traffic of each version that gets any."""
    shares = {main: 1.0 - sum(weights.values()), **weights}
    return {version: round(share, 6) for version, share in shares.items() if share > 0}


def observe(
    log: AliasLog, served: Served, revision: str, asked: float, answered: float
) -> AliasLog:
    """Return the log after a poll between ``asked`` and ``answered`` (unix seconds).

    The alias was in the seen state at some moment between the two, hence a segment begins no
    earlier than ``answered`` and ends no later than ``asked``.
    """
    if log.segments:
        newest = log.segments[-1]
        if newest.served == served and newest.revision == revision:
            extended = replace(newest, last=max(newest.last, asked))
            return replace(log, segments=(*log.segments[:-1], extended))
    before = next((s.served for s in reversed(log.segments) if s.served), None)
    changed = bool(served) and before is not None and before != served
    return AliasLog(
        (*log.segments, Segment(answered, asked, dict(served), revision)),
        answered if changed else log.changed_at,
    )


def forget(log: AliasLog, before: float) -> AliasLog:
    """Return the log without segments that no period from ``before`` on can need."""
    last_served = next((s for s in reversed(log.segments) if s.served), None)
    newest = log.segments[-1:]
    kept = tuple(
        segment
        for segment in log.segments
        if segment.last >= before or segment is last_served or segment in newest
    )
    return replace(log, segments=kept)
