"""Maintenance: the silences that we hold in Alertmanager, and the window they stand for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import requests

from catalogue.metrics import Kind, MetricSpec
from catalogue.silences import CREATED_BY, MAINTENANCE
from catalogue.text import Text
from exporter.collector import CollectError, Collector, Context, Priority, Reading, Reason, Use
from exporter.samples import Series
from inventory.model import Inventory

SILENCES = MetricSpec(
    "dataplatform_silences_active",
    Kind.GAUGE,
    (),
    Text("Silêncios nossos em vigor no Alertmanager", "Silences of ours in force in Alertmanager"),
)
EARLIEST_END = MetricSpec(
    "dataplatform_silences_earliest_end_timestamp_seconds",
    Kind.GAUGE,
    (),
    Text(
        "Quando acaba o primeiro silêncio nosso em vigor; ausente se não há nenhum",
        "When the first of our silences in force ends; absent if there is none",
    ),
)
LATEST_END = MetricSpec(
    "dataplatform_silences_latest_end_timestamp_seconds",
    Kind.GAUGE,
    (),
    Text(
        "Quando acaba o último silêncio nosso em vigor; ausente se não há nenhum",
        "When the last of our silences in force ends; absent if there is none",
    ),
)
ACTIVE = MetricSpec(
    "dataplatform_maintenance_active",
    Kind.GAUGE,
    (),
    Text("1 durante uma janela de manutenção", "1 during a maintenance window"),
)
UNTIL = MetricSpec(
    "dataplatform_maintenance_until_timestamp_seconds",
    Kind.GAUGE,
    (),
    Text(
        "Quando acaba a janela de manutenção; ausente fora dela",
        "When the maintenance window ends; absent outside one",
    ),
)
SPECS = (SILENCES, EARLIEST_END, LATEST_END, ACTIVE, UNTIL)

_NAME = "maintenance"
_PATIENCE = 5.0
_REFUSED = (requests.codes.unauthorized, requests.codes.forbidden)


@dataclass(frozen=True)
class Silence:
    """A silence of ours in force: when it ends (unix seconds), and whether it is maintenance."""

    ends: float
    maintenance: bool


def parse(document: Any) -> tuple[Silence, ...]:
    """Read Alertmanager's silences; those of people, and those not in force, are left out.

    Raises:
        CollectError: if it is not what Alertmanager answers.
    """
    try:
        return tuple(
            Silence(
                datetime.fromisoformat(silence["endsAt"]).timestamp(),
                silence["comment"].startswith(MAINTENANCE),
            )
            for silence in document
            if silence["createdBy"] == CREATED_BY and silence["status"]["state"] == "active"
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CollectError(Reason.ANSWER, "Alertmanager's silences cannot be read") from error


def collect(context: Context) -> Reading:
    """Ask Alertmanager: where it does not answer, nobody knows whether there is a window."""
    base = context.inventory.alerting.alertmanager_url.rstrip("/")
    patience = min(_PATIENCE, context.remaining())
    if patience <= 0:
        raise CollectError(Reason.TIMEOUT, "no time left to ask Alertmanager")
    answer = requests.get(f"{base}/api/v2/silences", timeout=patience)
    if answer.status_code in _REFUSED:
        raise CollectError(Reason.DENIED, f"Alertmanager answered {answer.status_code}")
    answer.raise_for_status()
    try:
        document = answer.json()
    except requests.JSONDecodeError as error:
        raise CollectError(Reason.ANSWER, "Alertmanager did not answer JSON") from error
    return Reading(tuple(_series(parse(document))), expected=1, seen=1)


def _series(silences: Sequence[Silence]) -> Iterator[Series]:
    ends = [silence.ends for silence in silences]
    windows = [silence.ends for silence in silences if silence.maintenance]
    yield Series(SILENCES, (), float(len(ends)))
    if ends:
        yield Series(EARLIEST_END, (), min(ends))
        yield Series(LATEST_END, (), max(ends))
    yield Series(ACTIVE, (), float(bool(windows)))
    if windows:
        yield Series(UNTIL, (), max(windows))


def uses(_inventory: Inventory) -> tuple[Use, ...]:
    """Return nothing: Alertmanager is not asked through AWS."""
    return ()


COLLECTOR = Collector(
    name=_NAME,
    specs=SPECS,
    iam=(),
    every=lambda inventory: inventory.collection.control_plane_every,
    offset=lambda _inventory: 0.0,
    deadline=lambda _inventory: 10.0,
    collect=collect,
    uses=uses,
    priority=Priority.NORMAL,
    splits=False,
)
