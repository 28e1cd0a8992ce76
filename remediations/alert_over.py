"""Whether the alert that asked for a run is over: the outcome, where only the alert tells trouble.

An alert also ends when its data do. Where reading AWS back does not itself disprove the alert,
``evidence`` is an expression that must still have a value: without one nothing is proved.
"""

from __future__ import annotations

from remediations.action import Context
from remediations.model import Run, Sample, Verdict


def judge(context: Context, run: Run, evidence: str | None = None) -> Sample:
    """Say whether the run's alert is over.

    Raises:
        UnavailableError: if Prometheus does not tell.
    """
    fires = context.metrics.fires(run.alert)
    readings: dict[str, float | None] = {"fires": float(fires)}
    if evidence is not None:
        readings["evidence"] = context.metrics.value(evidence)
    if fires:
        verdict = Verdict.BAD
    else:
        verdict = Verdict.UNKNOWN if None in readings.values() else Verdict.GOOD
    return Sample(context.now(), verdict, readings)
