"""Rendering series once into the bytes that every scrape is served."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from operator import is_

from prometheus_client import PlatformCollector, ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector

from catalogue.metrics import MetricSpec
from catalogue.text import Locale
from exporter import lines
from exporter.bodies import Body, Piece
from exporter.samples import AgeOf, Series

TEXT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
_EOF = b"# EOF\n"
_END = Piece(_EOF)
_SERIES_A_PIECE = 512

Parts = Mapping[str, Sequence[Series]]
"""What is shown, by who says so; a part that did not change is the same object as before."""


@dataclass(frozen=True)
class Rendering:
    """What scrapes are served until the next one replaces it."""

    text: Body
    openmetrics: Body


@dataclass(frozen=True)
class _Fragment:
    """Some series of one family, and their lines: the same in both formats."""

    series: tuple[Series, ...]
    templates: tuple[str, ...]
    ages: bool
    piece: Piece


@dataclass(frozen=True)
class _Part:
    """A part's series, and its fragments by family."""

    series: Sequence[Series]
    families: Mapping[str, tuple[_Fragment, ...]]
    ages: bool


class Exposition:
    """Holds the current rendering; reading it takes no lock.

    ``own`` are the client library's collectors that are shown too: by default those of the
    process.
    """

    def __init__(self, now: Callable[[], float], own: Iterable[Collector] | None = None) -> None:
        self._now = now
        process = (ProcessCollector(registry=None), PlatformCollector(registry=None))
        self._own = process if own is None else tuple(own)
        self._parts: dict[str, _Part] = {}
        self._headers: dict[tuple[MetricSpec, Locale], tuple[Piece, Piece]] = {}
        self._lock = threading.Lock()
        self._turns = count()
        self._begun = -1
        self.current = Rendering(Body(TEXT_TYPE, ()), Body(OPENMETRICS_TYPE, (_END,)))

    def render(self, parts: Callable[[], Parts], locale: Locale) -> Rendering:
        """Make what ``parts()`` returns current; those who ask at the same time share one turn."""
        asked = next(self._turns)
        with self._lock:
            if self._begun > asked:
                # What began after we asked has seen what we saw.
                return self.current
            self._begun = next(self._turns)
            # Asked for under the lock, so that an older answer never replaces a newer one.
            self.current = self._render(parts(), locale)
            return self.current

    def _render(self, parts: Parts, locale: Locale) -> Rendering:
        now = self._now()
        self._parts = {
            name: _part(self._parts.get(name), series, now) for name, series in parts.items()
        }
        families: dict[str, list[_Fragment]] = {}
        for part in self._parts.values():
            for name, fragments in part.families.items():
                families.setdefault(name, []).extend(fragments)
        headers: dict[tuple[MetricSpec, Locale], tuple[Piece, Piece]] = {}
        text: list[Piece] = []
        openmetrics: list[Piece] = []
        for name in sorted(families):
            key = (families[name][0].series[0].spec, locale)
            headers[key] = self._headers.get(key) or _header(*key)
            samples = [fragment.piece for fragment in families[name]]
            text += (headers[key][0], *samples)
            openmetrics += (headers[key][1], *samples)
        self._headers = headers
        own = _Given([metric for collector in self._own for metric in collector.collect()])
        return Rendering(
            Body(TEXT_TYPE, (*text, Piece(generate_latest(own)))),
            Body(OPENMETRICS_TYPE, (*openmetrics, Piece(_openmetrics(own)), _END)),
        )


def _part(known: _Part | None, series: Sequence[Series], now: float) -> _Part:
    if known is not None and known.series is series:
        return _aged(known, now) if known.ages else known
    groups: dict[str, list[Series]] = {}
    for one in series:
        groups.setdefault(one.spec.name, []).append(one)
    before = known.families if known else {}
    families = {name: _family(before.get(name, ()), found, now) for name, found in groups.items()}
    ages = any(fragment.ages for found in families.values() for fragment in found)
    return _Part(series, families, ages)


def _aged(part: _Part, now: float) -> _Part:
    families = {
        name: tuple(_fragment(fragment, fragment.series, now) for fragment in fragments)
        for name, fragments in part.families.items()
    }
    return replace(part, families=families)


def _family(
    known: Sequence[_Fragment], group: Sequence[Series], now: float
) -> tuple[_Fragment, ...]:
    starts = range(0, len(group), _SERIES_A_PIECE)
    return tuple(
        _fragment(
            known[number] if number < len(known) else None,
            tuple(group[start : start + _SERIES_A_PIECE]),
            now,
        )
        for number, start in enumerate(starts)
    )


def _fragment(known: _Fragment | None, series: tuple[Series, ...], now: float) -> _Fragment:
    if known is None:
        templates = tuple(map(lines.template, series))
    elif known.series is series or (
        len(known.series) == len(series) and all(map(is_, known.series, series))
    ):
        if not known.ages:
            return known
        templates = known.templates
    else:
        templates = tuple(_templates(known, series))
    plain = lines.filled(templates, series, now)
    ages = any(isinstance(one.value, AgeOf) for one in series)
    if known is not None and known.piece.plain == plain:
        # Compressed already, perhaps.
        return _Fragment(series, templates, ages, known.piece)
    return _Fragment(series, templates, ages, Piece(plain))


def _templates(known: _Fragment, series: Sequence[Series]) -> Iterable[str]:
    for before, text, one in zip(known.series, known.templates, series, strict=False):
        yield text if before is one or lines.fits(before, one) else lines.template(one)
    yield from map(lines.template, series[len(known.series) :])


def _header(spec: MetricSpec, locale: Locale) -> tuple[Piece, Piece]:
    text, openmetrics = lines.header(spec, locale)
    return Piece(text), Piece(openmetrics)


@dataclass(frozen=True)
class _Given:
    """A registry of families that are there already."""

    metrics: Sequence[Metric]

    def collect(self) -> Sequence[Metric]:
        return self.metrics


def _openmetrics(given: _Given) -> bytes:
    rendered: bytes = generate_openmetrics(given)  # type: ignore[no-untyped-call]
    return rendered.removesuffix(_EOF)
