"""The monthly cap: whose cadence is stretched, how far, and that the month then fits."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.cap import (
    FACTORS,
    MOST,
    Money,
    Spender,
    month_of,
    projection,
    restretch,
    seconds_left,
    stretch,
    stretched,
)
from exporter.collector import Priority
from tests.exporter.support import compressed

MONTH = 30 * 86_400.0


def by_factor(usd: float, share: float = 1.0) -> dict[int, float]:
    """Return what a run costs that does the paid part in a ``share`` of the runs."""
    return {factor: usd * min(1.0, share * factor) for factor in FACTORS}


SPENDERS = st.lists(
    st.builds(
        Spender,
        name=st.text("abcdefgh", min_size=1, max_size=3),
        usd=st.one_of(
            st.just(dict.fromkeys(FACTORS, 0.0)),
            st.builds(by_factor, st.floats(1e-6, 0.1), st.sampled_from([1.0, 0.2, 0.05])),
        ),
        every=st.sampled_from([5.0, 30.0, 60.0, 300.0, 3600.0, 21_600.0]),
        priority=st.sampled_from(Priority),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda spender: spender.name,
)
MONEY = st.builds(
    Money, cap=st.floats(0.01, 1000), spent=st.floats(0, 1000), left=st.floats(0, MONTH)
)


def longest(spenders: Sequence[Spender]) -> dict[str, int]:
    """Return every paid cadence at its longest."""
    return {spender.name: MOST if spender.usd[1] else 1 for spender in spenders}


def ordered(spenders: Sequence[Spender], factors: Mapping[str, int]) -> bool:
    """Say whether nobody is stretched while a payer of lower priority has room left."""
    paying = [spender for spender in spenders if spender.usd[1]]
    return all(
        factors[low.name] == MOST
        for high in paying
        for low in paying
        if factors[high.name] > 1 and low.priority < high.priority
    )


@given(SPENDERS, MONEY)
def test_low_priority_is_used_up_first(spenders: list[Spender], money: Money) -> None:
    """A priority is stretched only when all below it are at their longest; the free never are."""
    factors = stretch(spenders, money)
    assert ordered(spenders, factors)
    assert all(factors[spender.name] == 1 for spender in spenders if not spender.usd[1])
    assert set(factors.values()) <= {1, 2, 4, 8, MOST}


@given(SPENDERS, MONEY)
def test_the_month_fits_or_everything_is_stretched(spenders: list[Spender], money: Money) -> None:
    """The projection is below the cap, or every paid cadence is at its longest."""
    factors = stretch(spenders, money)
    fits = projection(spenders, factors, money) <= money.cap
    assert fits or factors == longest(spenders)


@given(SPENDERS, MONEY)
def test_nothing_is_stretched_without_need(spenders: list[Spender], money: Money) -> None:
    """Where the unstretched month fits, nothing is stretched."""
    factors = stretch(spenders, money)
    unstretched = dict.fromkeys(factors, 1)
    fits = projection(spenders, unstretched, money) <= money.cap
    assert fits == (factors == unstretched) or not any(spender.usd[1] for spender in spenders)


@given(SPENDERS, MONEY, st.floats(0, 100), st.floats(0, 100))
def test_less_money_never_eases_a_cadence(
    spenders: list[Spender], money: Money, spent: float, taken: float
) -> None:
    """With more spent or a lower cap, no collector's factor is smaller."""
    before = stretch(spenders, money)
    poorer = Money(max(0.001, money.cap - taken), money.spent + spent, money.left)
    after = stretch(spenders, poorer)
    assert all(after[name] >= before[name] for name in before)


@given(SPENDERS, MONEY, MONEY)
def test_easing_keeps_the_order_and_the_cap(
    spenders: list[Spender], before: Money, after: Money
) -> None:
    """Going over from one stretching to the next breaks neither the order nor the cap."""
    current = stretch(spenders, before)
    factors = restretch(spenders, after, current)
    wanted = stretch(spenders, after)
    assert ordered(spenders, factors)
    assert all(factors[name] >= wanted[name] for name in wanted)
    assert all(factors[name] <= max(wanted[name], current[name]) for name in wanted)


def test_a_cadence_on_the_edge_does_not_flutter() -> None:
    """A projection that swings about the cap stretches once and then stays stretched."""
    spenders = [Spender("a", by_factor(0.01), 60.0, Priority.NORMAL)]
    edge = 0.01 * MONTH / 60.0
    current: Mapping[str, int] = {"a": 1}
    seen = []
    for cap in (edge * 1.01, edge * 0.99, edge * 1.01, edge * 0.99, edge * 1.04, edge * 1.2):
        current = restretch(spenders, Money(cap, 0.0, MONTH), current)
        seen.append(current["a"])
    assert seen == [1, 2, 2, 2, 2, 1]


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_month_of_retries_stays_below_the_cap(share: float) -> None:
    """Decided anew every hour, a month whose requests are often retried ends below its cap."""
    chance = random.Random(4)  # noqa: S311 a made-up month
    spenders = [
        Spender("cost", by_factor(0.02), 28_800.0, Priority.DETAIL),
        Spender("durations", by_factor(0.001, 0.2), 300.0, Priority.NORMAL),
        Spender("errors", by_factor(0.0002), 60.0, Priority.VITAL),
    ]
    nothing = dict.fromkeys((spender.name for spender in spenders), 1)
    cap = share * projection(spenders, nothing, Money(1.0, 0.0, MONTH))
    spent, factors = 0.0, stretch(spenders, Money(cap, 0.0, MONTH))
    for hour in range(720):
        factors = restretch(spenders, Money(cap, spent, MONTH - hour * 3600), factors)
        rate = projection(spenders, factors, Money(cap, 0.0, 3600.0))
        spent += rate * chance.choice((1, 1, 1, 1.5))
    assert cap * 0.8 < spent <= cap * 1.001


def test_what_is_kept_between_runs_is_kept_longer() -> None:
    """A stretched collector sees every cadence stretched, and CloudWatch's periods as they are."""
    inventory = compressed()
    assert stretched(inventory, 1) is inventory
    found = stretched(inventory, 4).collection
    assert found.cost_every == 4 * inventory.collection.cost_every
    assert found.storage_every == 4 * inventory.collection.storage_every
    assert (found.period, found.lookback) == (5.0, 60.0)
    assert found.slow_every == inventory.collection.slow_every


@pytest.mark.parametrize(
    ("at", "month", "left"),
    [
        (datetime(2026, 11, 1, tzinfo=UTC), "2026-11", 30 * 86_400.0),
        (datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), "2026-12", 1.0),
        (datetime(2028, 2, 1, 12, tzinfo=UTC), "2028-02", 28.5 * 86_400),
    ],
)
def test_months_are_calendar_months_in_utc(at: datetime, month: str, left: float) -> None:
    """The month has its own length, and ends at midnight UTC."""
    assert (month_of(at.timestamp()), seconds_left(at.timestamp())) == (month, left)


@given(SPENDERS)
def test_an_unspendable_cap_stretches_everything(spenders: list[Spender]) -> None:
    """When the month's money is gone, every paid cadence is at its longest."""
    money = Money(1.0, 2.0, MONTH)
    assert stretch(spenders, money) == longest(spenders)
    assert stretch(spenders, replace(money, left=0.0)) == longest(spenders)
