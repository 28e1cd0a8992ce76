"""The service's OpenAPI document."""

from __future__ import annotations

from typing import Any

from remediations.maintenance import LONGEST, REASON_LIMIT, SHORTEST

_TOKEN: list[dict[str, list[str]]] = [{"token": []}]
_RUN_ID = {"name": "run_id", "in": "path", "required": True, "schema": {"type": "string"}}


def _answers(*codes: str) -> dict[str, Any]:
    texts = {
        "200": "done",
        "202": "recorded durably",
        "400": "malformed",
        "401": "a token is needed",
        "403": "the token is not known",
        "404": "unknown",
        "409": "not possible in this state",
        "413": "too large",
        "503": "the ledger does not answer",
    }
    return {code: {"description": texts[code]} for code in codes}


def _operation(
    summary: str, *codes: str, body: dict[str, Any] | None = None, parameters: Any = ()
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": summary,
        "security": _TOKEN,
        "responses": _answers(*codes, "401", "403", "503"),
    }
    if parameters:
        operation["parameters"] = list(parameters)
    if body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": body}},
        }
    return operation


def _object(*required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": properties}


def document(version: str) -> dict[str, Any]:
    """Return the description of every endpoint under ``/v1``."""
    text = {"type": "string"}
    alert = _object(
        "status",
        "labels",
        "startsAt",
        "fingerprint",
        status={"enum": ["firing", "resolved"]},
        labels={"type": "object", "additionalProperties": text},
        startsAt={"type": "string", "format": "date-time"},
        fingerprint={"type": "string", "pattern": "^[0-9a-f]{1,64}$"},
    )
    webhook = _object(
        "version",
        "alerts",
        version={"const": "4"},
        alerts={"type": "array", "items": alert},
        truncatedAlerts={"type": "integer", "minimum": 0},
    )
    who = _object(by=text)
    by_id: dict[str, Any] = {"parameters": [_RUN_ID]}
    print_ = {**_RUN_ID, "name": "fingerprint"}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Vigia remediations", "version": version},
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "paths": {
            "/v1/alerts": {
                "post": _operation("Alertmanager's webhook", "202", "400", "413", body=webhook)
            },
            "/v1/runs": {"get": _operation("Runs, newest first", "200")},
            "/v1/runs/{run_id}": {"get": _operation("One run in full", "200", "404", **by_id)},
            "/v1/runs/{run_id}/approve": {
                "post": _operation(
                    "Approve exactly this plan",
                    *("200", "400", "404", "409"),
                    body=_object("plan_hash", plan_hash=text, by=text),
                    **by_id,
                )
            },
            "/v1/runs/{run_id}/reject": {
                "post": _operation("Refuse a plan", "200", "404", "409", body=who, **by_id)
            },
            "/v1/runs/{run_id}/cancel": {
                "post": _operation(
                    "End a run that has not acted", "200", "404", "409", body=who, **by_id
                )
            },
            "/v1/actions": {"get": _operation("What may be asked for by hand", "200")},
            "/v1/actions/{name}": {
                "post": _operation(
                    "Ask for an action: its plan then waits for approval",
                    *("202", "400", "404", "409"),
                    body=_object(
                        target=text, params={"type": "object"}, dry_run={"type": "boolean"}, by=text
                    ),
                    parameters=[{**_RUN_ID, "name": "name"}],
                )
            },
            "/v1/why/{fingerprint}": {
                "get": _operation(
                    "Why an alert was or was not acted on", "200", "404", parameters=[print_]
                )
            },
            "/v1/maintenance": {
                "get": _operation("The maintenance window, and the silences of ours", "200"),
                "post": _operation(
                    "Begin a maintenance window, or prolong the active one",
                    *("202", "400", "409"),
                    body=_object(
                        "seconds",
                        "reason",
                        seconds={"type": "number", "minimum": SHORTEST, "maximum": LONGEST},
                        reason={"type": "string", "minLength": 1, "maxLength": REASON_LIMIT},
                        notice={"type": "boolean", "default": True},
                        backup={"type": "boolean", "default": False},
                        prolong={"type": "boolean", "default": False},
                        by=text,
                    ),
                ),
            },
            "/v1/maintenance/end": {
                "post": _operation("Undo what the maintenance window did", "202", "409", body=who)
            },
            "/v1/pause": {"post": _operation("Engage the kill switch", "200", body=who)},
            "/v1/resume": {"post": _operation("Release the kill switch", "200", body=who)},
        },
    }
