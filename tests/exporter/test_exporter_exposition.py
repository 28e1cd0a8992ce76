"""Rendering: both formats, promtool's opinion, caching."""

from __future__ import annotations

import gzip
import math
import re
import subprocess
import threading
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Locale, Text
from exporter.app import find_collectors
from exporter.bodies import Piece
from exporter.exposition import Exposition, Parts, Rendering
from exporter.samples import AgeOf, HistogramValue, Series, SummaryValue, Value
from exporter.telemetry import SPECS as TELEMETRY
from tests.conftest import wait_for
from tests.exporter import reference

LOCALES: tuple[Locale, ...] = ("pt-BR", "en")
COUNTER = MetricSpec("dataplatform_x_total", Kind.COUNTER, ("a",), Text("conta", "counts"))
SUMMARY = MetricSpec("dataplatform_s", Kind.SUMMARY, (), Text("s", "s"), quantiles=(0.5,))
HISTOGRAM = MetricSpec("dataplatform_h", Kind.HISTOGRAM, (), Text("h", "h"), buckets=(0.1, 1.0))
AGE = MetricSpec("dataplatform_age_seconds", Kind.GAUGE, (), Text("idade", "age"))
SERIES = (
    Series(COUNTER, ('q"\\\n',), 3.0),
    Series(SUMMARY, (), SummaryValue(2.5, 4.0, {0.5: math.nan})),
    Series(HISTOGRAM, (), HistogramValue((1.0, 2.0), 3.5, 3.0)),
    Series(AGE, (), AgeOf(90.0)),
)


def render(series: Sequence[Series] = SERIES) -> Rendering:
    """Render at the hundredth second."""
    return Exposition(lambda: 100.0).render(lambda: {"all": series}, "en")


def everything() -> list[Series]:
    """Return one series of every metric that the exporter knows."""
    specs = {s.name: s for c in find_collectors().values() for s in c.specs}
    specs |= {s.name: s for s in TELEMETRY}
    return [Series(s, tuple("v" for _ in s.labels), sample_value(s)) for s in specs.values()]


def sample_value(spec: MetricSpec) -> Value:
    """Return a value of the spec's type."""
    if spec.kind is Kind.SUMMARY:
        return SummaryValue(1.0, 2.0, dict.fromkeys(spec.quantiles, 0.5))
    if spec.kind is Kind.HISTOGRAM:
        return HistogramValue((1.0,) * len(spec.buckets), 1.0, 1.0)
    return 1.0


def test_text_says_what_was_given() -> None:
    """Every value, label and escape survives the text format."""
    text = render().text.plain.decode()
    assert "# TYPE dataplatform_x_total counter" in text
    assert "# HELP dataplatform_x_total counts" in text
    assert 'dataplatform_x_total{a="q\\"\\\\\\n"} 3.0' in text
    assert 'dataplatform_s{quantile="0.5"} NaN' in text
    assert "dataplatform_s_count 4.0" in text
    assert 'dataplatform_h_bucket{le="+Inf"} 3.0' in text
    assert "dataplatform_age_seconds 10.0" in text
    assert not re.search(r"_created[ {]", text)
    assert "process_resident_memory_bytes" in text
    assert len(list(read_text(text))) > 4


def test_openmetrics_parses_and_ends() -> None:
    """OpenMetrics names the family without _total, the sample with it, and ends once."""
    text = render(everything()).openmetrics.plain.decode()
    families = {family.name: family for family in read_openmetrics(text)}
    assert families["dataplatform_lambda_errors"].type == "counter"
    assert "dataplatform_lambda_errors_total{" in text
    assert text.count("# EOF") == 1
    assert text.endswith("# EOF\n")
    assert not re.search(r"_created[ {]", text)


