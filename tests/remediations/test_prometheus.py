"""Asking a real Prometheus whether an alert fires, and when its silence means nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml

from remediations.action import UnavailableError
from remediations.prometheus import Prometheus
from tests.conftest import wait_for
from tests.prometheus import prometheus_at

LABELS = {"function": "lambda_router", "severity": "page"}


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus with a rule that fires, one that does not, and one that was not evaluated."""
    root = tmp_path_factory.mktemp("prometheus")

    def rule(name: str, expr: str) -> dict[str, object]:
        return {"alert": name, "expr": expr, "labels": LABELS}

    groups = [
        {
            "name": "soon",
            "interval": "1s",
            "rules": [
                rule("Fires", "vector(1)"),
                rule("Quiet", "vector(1) > 2"),
                {**rule("Waits", "vector(1)"), "for": "100d"},
            ],
        },
        # A group is first evaluated some time within its interval.
        {"name": "late", "interval": "100d", "rules": [rule("Late", "vector(1)")]},
    ]
    (root / "rules.yml").write_text(yaml.safe_dump({"groups": groups}))
    with prometheus_at(root, {"rule_files": ["rules.yml"]}) as url:
        asked = Prometheus(url)
        wait_for(lambda: _fires(asked, "Fires"), 20)
        yield asked


def _fires(asked: Prometheus, name: str) -> bool:
    try:
        return asked.fires({"alertname": name, **LABELS})
    except UnavailableError:
        return False


def test_what_fires_and_what_does_not(prometheus: Prometheus) -> None:
    """An alert is told by all its labels; one that is evaluated and quiet is denied."""
    assert prometheus.fires({"alertname": "Fires", **LABELS, "cluster": "added on the way"})
    assert not prometheus.fires({"alertname": "Fires", **LABELS, "function": "other"})
    assert not prometheus.fires({"alertname": "Quiet", **LABELS})


def test_silence_before_the_first_evaluation_denies_nothing(prometheus: Prometheus) -> None:
    """An alert whose rule was not evaluated yet is unknown: a naive reader would call it gone."""
    with pytest.raises(UnavailableError):
        prometheus.fires({"alertname": "Late", **LABELS})


def test_what_is_pending_is_told_with_what_fires(prometheus: Prometheus) -> None:
    """An alert that waits for its ``for`` is known before it fires; a quiet one is not there."""
    names = {labels["alertname"] for labels in prometheus.alerting()}
    assert names == {"Fires", "Waits"}
    assert all(LABELS.items() <= labels.items() for labels in prometheus.alerting())
    assert not prometheus.fires({"alertname": "Waits", **LABELS})


def test_a_rule_that_is_not_there_denies_nothing(prometheus: Prometheus) -> None:
    """An alert of another Prometheus, or of a rule that was renamed, is unknown, not gone."""
    with pytest.raises(UnavailableError, match="no rule"):
        prometheus.fires({"alertname": "Renamed", **LABELS})
