"""Lambda: the state of what each alias serves, and when that was last changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Text
from exporter import turns
from exporter.collector import Collector, Context, Reading, Use
from exporter.enums import states
from exporter.fanout import ask_each
from exporter.samples import Series
from inventory.model import Inventory
from inventory.resources import Function

STATE = MetricSpec(
    "dataplatform_lambda_state",
    Kind.GAUGE,
    ("function", "state"),
    Text(
        "1 no estado em que está a versão servida pelo alias, 0 nos outros",
        "1 for the state of the version that the alias serves, 0 for the others",
    ),
)
LAST_UPDATE = MetricSpec(
    "dataplatform_lambda_last_update_status",
    Kind.GAUGE,
    ("function", "state"),
    Text(
        "1 no resultado da última atualização da versão servida pelo alias, 0 nos outros",
        "1 for the outcome of the last update of the version that the alias serves, else 0",
    ),
)
LAST_MODIFIED = MetricSpec(
    "dataplatform_lambda_last_modified_timestamp_seconds",
    Kind.GAUGE,
    ("function",),
    Text(
        "Quando o código ou a configuração servida pelo alias foi alterada",
        "When the code or configuration that the alias serves was last changed",
    ),
)
SPECS = (STATE, LAST_UPDATE, LAST_MODIFIED)

STATES = (
    "Pending",
    "Active",
    "Inactive",
    "Failed",
    "Deactivating",
    "Deactivated",
    "ActiveNonInvocable",
    "Deleting",
)
LAST_UPDATES = ("Successful", "Failed", "InProgress")
_OPERATION = "GetFunctionConfiguration"


@dataclass(frozen=True)
class Known:
    """What was answered when; times are unix seconds, None where AWS left it out."""

    asked: float
    state: str | None
    last_update: str | None
    modified: float | None


def parse(answer: Mapping[str, Any], asked: float) -> Known:
    """Read an answer of GetFunctionConfiguration. Reasons are free text and left to the logs."""
    modified = answer.get("LastModified")
    return Known(
        asked,
        answer.get("State"),
        answer.get("LastUpdateStatus"),
        datetime.fromisoformat(modified).timestamp() if modified else None,
    )


def collect(context: Context) -> Reading:
    """Ask for every followed function, and for the others in turns.

    ListFunctions leaves out both states (its API reference), so that each needs a call of its own.
    """
    functions = {function.key: function for function in context.inventory.functions}
    followed = [function for function in functions.values() if function.follow_alias]
    answers = ask_each(context, followed, partial(_ask, context), _OPERATION)
    found = {f.key: known for f, known in zip(followed, answers, strict=True)}
    found |= _in_turn(context, [f for f in functions.values() if not f.follow_alias])
    present = {key: found[key] for key in functions if found.get(key) is not None}
    return Reading(
        tuple(s for key, known in present.items() if known for s in _series(key, known)),
        expected=len(functions),
        seen=len(present),
        missing=tuple(key for key in functions if key in found and found[key] is None),
    )


def _in_turn(context: Context, functions: Sequence[Function]) -> dict[str, Known | None]:
    by_key = {function.key: function for function in functions}
    documents = context.state.load()
    found: dict[str, Known | None] = {
        key: Known(*documents[key]) for key in by_key if key in documents
    }
    asked = {key: known.asked for key, known in found.items() if known}
    every = context.inventory.collection.resources_every
    due = turns.due(asked, tuple(by_key), context.now(), every)
    gone = {key: None for key in documents if key not in by_key}
    if gone:
        context.state.commit(gone)

    def ask(keys: Sequence[str]) -> None:
        wanted = [by_key[key] for key in keys]
        answers = ask_each(context, wanted, partial(_ask, context), _OPERATION)
        found.update(zip(keys, answers, strict=True))
        # What is missing is not kept: it is asked for in every run until it is there.
        context.state.commit({key: astuple(k) if (k := found[key]) else None for key in keys})

    turns.take(context, due, ask)
    return found


def _ask(context: Context, function: Function) -> Known | None:
    try:
        answer = context.client("lambda", function.scope).get_function_configuration(
            FunctionName=function.name, Qualifier=function.alias
        )
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "ResourceNotFoundException":
            raise
        return None
    return parse(answer, context.now())


def _series(key: str, known: Known) -> Iterator[Series]:
    if known.state is not None:
        yield from states(STATE, (key,), STATES, known.state)
    if known.last_update is not None:
        yield from states(LAST_UPDATE, (key,), LAST_UPDATES, known.last_update)
    if known.modified is not None:
        yield Series(LAST_MODIFIED, (key,), known.modified)


def uses(inventory: Inventory) -> tuple[Use, ...]:
    """Return what one run sends on average: the functions that take turns share their hour."""
    collection = inventory.collection
    share = min(1.0, collection.control_plane_every / collection.resources_every)
    calls = sum(1.0 if function.follow_alias else share for function in inventory.functions)
    return (Use("lambda", _OPERATION, calls),)


COLLECTOR = Collector(
    name="lambda_state",
    specs=SPECS,
    iam=("lambda:GetFunctionConfiguration",),
    every=lambda inventory: inventory.collection.control_plane_every,
    offset=lambda _inventory: 0.0,
    deadline=lambda inventory: max(inventory.collection.control_plane_every, 10.0),
    collect=collect,
    uses=uses,
)
