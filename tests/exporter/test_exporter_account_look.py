"""When the account's sums leave nothing that was not folded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from exporter import account_look


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 9), st.integers(0, 3))))
def test_the_sum_of_what_was_folded_is_quiet(parts: Sequence[tuple[str, int, int]]) -> None:
    """A sum is quiet if it is exactly what was folded, and any more or less is not."""
    folded: Counter[int] = Counter()
    for _, at, number in parts:
        folded[at] += number
    counted = range(10)
    account = {at: float(folded[at]) for at in counted}
    assert account_look.is_quiet(account, folded, counted, ())
    for at in counted:
        for other in (account[at] + 1, account[at] - 1):
            assert not account_look.is_quiet({**account, at: other}, folded, counted, ())
