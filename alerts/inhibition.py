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
            "DatapointMissing",
            "LogPatternNeverMatched",
            "ProcessingIdle",
        ),
    ),
    Inhibition(
        "CollectorFailing", ("CollectorStale", "CoverageIncomplete"), ("environment", "collector")
    ),
    Inhibition("FunctionRegressedAfterDeploy", ("LambdaErrorsHigh",), ("environment", "function")),
    Inhibition("FunctionFailsWithoutChange", ("LambdaErrorsHigh",), ("environment", "function")),
    Inhibition("LambdaBudgetBurnFast", ("LambdaBudgetBurnSlow",), ("environment", "objective")),
    Inhibition("ApiBudgetBurnFast", ("ApiBudgetBurnSlow",), ("environment", "objective")),
    Inhibition("InfluxDown", ("InfluxWriteSlow",), ("environment", "bucket")),
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
