"""PromQL built from metric specs: a misspelt label or a join that cannot match raises here.

An expression carries the labels of its result, so that every aggregation and every join is
checked when the rule is built, not when it silently returns nothing in production.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

TARGET_LABELS = ("instance", "job")
RATE_INTERVAL = "$__rate_interval"
"""Grafana's own window for rates: long enough for the scrape interval and the panel's step."""

_WINDOW = re.compile(r"^(?:(?:\d+(?:ms|[wdhms]))+|\$__rate_interval)$")


class Family(Protocol):
    """Whatever exposes samples with known labels: a metric or a recorded series."""

    @property
    def name(self) -> str:
        """Name of the family."""
        ...

    @property
    def sample_labels(self) -> Mapping[str, tuple[str, ...]]:
        """Labels of every sample name."""
        ...


@dataclass(frozen=True)
class Builtin:
    """A series that Prometheus itself writes."""

    name: str
    labels: tuple[str, ...]

    @property
    def sample_labels(self) -> dict[str, tuple[str, ...]]:
        """Labels of the series."""
        return {self.name: self.labels}


UP = Builtin("up", TARGET_LABELS)
ALERTS = Builtin(
    "ALERTS",
    ("alertname", "alertstate", "environment", "severity", "team", "tier", "escalate"),
)


@dataclass(frozen=True)
class Match:
    """A label matcher other than equality."""

    operator: str
    value: str


def like(*values: str) -> Match:
    """Match any of ``values`` in whole; each is a regular expression."""
    return Match("=~", "|".join(values))


def unlike(*values: str) -> Match:
    """Match none of ``values``; each is a regular expression."""
    return Match("!~", "|".join(values))


@dataclass(frozen=True)
class Vector:
    """An instant vector and the labels of its series; ``compound`` ones need parentheses."""

    text: str
    labels: frozenset[str]
    compound: bool = False

    @property
    def operand(self) -> str:
        """The text, in parentheses where another operator would tear it apart."""
        return f"({self.text})" if self.compound else self.text

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Selector(Vector):
    """A vector selector: the only thing that takes a range or an offset."""

    spec_labels: tuple[str, ...] = field(default=())

    def range(self, window: str, offset: str = "") -> str:
        """Return the matrix selector over ``window``.

        Raises:
            ValueError: if the window or the offset is not a PromQL duration.
        """
        for part in filter(None, (window, offset)):
            if not _WINDOW.match(part):
                raise ValueError(f"'{part}' is not a PromQL duration")
        return f"{self.text}[{window}]" + (f" offset {offset}" if offset else "")


def series(
    family: Family, matchers: Mapping[str, str | Match] | None = None, *, sample: str = ""
) -> Selector:
    """Select a family's series; ``sample`` is ``sum``, ``count`` or ``bucket``.

    Raises:
        ValueError: if the family has no such sample, or the sample no such label.
    """
    name = f"{family.name}_{sample}" if sample else family.name
    if name not in family.sample_labels:
        raise ValueError(f"{family.name} exposes no sample '{name}'")
    own = family.sample_labels[name]
    # Series that rules write have no target; only scraped ones know where they come from.
    labels = frozenset(own) if ":" in name else frozenset((*own, *TARGET_LABELS))
    texts = []
    for label, wanted in (matchers or {}).items():
        _require(name, labels, (label,))
        match = Match("=", wanted) if isinstance(wanted, str) else wanted
        value = match.value.replace("\\", "\\\\").replace('"', '\\"')
        texts.append(f'{label}{match.operator}"{value}"')
    text = f"{name}{{{', '.join(texts)}}}" if texts else name
    return Selector(text, labels, spec_labels=own)


def _require(what: str, labels: frozenset[str], wanted: tuple[str, ...]) -> None:
    missing = [label for label in wanted if label not in labels]
    if missing:
        raise ValueError(f"{what} has no label {', '.join(missing)}; it has {sorted(labels)}")


def number(value: float) -> str:
    """Return ``value`` as PromQL writes it."""
    return f"{value:.12g}"


def over(function: str, selector: Selector, window: str, offset: str = "") -> Vector:
    """Apply a range function such as ``increase`` or ``changes``."""
    return Vector(f"{function}({selector.range(window, offset)})", selector.labels)


def ago(selector: Selector, offset: str) -> Vector:
    """Return what the selector was ``offset`` before.

    Raises:
        ValueError: if the offset is not a PromQL duration.
    """
    if not _WINDOW.match(offset):
        raise ValueError(f"'{offset}' is not a PromQL duration")
    return Vector(f"{selector.text} offset {offset}", selector.labels)


def over_steps(function: str, vector: Vector, window: str, step: str) -> Vector:
    """Apply a range function to what any vector was every ``step`` over ``window``.

    Raises:
        ValueError: if the window or the step is not a PromQL duration.
    """
    for part in (window, step):
        if not _WINDOW.match(part):
            raise ValueError(f"'{part}' is not a PromQL duration")
    return Vector(f"{function}(({vector.text})[{window}:{step}])", vector.labels)


def increase(selector: Selector, window: str) -> Vector:
    """Return the growth of a counter over ``window``."""
    return over("increase", selector, window)


def rate(selector: Selector, window: str) -> Vector:
    """Return the growth of a counter per second over ``window``."""
    return over("rate", selector, window)


def quantile_over(share: float, selector: Selector, window: str, offset: str = "") -> Vector:
    """Return the ``share`` quantile of a gauge's values in time."""
    ranged = selector.range(window, offset)
    return Vector(f"quantile_over_time({number(share)}, {ranged})", selector.labels)


