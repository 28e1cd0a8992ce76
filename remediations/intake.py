"""Alertmanager's webhook: parsed strictly, decided per alert, committed before the answer.

Form: version "4" of Alertmanager's webhook receiver. Only labels that are part of the alert's
identity decide; never groupKey, receiver, endsAt or annotations.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from inventory.model import Inventory
from remediations.action import Action
from remediations.asking import mode_of
from remediations.ledger.deliveries import Delivery, Intent
from remediations.model import Decision

_MAX_ALERTS = 5_000


def _whole(value: object) -> object:
    # In JSON 3.0 is an integer.
    return int(value) if isinstance(value, float) and value.is_integer() else value


_Label = Annotated[str, Field(max_length=4096)]


class MalformedError(Exception):
    """The body is not a webhook of the kind we speak; one line says why."""


def _text(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("is not a time such as 2026-01-01T00:00:00Z")  # noqa: TRY004 pydantic's way
    return value


class Alert(BaseModel):
    """One alert, as far as it is read; what else it says is let pass."""

    model_config = ConfigDict(extra="ignore", strict=True)

    status: Literal["firing", "resolved"]
    labels: Annotated[dict[_Label, _Label], Field(max_length=100)]
    # Not strict, or text would not do; but text it must be, and no number of seconds.
    starts_at: Annotated[
        AwareDatetime, BeforeValidator(_text), Field(alias="startsAt", strict=False)
    ]
    fingerprint: Annotated[str, Field(pattern=r"^[0-9a-f]{1,64}$")]


class Webhook(BaseModel):
    """The body of a webhook, as far as it is read."""

    model_config = ConfigDict(extra="ignore", strict=True)

    version: Literal["4"]
    alerts: Annotated[list[Alert], Field(max_length=_MAX_ALERTS)]
    truncated: Annotated[
        int, Field(alias="truncatedAlerts", ge=0, le=2**31), BeforeValidator(_whole)
    ] = 0


def read_webhook(
    body: bytes, inventory: Inventory, actions: Mapping[str, Action]
) -> tuple[list[Delivery], int]:
    """Return the decided deliveries of a webhook, and how many alerts it left out.

    Raises:
        MalformedError: if the body is not a version 4 webhook.
    """
    try:
        webhook = Webhook.model_validate(json.loads(body))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise MalformedError(f"{where or 'body'}: {first['msg']}") from error
    except (ValueError, RecursionError) as error:
        raise MalformedError("the body is not JSON") from error
    return [_decide(alert, inventory, actions) for alert in webhook.alerts], webhook.truncated


def _decide(alert: Alert, inventory: Inventory, actions: Mapping[str, Action]) -> Delivery:
    # NUL cannot be stored as text in PostgreSQL, and means nothing in a label.
    labels = {k.replace("\0", ""): v.replace("\0", "") for k, v in alert.labels.items()}
    starts_at = alert.starts_at.timestamp()
    identity = json.dumps([alert.fingerprint, alert.status, starts_at])
    ruling = rule(alert.status, labels, inventory, actions)
    return Delivery(
        key=hashlib.sha256(identity.encode()).hexdigest(),
        fingerprint=alert.fingerprint,
        status=alert.status,
        labels=labels,
        starts_at=starts_at,
        **ruling._asdict(),
    )


class Ruling(NamedTuple):
    """What is to be done about an alert, why (a stable reason, a readable detail), and to what."""

    decision: Decision
    reason: str | None = None
    detail: str | None = None
    intent: Intent | None = None


def rule(
    status: str, labels: Mapping[str, str], inventory: Inventory, actions: Mapping[str, Action]
) -> Ruling:
    """Judge an alert by its labels alone."""
    name = labels.get("remediation")
    if not name:
        return Ruling(Decision.SUPPRESSED, "no_playbook")
    books = {book.name: book for book in inventory.playbooks}
    book = books.get(name)
    if book is None or book.action not in actions:
        return Ruling(Decision.REFUSED, "unknown_playbook", name[:100])
    if labels.get("alertname") not in book.alerts:
        return Ruling(Decision.REFUSED, "alert_not_allowed")
    if labels.get("environment") not in (None, inventory.environment):
        return Ruling(Decision.REFUSED, "foreign_environment")
    target = actions[book.action].target(labels)
    if target is None:
        return Ruling(Decision.REFUSED, "no_target")
    if target not in book.targets:
        return Ruling(Decision.REFUSED, "foreign_target", target[:100])
    if status == "resolved":
        return Ruling(Decision.ACCEPTED, "resolved")
    mode = mode_of(book, actions[book.action])
    intent = Intent(book.action, target, book.name, mode, dict(book.params))
    return Ruling(Decision.ACCEPTED, None, None, intent)
