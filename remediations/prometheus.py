"""Asking Prometheus: instant queries, whether an alert fires, and which do or soon will."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import requests

from remediations.action import UnavailableError

_TIMEOUT = 5.0


class Prometheus:
    """The HTTP API of one Prometheus. Every answer is read strictly: doubt is no answer."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._session = requests.Session()

    def value(self, expression: str) -> float | None:
        """Return the one value of an instant query; None where there is no data.

        Raises:
            UnavailableError: if Prometheus does not answer, or answers with several series.
        """
        result = self._get("/api/v1/query", {"query": expression})["result"]
        if len(result) > 1:
            raise UnavailableError("prometheus_ambiguous", f"several series answer {expression}")
        if not result:
            return None
        value = float(result[0]["value"][1])
        return None if math.isnan(value) else value

    def fires(self, labels: Mapping[str, str]) -> bool:
        """Say whether an alert fires whose labels these are, external labels left aside.

        A Prometheus that has just started answers before it has evaluated its rules: until then
        its silence denies nothing, nor does it where it has no such rule.

        Raises:
            UnavailableError: if Prometheus does not answer, or cannot know.
        """
        rules = self._rules()
        if any(
            alert["state"] == "firing" and alert["labels"].items() <= labels.items()
            for rule in rules
            for alert in rule["alerts"]
        ):
            return True
        name = labels.get("alertname")
        health = [rule["health"] for rule in rules if rule["name"] == name]
        if not health:
            raise UnavailableError("prometheus_error", f"Prometheus has no rule {name}")
        if any(one != "ok" for one in health):
            raise UnavailableError("prometheus_error", f"{name} has not been evaluated")
        return False

    def alerting(self) -> Sequence[Mapping[str, str]]:
        """Return the labels of every alert that fires or is pending, external labels left aside.

        Raises:
            UnavailableError: if Prometheus does not answer.
        """
        return [
            alert["labels"]
            for rule in self._rules()
            for alert in rule["alerts"]
            if alert["state"] in ("pending", "firing")
        ]

    def _rules(self) -> list[Any]:
        groups = self._get("/api/v1/rules", {"type": "alert"})["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def _get(self, path: str, params: Mapping[str, str]) -> Any:
        try:
            answer = self._session.get(self._url + path, params=params, timeout=_TIMEOUT)
            document = answer.json()
            if document.get("status") != "success":
                raise UnavailableError(
                    "prometheus_error", str(document.get("error") or answer.status_code)[:200]
                )
            return document["data"]
        except (requests.RequestException, ValueError, KeyError, AttributeError) as error:
            raise UnavailableError(
                "prometheus_unreachable", f"Prometheus does not answer ({type(error).__name__})"
            ) from error
