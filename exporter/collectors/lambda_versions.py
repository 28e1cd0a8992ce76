"""Lambda: how many versions each function has published, and what all of its code takes up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Text
from exporter import turns
from exporter.collector import CollectError, Collector, Context, Priority, Reading, Reason, Use
from exporter.fanout import ask_each
from exporter.samples import Series
from inventory.model import Inventory
from inventory.resources import Function

VERSIONS = MetricSpec(
    "dataplatform_lambda_versions",
    Kind.GAUGE,
    ("function",),
    Text("Versões publicadas da função", "Published versions of the function"),
)
CODE_BYTES = MetricSpec(
    "dataplatform_lambda_code_storage_bytes",
    Kind.GAUGE,
    ("function",),
    Text(
        "Espaço ocupado pelo código de todas as versões, $LATEST incluída",
        "Space taken up by the code of all versions, $LATEST included",
    ),
)
SPECS = (VERSIONS, CODE_BYTES)

_OPERATION = "ListVersionsByFunction"
_UNPUBLISHED = "$LATEST"


@dataclass(frozen=True)
class Known:
    """What was counted when (unix seconds)."""

    asked: float
    versions: int
    code_bytes: int


def parse(listed: Sequence[Mapping[str, Any]], asked: float) -> Known:
    """Count what all pages of ListVersionsByFunction hold."""
    return Known(
        asked,
        sum(1 for version in listed if version["Version"] != _UNPUBLISHED),
        sum(int(version["CodeSize"]) for version in listed),
    )


def collect(context: Context) -> Reading:
    """Show what is known of every function, asking anew where that is old."""
    functions = {function.key: function for function in context.inventory.functions}
    documents = context.state.load()
    known = {key: Known(*documents[key]) for key in functions if key in documents}
    missing: list[str] = []

    def ask(keys: Sequence[str]) -> None:
        wanted = [functions[key] for key in keys]
        answers = ask_each(context, wanted, partial(_ask, context), _OPERATION)
        changes: dict[str, Any] = {}
        for key, answer in zip(keys, answers, strict=True):
            known.pop(key, None)
            # What is missing is not kept: it is asked for in every run until it is there.
            changes[key] = astuple(answer) if answer else None
            if answer:
                known[key] = answer
            else:
                missing.append(key)
        context.state.commit(changes)

    gone = {key: None for key in documents if key not in functions}
    if gone:
        context.state.commit(gone)
    asked = {key: found.asked for key, found in known.items()}
    every = context.inventory.collection.resources_every
    turns.take(context, turns.due(asked, tuple(functions), context.now(), every), ask)
    return Reading(
        tuple(s for key in functions if key in known for s in _series(key, known[key])),
        expected=len(functions),
        seen=len(known),
        missing=tuple(missing),
    )


def _ask(context: Context, function: Function) -> Known | None:
    try:
        return parse(list(_versions(context, function)), context.now())
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "ResourceNotFoundException":
            raise
        return None


def _versions(context: Context, function: Function) -> Iterator[Mapping[str, Any]]:
    request: dict[str, Any] = {"FunctionName": function.name}
    client = context.client("lambda", function.scope)
    while True:
        if context.remaining() <= 0:
            raise CollectError(Reason.TIMEOUT, f"no time left for {_OPERATION}")
        page = client.list_versions_by_function(**request)
        yield from page["Versions"]
        if not page.get("NextMarker"):
            return
        request["Marker"] = page["NextMarker"]


def _series(key: str, known: Known) -> Iterator[Series]:
    yield Series(VERSIONS, (key,), float(known.versions))
    yield Series(CODE_BYTES, (key,), float(known.code_bytes))


def _every(inventory: Inventory) -> float:
    return min(inventory.collection.resources_every, inventory.collection.slow_every)


def uses(inventory: Inventory) -> tuple[Use, ...]:
    """Return what one run sends on average: most runs show kept answers; 50 versions are a page."""
    share = _every(inventory) / inventory.collection.resources_every
    return (Use("lambda", _OPERATION, share * len(inventory.functions)),)


COLLECTOR = Collector(
    name="lambda_versions",
    specs=SPECS,
    iam=("lambda:ListVersionsByFunction",),
    # More often than answers grow old: what one run did not manage, the next one does.
    every=_every,
    offset=lambda _inventory: 0.0,
    deadline=lambda inventory: max(10.0, min(120.0, _every(inventory))),
    collect=collect,
    uses=uses,
    priority=Priority.DETAIL,
)
