"""What makes the alerts on feature flags fire, and what just does not."""

from __future__ import annotations

from patterns import GAP, KEEP, LIFE, RESOLVES, T0, quiet
from promtool import STALE, Cases, Line, Scenario, counter, gauge

FUNCTION = '{function="lambda_router"}'


def regressed() -> Cases:
    """Return those of FunctionRegressedAfterFlag."""
    ratio = f"dataplatform:lambda_error_ratio:recent{FUNCTION}"
    before = f"dataplatform:lambda_error_ratio:before_flag{FUNCTION}"
    errors = f"dataplatform:lambda_errors:recent{FUNCTION}"
    turned = "dataplatform:flag_turned_on:timestamp_seconds"
    failed = f"dataplatform_lambda_errors_total{FUNCTION}"
    bad: dict[str, Line] = {
        ratio: gauge({0: 0.0, T0: 0.051}),
        before: gauge({0: 0.01}),
        errors: gauge({0: 0, T0: 5}),
        turned: gauge({0: T0 - 240}),
        failed: counter({T0 - 60: 2, T0: 3, T0 + 60: 2, T0 + 120: 2, T0 + 180: 2, T0 + 240: 2}),
    }
    edges: dict[str, Line] = {
        ratio: gauge({0: 0.0, T0: 0.05}),
        before: gauge({0: 0.017}),
        errors: gauge({0: 0, T0: 4}),
        turned: gauge({0: T0 - 3600}),
        failed: counter({T0: 5}),
    }
    return Cases(
        (
            Scenario(
                LIFE,
                bad | {ratio: gauge({0: 0.0, T0: 0.051, T0 + 240: 0.05})},
                {T0 - 30: 0, T0: 1, T0 + 240 + KEEP - 30: 1, T0 + 240 + KEEP + 30: 0},
            ),
            *(quiet(bad | {series: line}, T0, T0 + 60) for series, line in edges.items()),
            quiet({key: line for key, line in bad.items() if key != before}, T0, T0 + 60),
            quiet({key: line for key, line in bad.items() if key != turned}, T0, T0 + 60),
            # Exactly three times the ratio before: binary fractions, so that it is exact.
            quiet(bad | {ratio: gauge({0: 0.0, T0: 0.75}), before: gauge({0: 0.25})}, T0, T0 + 60),
            # Two failing periods further apart than the recent window.
            quiet(
                bad | {turned: gauge({0: T0 - 60}), failed: counter({30: 2, T0 + 180: 3})},
                T0 + 180,
                T0 + 210,
            ),
            # What can be seen so soon failed before the flag was turned on.
            quiet(bad | {turned: gauge({0: T0 - 150})}, T0, T0 + 60),
            Scenario(
                frozenset({RESOLVES}),
                bad | {turned: gauge({0: T0 - 240, T0 + 60: STALE})},
                {T0: 1, T0 + 30 + KEEP: 1, T0 + 90 + KEEP: 0},
            ),
            Scenario(
                frozenset({RESOLVES}),
                bad | {turned: gauge({0: T0 - 3540})},
                {T0: 1, T0 + 30 + KEEP: 1, T0 + 90 + KEEP: 0},
            ),
            Scenario(
                frozenset({GAP}),
                bad | {ratio: gauge({0: 0.0, T0: 0.051, T0 + 30: STALE, T0 + 90: 0.051})},
                {T0 + 60: 1, T0 + 120: 1},
            ),
        ),
        step=30,
    )
