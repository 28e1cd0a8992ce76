"""Talking to Alertmanager: which alerts are active, and our own calls for a human."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import requests

from remediations.action import UnavailableError

_TIMEOUT = 5.0


class Alertmanager:
    """The v2 API of one Alertmanager."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._session = requests.Session()

    def is_active(self, fingerprint: str) -> bool:
        """Say whether Alertmanager holds the alert as active, silenced or not.

        Raises:
            UnavailableError: if it does not answer.
        """
        try:
            answer = self._session.get(
                f"{self._url}/api/v2/alerts", params={"active": "true"}, timeout=_TIMEOUT
            )
            answer.raise_for_status()
            return any(alert["fingerprint"] == fingerprint for alert in answer.json())
        except (requests.RequestException, ValueError, KeyError, TypeError) as error:
            raise UnavailableError(
                "alertmanager_unreachable",
                f"Alertmanager does not answer ({type(error).__name__})",
            ) from error

    def post(self, alerts: Sequence[Mapping[str, Any]]) -> None:
        """Hand over alerts of our own.

        Raises:
            UnavailableError: if it does not take them.
        """
        try:
            answer = self._session.post(
                f"{self._url}/api/v2/alerts", json=list(alerts), timeout=_TIMEOUT
            )
            answer.raise_for_status()
        except requests.RequestException as error:
            raise UnavailableError(
                "alertmanager_unreachable",
                f"Alertmanager does not take alerts ({type(error).__name__})",
            ) from error

    def silences(self) -> list[dict[str, Any]]:
        """Return every silence that has not ended, ours and other people's.

        Raises:
            UnavailableError: if it does not answer.
        """
        try:
            answer = self._session.get(f"{self._url}/api/v2/silences", timeout=_TIMEOUT)
            answer.raise_for_status()
            return [one for one in answer.json() if one["status"]["state"] != "expired"]
        except (requests.RequestException, ValueError, KeyError, TypeError) as error:
            raise _silent(error) from error

    def silence(self, document: Mapping[str, Any]) -> str:
        """Create a silence, or change the one whose ``id`` the document names; return its id.

        Raises:
            UnavailableError: if it does not take it.
        """
        try:
            answer = self._session.post(
                f"{self._url}/api/v2/silences", json=dict(document), timeout=_TIMEOUT
            )
            answer.raise_for_status()
            return str(answer.json()["silenceID"])
        except (requests.RequestException, ValueError, KeyError, TypeError) as error:
            raise _silent(error) from error

    def expire(self, identity: str) -> None:
        """End a silence; one that has ended, or is gone, is fine.

        Raises:
            UnavailableError: if it does not answer.
        """
        try:
            answer = self._session.delete(
                f"{self._url}/api/v2/silence/{identity}", timeout=_TIMEOUT
            )
            if answer.status_code != requests.codes.not_found:
                answer.raise_for_status()
        except requests.RequestException as error:
            raise _silent(error) from error


def _silent(error: Exception) -> UnavailableError:
    return UnavailableError(
        "alertmanager_unreachable", f"Alertmanager does not answer ({type(error).__name__})"
    )
