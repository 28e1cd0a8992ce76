"""The shapes that most alerts' cases have: a level, a count, a mean, a burn rate, an age."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from promtool import STALE, Cases, Line, Scenario, counter, gauge

T0 = 120
KEEP = 180
FIRES, QUIET, RESOLVES, GAP = "fires", "quiet", "resolves", "gap"
LIFE = frozenset({FIRES, RESOLVES})


def quiet(series: Mapping[str, Line], *at: int) -> Scenario:
    """Return a scenario in which nothing fires at those seconds."""
    return Scenario(frozenset({QUIET}), series, dict.fromkeys(at, 0))


def level(
    series: str, healthy: float, edge: float, bad: float, *, wait: int = 0, step: int = 15
) -> Cases:
    """Cases of a gauge that crosses a level, ``wait`` seconds before the alert fires."""
    fired = T0 + wait
    over = fired + 8 * step
    before = {T0 - step: 0} | ({fired - step: 0} if wait else {})
    back = fired + step + max(60, 2 * step)
    return Cases(
        (
            Scenario(
                LIFE,
                {series: gauge({0: healthy, T0: bad, over: healthy})},
                before | {fired: 1, over + KEEP - step: 1, over + KEEP + step: 0},
            ),
            quiet({series: gauge({0: edge})}, T0, fired, over),
            Scenario(
                frozenset({GAP}),
                {series: gauge({0: healthy, T0: bad, fired + step: STALE, back: bad})},
                {fired: 1, back - step: 1, back + 2 * step: 1},
            ),
        ),
        step,
    )


def count(series: str, unrelated: str, *, window: int = 300, limit: int = 0) -> Cases:
    """Cases of a counter that grows by one too many within the window.

    A sample just as old as the window is long belongs to it in Prometheus 2, and not in 3.
    """
    most = {T0: limit} if limit else {}
    return Cases(
        (
            Scenario(
                LIFE,
                {series: counter({T0: limit + 1})},
                {
                    T0 - 15: 0,
                    T0: 1,
                    T0 + window + KEEP - 30: 1,
                    T0 + window + KEEP + 15: 0,
                },
            ),
            quiet({unrelated: counter({T0: 9 + limit}), series: counter(most)}, T0, T0 + 15),
            Scenario(
                frozenset({GAP}),
                {series: counter({T0: limit + 1, T0 + 30: STALE, T0 + 90: 0})},
                {T0 + 75: 1, T0 + 120: 1},
            ),
        )
    )


def aged(series: str, limit: int) -> Cases:
    """Cases of a time that lies further back than ``limit`` seconds."""
    return _timed(series, T0 - limit, 10**9)


def soon(series: str, limit: int) -> Cases:
    """Cases of a time that is nearer than ``limit`` seconds."""
    return _timed(series, T0 + limit, 10**9)


def _timed(series: str, stamp: int, cured: int) -> Cases:
    over = T0 + 300
    return Cases(
        (
            Scenario(
                LIFE,
                {series: gauge({0: stamp, over: cured})},
                {T0: 0, T0 + 15: 1, over + KEEP - 15: 1, over + KEEP + 15: 0},
            ),
            quiet({series: gauge({0: stamp})}, T0 - 15, T0),
            Scenario(
                frozenset({GAP}),
                {series: gauge({0: stamp, T0 + 30: STALE, T0 + 90: stamp})},
                {T0 + 75: 1, T0 + 120: 1},
            ),
        )
    )


def beside(cases: Cases, series: Mapping[str, Line]) -> Cases:
    """Let more series flow in with every scenario."""
    return replace(
        cases,
        scenarios=tuple(
            replace(each, series={**each.series, **series}) for each in cases.scenarios
        ),
    )


def also(cases: Cases, *scenarios: Scenario) -> Cases:
    """Add scenarios."""
    return replace(cases, scenarios=(*cases.scenarios, *scenarios))


def mean(name: str, labels: str, limit: float, times: int) -> Cases:
    """Cases of a mean over five minutes, that many windows in a row."""
    window = 300
    fired = T0 + (times - 1) * window
    # Prometheus 3 leaves out the sample at a window's beginning.
    every = window - 15
    windows = range(T0, T0 + times * every, every)

    def pair(changes: Mapping[int, tuple[float, float]]) -> dict[str, Line]:
        return {
            f"{name}_sum{labels}": counter({at: total for at, (total, _) in changes.items()}),
            f"{name}_count{labels}": counter({at: count for at, (_, count) in changes.items()}),
        }

    slow = dict.fromkeys(windows, (8 * limit + 1, 8.0))
    last = max(slow)
    more = {at: 8.0 * 2**turn for turn, at in enumerate(range(T0, last + window, 150))}
    early = dict.fromkeys(range(T0, fired, window), (800.0, 8.0))
    gap = pair(slow)
    for series, line in gap.items():
        gap[series] = counter({**line.changes, last + 30: STALE, last + 90: 0})
    return Cases(
        (
            Scenario(
                LIFE,
                pair(slow),
                {
                    fired - 15: 0,
                    fired: 1,
                    last + window + KEEP - 30: 1,
                    last + window + KEEP + 15: 0,
                },
            ),
            # Ever more of them: windows of unequal length would see unequal shares.
            quiet(pair({at: (limit * many, many) for at, many in more.items()}), fired, last + 60),
            # One window too few; a longer one would still hold the slow ones.
            quiet(pair({**early, fired: (8.0, 8.0)}), fired, fired + 60),
            Scenario(frozenset({GAP}), gap, {last + 75: 1, last + 120: 1}),
        )
    )


def share(name: str, budget_share: float, upper: float | None) -> Cases:
    """Cases of a cost that reaches a share of the budget of 3,000, and then the next share."""
    budget, cost = "dataplatform_cost_budget_usd", name
    limit = 3000 * budget_share
    past = limit - 1 if upper is None else 3000 * upper + 1
    # Up to the next share it is this alert's turn.
    top = limit + 1 if upper is None else 3000 * upper
    base = level(cost, limit - 1, limit, limit + 1)
    held = Scenario(
        LIFE,
        {cost: gauge({0: limit, T0: top, T0 + 300: past})},
        {T0 - 15: 0, T0: 1, T0 + 285: 1, T0 + 300 + KEEP - 15: 1, T0 + 300 + KEEP + 15: 0},
    )
    scenarios = (*base.scenarios, held)
    return Cases(
        tuple(
            Scenario(each.kinds, {**each.series, budget: gauge({0: 3000})}, each.firing)
            for each in scenarios
        )
    )


def down(job: str) -> Cases:
    """Cases of a scrape job that fails, or is gone altogether."""
    series = f'up{{job="{job}", instance="a"}}'
    base = level(series, 1, 1, 0, wait=60)
    return Cases(
        (
            *base.scenarios,
            quiet({series: gauge({0: 1, T0: 0, T0 + 60: 1})}, T0 + 45, T0 + 60, T0 + 75),
            Scenario(LIFE, {series: gauge({0: 1, T0: STALE})}, {T0 + 45: 0, T0 + 60: 1}),
        )
    )


def burn(
    objective: str, pairs: tuple[tuple[str, str, float, int], ...], *, least: int = 5
) -> Cases:
    """Cases of a burn rate; a pair is long and short window, limit, total that 5 bad exceed.

    ``least`` is the fewest bad events that are worth telling.
    """
    every = {window for long, short, _, _ in pairs for window in (long, short)}

    def lines(
        changes: Mapping[str, tuple[float, float]], until: int | None = None
    ) -> dict[str, Line]:
        found = {}
        for window in every:
            bad, total = changes.get(window, (0, 10_000))
            for what, value, idle in (("bad", bad, 0), ("total", total, total)):
                steps = {0: idle, T0: value} | ({until: idle} if until else {})
                series = f'dataplatform:slo_{what}:increase{window}{{objective="{objective}"}}'
                found[series] = gauge(steps)
        return found

    scenarios = []
    for long, short, limit, total in pairs:
        at, over = (10_000 * limit, 10_000.0), (10_000 * limit + 1, 10_000.0)
        few = (least - 1.0, 2.0 * least)
        five = (float(least), total * least / 5)
        scenarios += [
            Scenario(
                LIFE,
                lines({long: five, short: over}, T0 + 300),
                {T0 - 15: 0, T0: 1, T0 + 300 + KEEP - 15: 1, T0 + 300 + KEEP + 15: 0},
            ),
            quiet(lines({long: at, short: over}), T0),
            quiet(lines({long: over, short: at}), T0),
            quiet(lines({long: few, short: over}), T0),
        ]
        gap = lines({long: five, short: over})
        series = f'dataplatform:slo_bad:increase{long}{{objective="{objective}"}}'
        gap[series] = gauge({**gap[series].changes, T0 + 30: STALE, T0 + 90: least})
        scenarios.append(Scenario(frozenset({GAP}), gap, {T0 + 75: 1, T0 + 120: 1}))
    return Cases(tuple(scenarios))


def old(series: str, limit: int, step: int) -> list[Scenario]:
    """Scenarios of a time that lies ``limit`` seconds back."""
    renewed = T0 + limit + 5 * step
    resolved = renewed + KEEP
    return [
        Scenario(
            LIFE,
            {series: gauge({0: T0, renewed: renewed, renewed + 120: renewed + 120})},
            {T0 + limit: 0, T0 + limit + step: 1, resolved + step: 0},
        ),
        quiet({series: gauge({0: T0})}, T0 + limit),
        Scenario(
            frozenset({GAP}),
            {series: gauge({0: T0, T0 + limit + 2 * step: STALE, T0 + limit + 4 * step: T0})},
            {T0 + limit + 3 * step: 1, T0 + limit + 6 * step: 1},
        ),
    ]
