"""How a function fares, as the actions that are to cure it measure it before and after."""

from __future__ import annotations

from collections.abc import Mapping

from catalogue.promql import series
from catalogue.recorded import LAMBDA_ERROR_RATIO_RECENT, LAMBDA_INVOCATIONS_RECENT
from remediations.action import BlockedError, Context, ObsoleteError
from remediations.model import Run, Sample, Verdict

_WORSE = 1.5


def baseline(context: Context, function: str) -> Mapping[str, float | None]:
    """Measure the trouble just before acting.

    Raises:
        BlockedError: if there is nothing to see.
        ObsoleteError: if there is no trouble any more.
    """
    ratio, invocations = _recent(context, function)
    if ratio is None or not invocations:
        raise BlockedError("no_data", f"no recent measurements of {function}")
    if ratio <= context.inventory.regression.floor:
        raise ObsoleteError("recovered", f"{ratio:.1%} of recent invocations fail")
    return {"error_ratio": ratio, "invocations": invocations}


def judge(context: Context, run: Run, function: str) -> Sample:
    """Say whether the trouble is gone; no traffic or no data proves nothing."""
    ratio, invocations = _recent(context, function)
    before = (run.baseline or {}).get("error_ratio")
    readings = {"error_ratio": ratio, "invocations": invocations, "before": before}
    if ratio is None or not invocations:
        verdict = Verdict.UNKNOWN
    elif ratio <= context.inventory.regression.floor:
        verdict = Verdict.GOOD
    elif before is not None and ratio > _WORSE * before:
        verdict = Verdict.WORSE
    else:
        verdict = Verdict.BAD
    return Sample(context.now(), verdict, readings)


def _recent(context: Context, function: str) -> tuple[float | None, float | None]:
    matchers = {"function": function}
    return (
        context.metrics.value(str(series(LAMBDA_ERROR_RATIO_RECENT, matchers))),
        context.metrics.value(str(series(LAMBDA_INVOCATIONS_RECENT, matchers))),
    )
