"""The health table: well, bad and unknown are told apart; trends compare like with like."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.health import Check, Row, Unit, Verdict, rows, written
from catalogue.promql import Vector
from catalogue.text import Text

TITLE = Text("erros", "errors")
VECTOR = Vector("errors", frozenset({"function"}))


def check(**changes: object) -> Check:
    """Return a check that finds anything above 5 bad."""
    given_ = {
        "expected": (("a",), ("b",)),
        "bad": lambda value: value > 5,
        "labels": ("function",),
        **changes,
    }
    return Check("errors", TITLE, VECTOR, **given_)  # type: ignore[arg-type]  # varied on purpose


def verdicts(found: list[Row]) -> dict[str, Verdict]:
    """Return the verdict by resource."""
    return {row.resource: row.verdict for row in found}


def test_silence_is_unknown_not_well() -> None:
    """An expected resource without an answer, or with NaN, is unknown; zero is well."""
    assert verdicts([*rows(check(), [({"function": "a"}, 0.0)])]) == {
        "a": Verdict.WELL,
        "b": Verdict.UNKNOWN,
    }
    nothing = [*rows(check(), [({"function": "a"}, math.nan), ({"function": "b"}, 6.0)])]
    assert verdicts(nothing) == {"a": Verdict.UNKNOWN, "b": Verdict.BAD}


def test_a_judged_check_that_nothing_answers_still_has_a_row() -> None:
    """Without any series a judged check is unknown as a whole; what is only told says nothing."""
    assert [row.verdict for row in rows(check(expected=()), [])] == [Verdict.UNKNOWN]
    assert [*rows(check(expected=(), bad=None), [])] == []


@given(st.floats(0, 1e9), st.floats(0, 1e9))
def test_trend_is_growth_over_the_week_before(now: float, before: float) -> None:
    """The change is relative to the week before; from nothing it has no size."""
    labels = {"function": "a"}
    row = next(rows(check(expected=(), trend=True), [(labels, now)], [(labels, before)]))
    assert row.change == (pytest.approx(now / before - 1) if before else None)


def test_a_label_that_the_vector_lacks_raises() -> None:
    """A misspelt label is found when the check is built."""
    with pytest.raises(ValueError, match="no label api"):
        check(labels=("api",))


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, Unit.COUNT, "-"),
        (1234.0, Unit.COUNT, "1,234"),
        (0.0123, Unit.RATIO, "1.23%"),
        (0.25, Unit.SECONDS, "250 ms"),
        (90.0, Unit.SECONDS, "90.0 s"),
        (7200.0, Unit.SECONDS, "2.0 h"),
        (1536.0, Unit.BYTES, "1.5 KiB"),
        (5 * 1024.0**4, Unit.BYTES, "5 TiB"),
        (12.5, Unit.USD, "$12.50"),
    ],
)
def test_values_are_written_for_people(value: float | None, unit: Unit, text: str) -> None:
    """Each unit has its own form."""
    assert written(value, unit) == text
