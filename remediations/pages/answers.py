"""Reading requests and refusing them, in the API's form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, jsonify, request

_NAME_LIMIT = 200


def problem(status: int, message: str) -> Response:
    """Return a refusal in one line."""
    answer = jsonify({"error": message})
    answer.status_code = status
    if status == 401:  # noqa: PLR2004 the one status that carries a challenge
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def body() -> Mapping[str, Any]:
    """Return the JSON mapping of the request; empty where there is none."""
    document = request.get_json(silent=True)
    return document if isinstance(document, dict) else {}


def asked_by(asked: Mapping[str, Any]) -> str:
    """Return who asks, as they call themselves."""
    return str(asked.get("by") or "api").replace("\0", "")[:_NAME_LIMIT]
