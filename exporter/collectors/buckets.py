"""Buckets: whether each one can be reached, as a program of the platform would."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Text
from exporter import deadline
from exporter.collector import CollectError, Collector, Context, Priority, Reading, Reason, Use
from exporter.failures import classify
from exporter.samples import Series
from exporter.sources.s3 import USD_PER_READ, ask, use
from inventory.model import Inventory
from inventory.resources import Bucket

UP = MetricSpec(
    "dataplatform_bucket_up",
    Kind.GAUGE,
    ("bucket",),
    Text("1 se o bucket existe e responde", "1 if the bucket is there and answers"),
)
DURATION = MetricSpec(
    "dataplatform_bucket_probe_duration_seconds",
    Kind.GAUGE,
    ("bucket",),
    Text(
        "Quanto demorou a resposta do bucket; ausente se não houve resposta",
        "How long the bucket took to answer; absent if there was no answer",
    ),
)
UNREACHABLE = MetricSpec(
    "dataplatform_bucket_unreachable_info",
    Kind.GAUGE,
    ("bucket", "reason"),
    Text(
        "Por que o bucket não pôde ser alcançado; sempre 1, ausente se responde",
        "Why the bucket could not be reached; always 1, absent while it answers",
    ),
)
SPECS = (UP, DURATION, UNREACHABLE)

_NAME = "buckets"
_LOG = logging.getLogger(__name__)
_AT_ONCE = 16
_OURS = (Reason.CREDENTIALS, Reason.STATE, Reason.INTERNAL)
"""Reasons that say nothing of a bucket."""


@dataclass(frozen=True)
class Probe:
    """One HeadBucket: the seconds until its answer, and why the bucket is not up.

    ``failed`` is an error that is not the bucket's.
    """

    seconds: float | None = None
    reason: Reason | None = None
    failed: Exception | None = None


def collect(context: Context) -> Reading:
    """Ask for every bucket's head: one that is away, forbidden or silent is a measurement."""
    buckets = context.inventory.buckets
    probes: dict[str, Probe] = {}
    for start in range(0, len(buckets), _AT_ONCE):
        probes |= _together(context, buckets[start : start + _AT_ONCE])
    for probe in probes.values():
        if probe.failed is not None:
            raise probe.failed
    missing = [key for key, probe in probes.items() if probe.reason is Reason.NOT_FOUND]
    return Reading(
        tuple(series for key, probe in probes.items() for series in _series(key, probe)),
        expected=len(buckets),
        seen=len(buckets) - len(missing),
        missing=tuple(missing),
    )


def _together(context: Context, buckets: tuple[Bucket, ...]) -> dict[str, Probe]:
    """Ask for all of them at the same time: one that hangs takes no time from the others."""
    deadline.check(context, "HeadBucket")
    patience = min(context.inventory.collection.probe_deadline, context.remaining())
    done: SimpleQueue[tuple[str, Probe]] = SimpleQueue()
    for bucket in buckets:
        # The client waits longer, and more than once: what hangs is left to it.
        threading.Thread(
            target=lambda key, *given: done.put((key, _probe(context, *given))),
            args=(bucket.key, context.client("s3", bucket.scope), bucket.name),
            name=f"probe-{bucket.key}",
            daemon=True,
        ).start()
    probes = {bucket.key: Probe(reason=Reason.TIMEOUT) for bucket in buckets}
    until = time.monotonic() + patience
    for _ in buckets:
        try:
            key, probe = done.get(timeout=max(0.0, until - time.monotonic()))
        except Empty:
            break
        probes[key] = probe
    return probes


def _probe(context: Context, client: Any, name: str) -> Probe:
    started = time.monotonic()
    try:
        ask(context, USD_PER_READ, lambda: client.head_bucket(Bucket=name))
    except (ClientError, BotoCoreError, CollectError) as error:
        known = classify(error)
        if known is None or known[0] in _OURS:
            return Probe(failed=error)
        _LOG.warning("%s: %s: %s", name, *known)
        answered = isinstance(error, ClientError)
        return Probe(time.monotonic() - started if answered else None, known[0])
    return Probe(time.monotonic() - started)


def _series(key: str, probe: Probe) -> Iterator[Series]:
    yield Series(UP, (key,), float(probe.reason is None))
    if probe.seconds is not None:
        yield Series(DURATION, (key,), probe.seconds)
    if probe.reason is not None:
        yield Series(UNREACHABLE, (key, probe.reason.value), 1.0)


def uses(inventory: Inventory) -> tuple[Use, ...]:
    """Return what one run sends: a request for each bucket."""
    return (use("HeadBucket", len(inventory.buckets), USD_PER_READ),)


def _deadline(inventory: Inventory) -> float:
    turns = 1 + len(inventory.buckets) // _AT_ONCE
    return turns * inventory.collection.probe_deadline + 5


COLLECTOR = Collector(
    name=_NAME,
    specs=SPECS,
    iam=("s3:ListBucket",),
    every=lambda inventory: inventory.collection.probe_every,
    offset=lambda _inventory: 0.0,
    deadline=_deadline,
    collect=collect,
    uses=uses,
    priority=Priority.VITAL,
)