def aggregate(operator: str, vector: Vector, *by: str) -> Vector:
    """Aggregate to the labels ``by``; none aggregates everything into one.

    Raises:
        ValueError: if the vector lacks one of the labels.
    """
    _require(vector.text, vector.labels, by)
    grouped = f" by ({', '.join(by)}) " if by else ""
    return Vector(f"{operator}{grouped}({vector.text})", frozenset(by))


def sum_by(vector: Vector, *by: str) -> Vector:
    """Sum to the labels ``by``."""
    return aggregate("sum", vector, *by)


def max_by(vector: Vector, *by: str) -> Vector:
    """Take the maximum by the labels ``by``."""
    return aggregate("max", vector, *by)


def count_by(vector: Vector, *by: str) -> Vector:
    """Count the series by the labels ``by``."""
    return aggregate("count", vector, *by)


def once(selector: Selector, vector: Vector | None = None) -> Vector:
    """Drop the target labels: replicas of an exporter tell the same, and count once."""
    return max_by(vector or selector, *selector.spec_labels)


def max_without(vector: Vector, *labels: str) -> Vector:
    """Take the maximum over ``labels``, for vectors whose other labels are open."""
    text = f"max without ({', '.join(labels)}) ({vector.text})"
    return Vector(text, vector.labels - frozenset(labels))


def bucket_quantile(share: float, buckets: Vector) -> Vector:
    """Estimate a quantile from a histogram's bucket rates.

    Raises:
        ValueError: if the vector has no label ``le``.
    """
    _require(buckets.text, buckets.labels, ("le",))
    text = f"histogram_quantile({number(share)}, {buckets.text})"
    return Vector(text, buckets.labels - {"le"})


def relabel(vector: Vector, target: str, source: str) -> Vector:
    """Copy the label ``source`` to ``target``."""
    text = f'label_replace({vector.text}, "{target}", "$1", "{source}", "(.+)")'
    return Vector(text, vector.labels | {target})


def rounded(vector: Vector) -> Vector:
    """Round: ``increase`` extrapolates, and counts of events are whole."""
    return Vector(f"round({vector.text})", vector.labels)


def absent(selector: Selector, *labels: str) -> Vector:
    """Return 1 where no such series exists, with the labels that the selector fixes."""
    return Vector(f"absent({selector.text})", frozenset(labels))


def always() -> Vector:
    """Return a vector that is always there."""
    return Vector("vector(1)", frozenset())


