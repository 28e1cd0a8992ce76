"""Rendering: both formats, promtool's opinion, caching."""

from __future__ import annotations

import gzip
import math
import re
import subprocess
from collections.abc import Sequence

from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Text
from exporter.app import find_collectors
from exporter.exposition import Exposition, Rendering
from exporter.samples import AgeOf, HistogramValue, Series, SummaryValue, Value
from exporter.telemetry import SPECS as TELEMETRY

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
    return Exposition(lambda: 100.0).render(lambda: series, "en")


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


def test_compressed_bytes_are_the_plain_ones() -> None:
    """The gzip body holds the same text."""
    body = render().text
    assert gzip.decompress(body.gzipped) == body.plain


def test_unchanged_families_are_not_rendered_again() -> None:
    """A tick works out ages anew and reuses the bytes of what did not change."""
    now = [100.0]
    exposition = Exposition(lambda: now[0])
    exposition.render(lambda: SERIES, "en")
    before = dict(exposition._families)
    now[0] = 130.0
    text = exposition.render(lambda: SERIES, "en").text.plain.decode()
    assert "dataplatform_age_seconds 40.0" in text
    assert exposition._families["dataplatform_x_total"] is before["dataplatform_x_total"]
    changed = (Series(COUNTER, ("b",), 4.0), *SERIES[1:])
    assert b'{a="b"} 4.0' in exposition.render(lambda: changed, "en").text.plain
    assert (
        b"# HELP dataplatform_x_total conta"
        in exposition.render(lambda: changed, "pt-BR").text.plain
    )


def test_every_metric_belongs_to_one_collector() -> None:
    """No two collectors claim a name, and each declares what it may call."""
    found = find_collectors()
    assert {"api", "cost", "influxdb", "lambda", "logs"} <= set(found)
    names = [spec.name for collector in found.values() for spec in collector.specs]
    assert len(names) == len(set(names))
    assert all(action.count(":") == 1 for c in found.values() for action in c.iam)