def test_promtool_has_nothing_to_say() -> None:
    """Prometheus' own linter accepts names, types and help texts of every metric."""
    checked = subprocess.run(
        ["promtool", "check", "metrics"],
        input=render(everything()).text.plain,
        capture_output=True,
        check=False,
        timeout=30,
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


TEXTS = st.text(st.characters(codec="utf-8"), max_size=6) | st.text(
    alphabet='"\\\n%s{},=', max_size=6
)
NUMBERS = (
    st.floats()
    | st.integers(-(10**20), 10**20)
    | st.sampled_from([0.0, -0.0, 1e6, 999999.5, 1e16, 12345678.25, 5e-324, math.inf, -math.inf])
)
QUANTILES = (0.5, 0.9, 0.99)
BOUNDS = (0.005, 1.0, 2_500_000.0)


@st.composite
def specs(draw: st.DrawFn, number: int) -> MetricSpec:
    """Draw a family, whose labels stand before and after ``le`` and ``quantile``."""
    kind = draw(st.sampled_from(Kind))
    names = ("a", "function", "kind", "m", "resource", "z")
    labels = tuple(draw(st.lists(st.sampled_from(names), max_size=3, unique=True)))
    return MetricSpec(
        f"dataplatform_{number}" + "_total" * (kind is Kind.COUNTER),
        kind,
        labels,
        Text(draw(TEXTS), draw(TEXTS)),
        buckets=BOUNDS if kind is Kind.HISTOGRAM else (),
        quantiles=QUANTILES if kind is Kind.SUMMARY else (),
    )


@st.composite
def series_of(draw: st.DrawFn, spec: MetricSpec) -> Series:
    """Draw a series of the family."""
    value: Value
    if spec.kind is Kind.SUMMARY:
        shown = draw(st.lists(st.sampled_from(QUANTILES), unique=True))
        value = SummaryValue(draw(NUMBERS), draw(NUMBERS), {q: draw(NUMBERS) for q in shown})
    elif spec.kind is Kind.HISTOGRAM:
        value = HistogramValue(tuple(draw(NUMBERS) for _ in BOUNDS), draw(NUMBERS), draw(NUMBERS))
    elif spec.kind is Kind.GAUGE and draw(st.booleans()):
        value = AgeOf(draw(st.floats(0, 4e9)))
    else:
        value = draw(NUMBERS)
    return Series(spec, tuple(draw(TEXTS) for _ in spec.labels), value)


@given(st.data())
def test_bytes_are_those_of_the_client_library(data: DataObject) -> None:
    """Whatever changes between renderings, both formats are what prometheus_client would write."""
    families = [data.draw(specs(number)) for number in range(data.draw(st.integers(1, 3)))]
    known: list[Series] = []
    now = [1e9]
    exposition = Exposition(lambda: now[0], own=())
    for _ in range(3):
        fresh = [data.draw(series_of(data.draw(st.sampled_from(families)))) for _ in range(3)]
        kept = [one for one in known if data.draw(st.booleans())]
        renewed = [replace(one) for one in known if one not in kept and data.draw(st.booleans())]
        known = data.draw(st.permutations([*kept, *renewed, *fresh]))
        middle = data.draw(st.integers(0, len(known)))
        parts = {"a": tuple(known[:middle]), "b": tuple(known[middle:])}
        locale = data.draw(st.sampled_from(LOCALES))
        shown = exposition.render(lambda: parts, locale)  # noqa: B023 asked for at once
        wanted = reference.text(known, locale, now[0])
        assert shown.text.plain == wanted
        assert gzip.decompress(shown.text.gzipped) == wanted
        wanted = reference.openmetrics(known, locale, now[0])
        assert shown.openmetrics.plain == wanted
        assert gzip.decompress(shown.openmetrics.gzipped) == wanted
        now[0] += data.draw(st.floats(-10, 1e9))


def test_compressed_bytes_are_one_plain_gzip_file() -> None:
    """Any reader of gzip finds one member and the same text in it, also of thousands of series."""
    many = [Series(COUNTER, (f"f{number}",), float(number)) for number in range(2000)]
    for body in (render(many).text, render(many).openmetrics):
        reader = zlib.decompressobj(zlib.MAX_WBITS | 16)
        assert reader.decompress(body.gzipped) == body.plain
        assert reader.eof
        assert not reader.unused_data
        unpacked = subprocess.run(
            ["gzip", "-dc"], input=body.gzipped, capture_output=True, check=True
        )
        assert unpacked.stdout == body.plain


def test_unchanged_series_are_neither_rendered_nor_compressed_again() -> None:
    """A change touches its own piece alone, and a tick only the ages."""
    now = [100.0]
    exposition = Exposition(lambda: now[0], own=())
    many = tuple(Series(COUNTER, (f"f{number:04}",), 1.0) for number in range(1500))
    parts = {"a": many, "b": SERIES}

    def pieces() -> list[Piece]:
        shown = exposition.render(lambda: parts, "en")
        assert gzip.decompress(shown.text.gzipped) == shown.text.plain
        return list(shown.text.pieces)

    def changed(before: list[Piece], after: list[Piece]) -> list[bytes]:
        return [piece.plain for piece in after if piece.plain and piece not in before]

    before = pieces()
    assert changed(before, pieces()) == []
    now[0] = 130.0
    after = pieces()
    assert changed(before, after) == [b"dataplatform_age_seconds 40.0\n"]
    parts = {"a": (*many[:700], replace(many[700], value=2.0), *many[701:]), "b": SERIES}
    (touched,) = changed(after, pieces())
    assert b'{a="f0700"} 2.0\n' in touched
    assert touched.count(b"\n") == 512


def test_renderings_asked_for_meanwhile_are_one() -> None:
    """Collectors that finish while another is being rendered share the next turn."""
    begun, release = threading.Event(), threading.Event()
    taken: list[int] = []
    finished: list[int] = []

    def parts() -> Parts:
        found = tuple(Series(COUNTER, (str(number),), 1.0) for number in finished)
        taken.append(len(found))
        begun.set()
        release.wait(20)
        return {"a": found}

    exposition = Exposition(lambda: 100.0, own=())
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(exposition.render, parts, "en")
        assert begun.wait(20)
        finished.extend(range(8))
        others = [pool.submit(exposition.render, parts, "en") for _ in range(8)]
        # Two numbers are the first one's, and one is drawn by each that asks.
        wait_for(lambda: repr(exposition._turns) == "count(10)")
        release.set()
        shown = [other.result(20).text.plain for other in others]
    assert first.result().text.plain == b""
    assert taken == [0, 8]
    assert all(text.count(b"} 1.0") == 8 for text in shown)


def test_what_cannot_be_shown_is_no_series() -> None:
    """A value of another kind, labels that are no texts: refused where they are made."""
    for spec, labels, value in (
        (COUNTER, ("a",), None),
        (COUNTER, (1,), 1.0),
        (COUNTER, (), 1.0),
        (COUNTER, ("a",), AgeOf(1.0)),
        (SUMMARY, (), 1.0),
        (HISTOGRAM, (), HistogramValue((1.0,), 1.0, 1.0)),
    ):
        with pytest.raises(ValueError, match="dataplatform_"):
            Series(spec, labels, value)  # type: ignore[arg-type]  # nonsense


def test_half_a_character_silences_nobody() -> None:
    """A label that is no Unicode is shown with a mark in its place."""
    shown = render((Series(COUNTER, ("a\ud800",), 1.0), Series(COUNTER, ("b",), 2.0)))
    assert b'dataplatform_x_total{a="a?"} 1.0\ndataplatform_x_total{a="b"} 2.0' in shown.text.plain


def test_every_metric_belongs_to_one_collector() -> None:
    """No two collectors claim a name, and each declares what it may call."""
    found = find_collectors()
    assert {"api", "cost", "influxdb", "lambda", "logs"} <= set(found)
    names = [spec.name for collector in found.values() for spec in collector.specs]
    assert len(names) == len(set(names))
    assert all(action.count(":") == 1 for c in found.values() for action in c.iam)
