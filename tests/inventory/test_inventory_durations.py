"""Durations as Prometheus writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.durations import format_duration, parse_duration


@given(st.integers(min_value=1, max_value=10**12))
def test_a_duration_survives_writing_and_reading(milliseconds: int) -> None:
    """What is written for any number of milliseconds is read as the same."""
    seconds = milliseconds / 1000
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds, abs=1e-6, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("5m", 300),
        ("1h30m", 5400),
        ("30d", 2_592_000),
        ("2w", 1_209_600),
        ("5ms", 0.005),
    ],
)
def test_known_texts_are_read(text: str, seconds: float) -> None:
    """Each unit counts what Prometheus says it does."""
    assert parse_duration(text) == pytest.approx(seconds)


@given(st.text(max_size=8))
def test_any_other_text_is_refused(text: str) -> None:
    """Whatever is read is positive; everything else raises ValueError that quotes it."""
    try:
        assert parse_duration(text) > 0
    except ValueError as error:
        assert text in str(error)  # noqa: PT017 most texts raise, a few are durations


@pytest.mark.parametrize("value", ["", "5", 5, "-5m", "5 m", "m5", "1.5h", "0s", None, "5M", True])
def test_what_is_no_duration_is_refused(value: object) -> None:
    """Numbers without unit, signs, spaces, fractions and zero are errors."""
    with pytest.raises(ValueError, match="duration"):
        parse_duration(value)


@pytest.mark.parametrize("value", [-60.0, 0.0, float("nan"), float("inf")])
def test_seconds_must_be_a_duration_as_well(value: float) -> None:
    """A number of seconds, which YAML makes of `-60.0`, is held to what a text is."""
    with pytest.raises(ValueError, match="longer than zero"):
        parse_duration(value)
    assert parse_duration(60.0) == 60
