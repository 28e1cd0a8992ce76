"""What is asked of Lambda functions, and when: the pace of each metric. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

from exporter import packing
from exporter.account_look import account_metric, worth_it
from exporter.collector import Use
from exporter.folding import FoldState
from exporter.sources.cloudwatch import MAX_QUERIES, Metric, use
from exporter.views import slow
from inventory.model import Inventory
from inventory.resources import Function

QUANTILES: Mapping[float, str] = {0.5: "p50", 0.9: "p90", 0.99: "p99"}
_DURATION = ("Sum", "SampleCount", *QUANTILES.values())


def metric(function: Function, name: str) -> Metric:
    """Return a function's metric of that name."""
    statistics = _DURATION if name == "Duration" else ("Sum",)
    return Metric(
        "AWS/Lambda", name, (("FunctionName", function.name),), statistics, function.scope
    )


def phases(inventory: Inventory) -> dict[str, int]:
    """Return by how many seconds each function's slow turn is put off, so that they share the load.

    As many as one request holds have their turn together.
    """
    collection, functions = inventory.collection, inventory.functions
    period = int(collection.period)
    turns = max(1, int(slow(collection).period // collection.period))
    if len(functions) * len(_DURATION) <= MAX_QUERIES:
        turns = 1
    return {f.key: packing.bucket(f.key) % turns * period for f in functions}


def requests(inventory: Inventory, every: float) -> Iterator[Use]:
    """Yield what a run every ``every`` seconds sends on average, if everyone has to be asked."""
    collection, functions = inventory.collection, inventory.functions
    often = min(1.0, every / collection.period)
    seldom = min(often, every / collection.slow_every)
    longer = min(often, every / slow(collection).period)
    for name, share in (("Invocations", often), ("Errors", often), ("Throttles", seldom)):
        yield _share(use([metric(function, name) for function in functions]), share)
    late = phases(inventory)
    for turn in sorted(set(late.values())):
        asked = [
            metric(function, "Duration") for function in functions if late[function.key] == turn
        ]
        yield _share(use(asked), longer)
    counted = Counter(function.scope for function in functions)
    looked_at = [scope for scope, count in counted.items() if worth_it(count)]
    for name in ("Errors", "Throttles"):
        # Apart: what waits for its turn is looked at from further back.
        yield _share(use([account_metric(name, scope) for scope in looked_at]), often)


def _share(whole: Use, share: float) -> Use:
    return replace(
        whole,
        calls=whole.calls * share,
        metrics=whole.metrics * share,
        usd=whole.usd * share,
    )


def turn_has_come(state: FoldState, end: int, every: float, late: int) -> bool:
    """Return whether what is read every ``every`` seconds is to be read up to ``end`` now."""
    return state.watermark < state.since or math.floor((end + late) / every) > math.floor(
        (state.watermark + late) / every
    )
