"""Taking turns: who is asked when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from exporter import turns
from exporter.collector import Context

HOUR = 3600.0


@dataclass
class Budget:
    """A context that knows only how much time is left."""

    left: float

    def remaining(self) -> float:
        """Return the seconds left."""
        return self.left


@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.floats(0, 3 * HOUR)),
    st.floats(HOUR, 2 * HOUR),
)
def test_due_is_what_is_unknown_old_or_impossible(asked: dict[str, float], now: float) -> None:
    """Those never asked come first, then the oldest; what was just answered waits."""
    names = tuple("abcdefgh")
    due = turns.due(asked, names, now, HOUR)
    assert set(names) - asked.keys() <= set(due)
    for name, at in asked.items():
        if now - HOUR * 0.9 < at <= now:
            assert name not in due
        if at <= now - HOUR or at > now:
            assert name in due
    ages = [asked.get(name, -1.0) for name in due]
    assert ages == sorted(ages)


def test_a_run_that_is_early_by_its_jitter_skips_no_turn() -> None:
    """An answer of nearly an hour ago is old enough."""
    assert turns.due({"a": 0.0}, ("a",), HOUR - 60, HOUR) == ["a"]
    assert turns.due({"a": 0.0}, ("a",), HOUR - 120, HOUR) == []


def test_turns_end_when_half_of_the_time_is_used() -> None:
    """What did not get its turn is left to the next run; a first batch is always asked."""
    names = [str(number) for number in range(1000)]
    asked: list[str] = []
    budget = Budget(10.0)

    def ask(some: Sequence[str]) -> None:
        asked.extend(some)
        budget.left -= 2.0

    turns.take(cast("Context", budget), names, ask)
    assert asked == names[: len(asked)]
    assert 0 < len(asked) < len(names)
    assert budget.left == 4.0
    rest = names[len(asked) :]
    turns.take(cast("Context", budget), rest, ask)
    assert asked == names[: len(asked)]