def or_zero(vector: Vector) -> Vector:
    """Return 0 where the vector is empty: nothing happened is an answer too."""
    return binary(vector, "or", Vector("vector(0)", frozenset()), on=())


def since(vector: Vector) -> Vector:
    """Return the seconds since a unix time."""
    return Vector(f"time() - {vector.operand}", vector.labels, compound=True)


def until(vector: Vector) -> Vector:
    """Return the seconds until a unix time."""
    return Vector(f"{vector.operand} - time()", vector.labels, compound=True)


def binary(
    left: Vector, operator: str, right: Vector | float, on: tuple[str, ...] | None = None
) -> Vector:
    """Combine two vectors, or a vector and a number; the result has the left side's labels.

    Raises:
        ValueError: if the sides could never match: their labels differ and ``on`` does not say
            which to compare, or ``on`` names one that a side lacks.
    """
    if not isinstance(right, Vector):
        text = f"{left.operand} {operator} {number(right)}"
        return Vector(text, left.labels, compound=True)
    if on is None and left.labels != right.labels:
        raise ValueError(
            f"{left.text} {operator} {right.text}: labels {sorted(left.labels)}"
            f" and {sorted(right.labels)} differ"
        )
    clause = ""
    if on is not None:
        _require(left.text, left.labels, on)
        _require(right.text, right.labels, on)
        clause = f" on ({', '.join(on)})"
    text = f"{left.operand} {operator}{clause} {right.operand}"
    return Vector(text, left.labels, compound=True)


def plus(left: Vector, summand: float) -> Vector:
    """Add a number."""
    return binary(left, "+", summand)


def power(left: Vector, exponent: float) -> Vector:
    """Raise to a power."""
    return binary(left, "^", exponent)


def times(left: Vector, factor: float) -> Vector:
    """Multiply by a number."""
    return binary(left, "*", factor)


def minus(left: Vector, subtrahend: Vector) -> Vector:
    """Subtract a vector of the same labels."""
    return binary(left, "-", subtrahend)


def is_above(left: Vector, limit: float) -> Vector:
    """Return 1 where it is greater and 0 where it is not: nothing is left out."""
    return binary(left, "> bool", limit)


def divided(part: Vector, whole: Vector) -> Vector:
    """Return ``part / whole``, for a whole that cannot be 0."""
    return binary(part, "/", whole)


def ratio(part: Vector, whole: Vector) -> Vector:
    """Return ``part / whole`` where there is a whole: 0/0 is no value, not NaN."""
    return divided(part, above(whole, 0))


def above(left: Vector, right: Vector | float) -> Vector:
    """Keep what is greater."""
    return binary(left, ">", right)


def below(left: Vector, right: Vector | float) -> Vector:
    """Keep what is less."""
    return binary(left, "<", right)


def at_least(left: Vector, right: Vector | float) -> Vector:
    """Keep what is greater or equal."""
    return binary(left, ">=", right)


def at_most(left: Vector, right: Vector | float) -> Vector:
    """Keep what is less or equal."""
    return binary(left, "<=", right)


def equals(left: Vector, right: Vector | float) -> Vector:
    """Keep what is equal."""
    return binary(left, "==", right)


def both(left: Vector, *others: Vector, on: tuple[str, ...] | None = None) -> Vector:
    """Keep the left side where every other has a match."""
    return _chain(left, "and", others, on)


def unless(left: Vector, right: Vector, on: tuple[str, ...] | None = None) -> Vector:
    """Keep the left side where the right has no match."""
    return binary(left, "unless", right, on)


def either(left: Vector, *others: Vector) -> Vector:
    """Keep the left side, and of the others what it lacks."""
    return _chain(left, "or", others, None)


def _chain(
    left: Vector, operator: str, others: tuple[Vector, ...], on: tuple[str, ...] | None
) -> Vector:
    """Join with one operator, a line each: it associates to the left without parentheses."""
    lines = [left.operand]
    for other in others:
        joined = binary(left, operator, other, on)
        lines.append(joined.text.removeprefix(left.operand).lstrip())
    return Vector("\n".join(lines), left.labels, compound=bool(others) or left.compound)
