"""A series as lines of the exposition formats: a template made once, values put in anew.

The bytes are those of prometheus_client's ``generate_latest``, in both formats.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from operator import attrgetter

from prometheus_client.utils import floatToGoString

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Locale
from exporter.samples import AgeOf, HistogramValue, Series, SummaryValue

_PLAIN = 1e6
_BY_LABEL = {Kind.SUMMARY: "quantile", Kind.HISTOGRAM: "le"}
_value = attrgetter("value")


def header(spec: MetricSpec, locale: Locale) -> tuple[bytes, bytes]:
    """Return the HELP and TYPE lines of the text format and of OpenMetrics.

    OpenMetrics names a counter's family without ``_total``, and escapes quotes in HELP.
    """
    help_text = spec.help.in_(locale).replace("\\", r"\\").replace("\n", r"\n")
    family = spec.name.removesuffix("_total")
    return (
        _header(spec.name, spec.kind, help_text),
        _header(family, spec.kind, help_text.replace('"', r"\"")),
    )


def template(series: Series) -> str:
    """Return the series' lines with ``%s`` in the place of every value."""
    spec, value = series.spec, series.value
    labels = dict(zip(spec.labels, series.labels, strict=True))
    if isinstance(value, SummaryValue):
        tops = [(spec.name, _number(quantile)) for quantile in sorted(value.quantiles)]
    elif isinstance(value, HistogramValue):
        bounds = (*spec.buckets, float("inf"))
        tops = [(f"{spec.name}_bucket", _number(bound)) for bound in bounds]
    else:
        return _line(spec.name, labels)
    by = _BY_LABEL[spec.kind]
    return "".join(
        (
            *(_line(name, {**labels, by: text}) for name, text in tops),
            _line(f"{spec.name}_count", labels),
            _line(f"{spec.name}_sum", labels),
        )
    )


def fits(known: Series, series: Series) -> bool:
    """Return whether the template of ``known`` serves for ``series`` too."""
    same = known.spec is series.spec or known.spec == series.spec
    if not same or known.labels != series.labels:
        return False
    before, after = known.value, series.value
    if isinstance(before, SummaryValue) and isinstance(after, SummaryValue):
        return before.quantiles.keys() == after.quantiles.keys()
    return True


def filled(templates: Iterable[str], series: Iterable[Series], now: float) -> bytes:
    """Return the lines of ``series``, of which each has its template; ages are as of ``now``."""
    # What is no character (half of a surrogate pair) must not silence every other series.
    return "".join(_filled(templates, series, now)).encode("utf-8", "replace")


def _filled(templates: Iterable[str], series: Iterable[Series], now: float) -> Iterator[str]:
    # Periods end for thousands of resources at once: their age is one text.
    ages: dict[float, str] = {}
    for text, value in zip(templates, map(_value, series), strict=True):
        if isinstance(value, SummaryValue):
            yield text % _summary(value)
        elif isinstance(value, AgeOf):
            at = value.timestamp
            age = ages.get(at) or ages.setdefault(at, _number(max(0.0, now - at)))
            yield text % age
        elif isinstance(value, HistogramValue):
            counts = (*value.cumulative, value.count, value.count, value.sum)
            yield text % tuple(map(_number, counts))
        else:
            yield text % _number(value)


def _summary(value: SummaryValue) -> tuple[str, ...]:
    quantiles: Mapping[float, float] = value.quantiles
    found = (*(quantiles[quantile] for quantile in sorted(quantiles)), value.count, value.sum)
    return tuple(map(_number, found))


def _number(value: float) -> str:
    # The client library's function, but for the numbers that it writes as Python does.
    if -_PLAIN < value < _PLAIN:
        return repr(float(value))
    text: str = floatToGoString(value)  # type: ignore[no-untyped-call]
    return text


def _line(name: str, labels: Mapping[str, str]) -> str:
    shown = ",".join(f'{label}="{_escaped(text)}"' for label, text in sorted(labels.items()))
    return f"{name}{{{shown}}} %s\n" if shown else f"{name} %s\n"


def _escaped(text: str) -> str:
    escaped = text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
    return escaped.replace("%", "%%")


def _header(name: str, kind: Kind, help_text: str) -> bytes:
    return f"# HELP {name} {help_text}\n# TYPE {name} {kind.value}\n".encode()
