"""What the API's answers look like, as JSON schemas: nothing more and nothing less."""

from __future__ import annotations

from typing import Any

from remediations.model import Decision, Outcome, State, StepState, Verdict

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
COUNT: Schema = {"type": "integer", "minimum": 0}
LABELS: Schema = {"type": "object", "additionalProperties": TEXT}
ANYTHING: Schema = {"type": "object"}


def ref(name: str) -> Schema:
    """Return a reference to a component."""
    return {"$ref": f"#/components/schemas/{name}"}


def one_of(values: Any) -> Schema:
    """Return a schema of an enumeration's values."""
    return {"type": "string", "enum": [value.value for value in values]}


def maybe(schema: Schema) -> Schema:
    """Return a schema that also takes null."""
    return {"anyOf": [schema, {"type": "null"}]}


def exactly(**properties: Schema) -> Schema:
    """Return an object with all of these properties and no others."""
    return {
        "type": "object",
        "required": sorted(properties),
        "properties": properties,
        "additionalProperties": False,
    }


def array(items: Schema) -> Schema:
    """Return an array of items of one kind."""
    return {"type": "array", "items": items}


_REASON = {"reason": maybe(TEXT), "reason_text": maybe(TEXT), "detail": maybe(TEXT)}
_RUN: dict[str, Schema] = {
    **dict.fromkeys(("id", "action", "target", "playbook", "fingerprint", "text"), TEXT),
    "mode": {"type": "string", "enum": ["shadow", "approve", "auto"]},
    "alert": maybe(TEXT),
    "state": one_of(State),
    "outcome": maybe(one_of(Outcome)),
    **_REASON,
    "plan_hash": maybe({"type": "string", "pattern": "^[0-9a-f]{64}$"}),
    "approved_by": maybe(TEXT),
    **dict.fromkeys(("starts_at", "created_at", "updated_at"), NUMBER),
    **dict.fromkeys(("intended_at", "applied_at", "closed_at"), maybe(NUMBER)),
}
_CALL = exactly(service=TEXT, operation=TEXT, arguments=ANYTHING)
_FULL_RUN = {
    **_RUN,
    "plan": maybe(ref("Plan")),
    "baseline": maybe(ANYTHING),
    "blocks": array(ref("Block")),
    "steps": array(ref("Step")),
    "samples": array(ref("Sample")),
    # Each kind of row has its own further fields.
    "history": array(
        {
            "type": "object",
            "required": ["at", "kind", "run_id", "seq"],
            "properties": {"at": NUMBER, "kind": TEXT, "run_id": TEXT, "seq": COUNT},
        }
    ),
}

COMPONENTS: dict[str, Schema] = {
    "Error": exactly(error=TEXT),
    "Receipt": exactly(
        **dict.fromkeys((decision.value for decision in Decision), COUNT), runs=array(TEXT)
    ),
    "Run": exactly(**_RUN),
    "FullRun": exactly(**_FULL_RUN),
    "Plan": exactly(
        action=TEXT,
        target=TEXT,
        before=ANYTHING,
        after=ANYTHING,
        calls=array(_CALL),
        undo=array(_CALL),
        diff=array(TEXT),
        notes=array(TEXT),
        expires_at=NUMBER,
        approval={"type": "boolean"},
        follow=maybe(exactly(at=NUMBER, params=ANYTHING)),
    ),
    "Block": exactly(at=NUMBER, **_REASON),
    "Step": exactly(
        purpose={"type": "string", "enum": ["apply", "undo"]},
        number=COUNT,
        service=TEXT,
        operation=TEXT,
        arguments=ANYTHING,
        state=one_of(StepState),
        attempts=COUNT,
        request_id=maybe(TEXT),
        error=maybe(TEXT),
        intended_at=maybe(NUMBER),
        settled_at=maybe(NUMBER),
    ),
    "Sample": exactly(at=NUMBER, verdict=one_of(Verdict), readings=ANYTHING),
    "Action": exactly(
        name=TEXT,
        risk={"type": "string", "enum": ["low", "medium", "high"]},
        targets=array(TEXT),
        params=ANYTHING,
        open_ended={"type": "boolean"},
    ),
    "Delivery": exactly(
        received_at=NUMBER,
        status={"type": "string", "enum": ["firing", "resolved"]},
        decision=one_of(Decision),
        **_REASON,
        text=TEXT,
        run_id=maybe(TEXT),
    ),
    "Why": exactly(
        fingerprint=TEXT,
        alert=LABELS,
        answer={**array(TEXT), "minItems": 1},
        deliveries_total=COUNT,
        deliveries=array(ref("Delivery")),
        runs=array(ref("FullRun")),
    ),
    "Switch": exactly(paused={"type": "boolean"}),
}
