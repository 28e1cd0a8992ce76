"""What silences what. Every label compared must exist on both sides.

Alertmanager takes two missing labels for equal: without ``label!=""`` on both sides an alert
would mute unrelated ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Inhibition:
    """While ``source`` fires, ``targets`` with the same ``equal`` labels tell nobody."""

    source: str
    targets: tuple[str, ...]
    equal: tuple[str, ...] = ("environment",)


INHIBITIONS = (
    Inhibition(
        "ExporterDown",
        (
            "CollectorFailing",
            "CollectorStale",
            "CoverageIncomplete",
            "ResourceMissing",
            "ScopeFailing",
            "DatapointMissing",
            "LogPatternNeverMatched",
            "ProcessingIdle",
        ),
    ),
    Inhibition(
        "CollectorFailing", ("CollectorStale", "CoverageIncomplete"), ("environment", "collector")
    ),
    Inhibition("FunctionRegressedAfterDeploy", ("LambdaErrorsHigh",), ("environment", "function")),
    Inhibition("FunctionRegressedAfterFlag", ("LambdaErrorsHigh",), ("environment", "function")),
    Inhibition("FunctionFailsWithoutChange", ("LambdaErrorsHigh",), ("environment", "function")),
    *(
        Inhibition(f"{burn}Fast", (f"{burn}Slow",), ("environment", "objective"))
        for burn in (
            "LambdaBudgetBurn",
            "ApiBudgetBurn",
            "ApiAvailabilityBurn",
            "InfluxWriteBurn",
            "InfluxLatencyBurn",
            "PipelineFreshnessBurn",
        )
    ),
    # What says it at once has already woken somebody.
    Inhibition("InfluxRecordsStale", ("PipelineFreshnessBurnFast", "PipelineFreshnessBurnSlow")),
    Inhibition("InfluxDown", ("InfluxWriteBurnFast", "InfluxWriteBurnSlow", "InfluxListenerDown")),
    Inhibition("ApiProbeDown", ("ApiAvailabilityBurnFast", "ApiAvailabilityBurnSlow")),
    Inhibition("InfluxDown", ("InfluxWriteSlow", "InfluxQuerySlow"), ("environment", "bucket")),
    Inhibition("ResourceMissing", ("CoverageIncomplete",), ("environment", "collector")),
    Inhibition("ScopeFailing", ("CoverageIncomplete",), ("environment", "collector")),
    Inhibition("BucketUnreachable", ("BucketSettingUnknown",), ("environment", "bucket")),
    Inhibition("RemediationDown", ("EngineStuck", "LedgerDown")),
    Inhibition("LedgerDown", ("EngineStuck",)),
)


def rules() -> list[dict[str, Any]]:
    """Return the inhibitions as Alertmanager's configuration holds them."""
    return [
        {
            "source_matchers": [f'alertname="{rule.source}"', *_present(rule)],
            "target_matchers": [f'alertname=~"{"|".join(rule.targets)}"', *_present(rule)],
            "equal": list(rule.equal),
        }
        for rule in INHIBITIONS
    ]


def _present(rule: Inhibition) -> list[str]:
    return [f'{label}!=""' for label in rule.equal]
