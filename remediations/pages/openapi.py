"""The service's OpenAPI document: every route that it serves."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from remediations.intake import Webhook
from remediations.pages.answers import Action, Approval, Asked, Switching
from remediations.pages.maintenance import WINDOW, Opening
from remediations.pages.schemas import COMPONENTS, Schema, array, exactly, ref

_TEXTS = {
    "200": "done",
    "202": "recorded durably",
    "400": "malformed",
    "401": "a token, or a client certificate where those are taken, is needed",
    "403": "the token is not known",
    "404": "unknown",
    "409": "not possible in this state",
    "413": "too large",
    "429": "too many wrong tokens from this address: none is looked at now",
    "503": "the ledger does not answer",
}
_ALWAYS = ("401", "403", "429", "503")
_ERROR = {"application/json": {"schema": ref("Error")}}


def _answers(good: str, content: Schema, *refusals: str) -> dict[str, Any]:
    return {
        good: {"description": _TEXTS[good], "content": content},
        **{code: {"description": _TEXTS[code], "content": _ERROR} for code in refusals},
    }


def _operation(
    summary: str,
    answer: Schema,
    *refusals: str,
    good: str = "200",
    asks: type[BaseModel] | None = None,
) -> dict[str, Any]:
    content = {"application/json": {"schema": answer}}
    operation: dict[str, Any] = {
        "summary": summary,
        "security": [{"token": []}, {"certificate": []}],
        "responses": _answers(good, content, *refusals, *_ALWAYS),
    }
    if asks is not None:
        schema = {"$ref": f"#/components/schemas/{asks.__name__}Request"}
        operation["requestBody"] = {
            "required": any(field.is_required() for field in asks.model_fields.values()),
            "content": {"application/json": {"schema": schema}},
        }
        operation["responses"] |= _answers(good, content, "400", "413")
    return operation


def _page(summary: str, media: str, *more: str) -> dict[str, Any]:
    text: Schema = {media: {"schema": {"type": "string"}}}
    responses: dict[str, Any] = {c: {"description": _TEXTS[c]} for c in ("200", *more)}
    responses["200"] |= {"content": text}
    if "404" in more:
        responses["404"] |= {"content": _ERROR}
    if "503" in more:
        responses["503"] |= {"content": {"text/plain": {"schema": {"type": "string"}}}}
    return {"get": {"summary": summary, "responses": responses}}


def _in_path(name: str) -> dict[str, Any]:
    return {
        "parameters": [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}}]
    }


def _requests() -> dict[str, Schema]:
    found: dict[str, Schema] = {}
    for model in (Webhook, Asked, Approval, Switching, Action, Opening):
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}Request")
        parts = schema.pop("$defs", {})
        found |= {f"{name}Request": part for name, part in parts.items()}
        found[f"{model.__name__}Request"] = schema
    return found


def document(version: str) -> dict[str, Any]:
    """Return the description of every endpoint."""
    run, full, asked = ref("Run"), ref("FullRun"), "/v1/runs/{run_id}"
    window = ref("Maintenance")
    open_only = {
        "name": "open",
        "in": "query",
        "schema": {"type": "string", "enum": ["true", "false"]},
        "description": "only runs that are not closed",
    }
    decide = ("404", "409")
    html, plain = "text/html", "text/plain"
    return {
        "openapi": "3.1.0",
        "info": {"title": "Vigia remediations", "version": version},
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "certificate": {
                    "type": "mutualTLS",
                    "description": "taken where VIGIA_CLIENT_CERTIFICATES is true",
                },
            },
            "schemas": {**COMPONENTS, "Maintenance": WINDOW, **_requests()},
        },
        "paths": {
            "/v1/alerts": {
                "post": _operation(
                    "Alertmanager's webhook", ref("Receipt"), good="202", asks=Webhook
                )
            },
            "/v1/runs": {
                "parameters": [open_only],
                "get": _operation("Runs, newest first", exactly(runs=array(run)), "400"),
            },
            asked: {"get": _operation("One run in full", full, "404"), **_in_path("run_id")},
            f"{asked}/approve": {
                "post": _operation("Approve exactly this plan", run, *decide, asks=Approval),
                **_in_path("run_id"),
            },
            f"{asked}/reject": {
                "post": _operation("Refuse a plan", run, *decide, asks=Asked),
                **_in_path("run_id"),
            },
            f"{asked}/cancel": {
                "post": _operation("End a run that has not acted", run, *decide, asks=Asked),
                **_in_path("run_id"),
            },
            "/v1/actions": {
                "get": _operation(
                    "What may be asked for by hand", exactly(actions=array(ref("Action")))
                )
            },
            "/v1/actions/{name}": {
                "post": _operation(
                    "Ask for an action: its plan then waits for approval",
                    run,
                    *decide,
                    good="202",
                    asks=Action,
                ),
                **_in_path("name"),
            },
            "/v1/why/{fingerprint}": {
                "get": _operation("Why an alert was or was not acted on", ref("Why"), "404"),
                **_in_path("fingerprint"),
            },
            "/v1/pause": {
                "post": _operation("Engage the kill switch", ref("Switch"), asks=Switching)
            },
            "/v1/resume": {
                "post": _operation("Release the kill switch", ref("Switch"), asks=Switching)
            },
            "/v1/maintenance": {
                "get": _operation("The maintenance window, and the silences of ours", window),
                "post": _operation(
                    "Begin a maintenance window, or prolong the active one",
                    window,
                    "409",
                    good="202",
                    asks=Opening,
                ),
            },
            "/v1/maintenance/end": {
                "post": _operation(
                    "Undo what the maintenance window did", window, "409", good="202", asks=Asked
                )
            },
            "/": _page("The console", html, "503"),
            "/why/{fingerprint}": {
                **_page("Why an alert was or was not acted on", html, "404", "503"),
                **_in_path("fingerprint"),
            },
            "/runbooks/{alert}": {**_page("A runbook", html, "404"), **_in_path("alert")},
            "/metrics": _page("Metrics of the service itself", plain),
            "/-/healthy": _page("Whether the process lives", plain),
            "/-/ready": _page("Whether the ledger answers", plain, "503"),
            "/openapi.json": {
                "get": {
                    "summary": "This document",
                    "responses": _answers(
                        "200", {"application/json": {"schema": {"type": "object"}}}
                    ),
                }
            },
        },
    }
