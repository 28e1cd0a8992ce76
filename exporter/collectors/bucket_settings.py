"""Bucket settings: lifecycle rules, versioning, and the newest snapshot where one is to exist."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Text
from exporter.collector import CollectError, Collector, Context, Priority, Reading, Reason, Use
from exporter.failures import classify
from exporter.samples import Series
from exporter.sources.s3 import USD_PER_LIST, USD_PER_READ, ask, use
from inventory.model import Inventory
from inventory.resources import Bucket
from inventory.snapshots import MANIFEST_MOST_BYTES, folder, manifest_key, moment_of, read_manifest

LIFECYCLE_RULES = MetricSpec(
    "dataplatform_bucket_lifecycle_rules",
    Kind.GAUGE,
    ("bucket",),
    Text(
        "Regras de ciclo de vida ativas; 0 se não há nenhuma, ausente se não se pode saber",
        "Enabled lifecycle rules; 0 if there are none, absent if it cannot be known",
    ),
)
VERSIONING = MetricSpec(
    "dataplatform_bucket_versioning",
    Kind.GAUGE,
    ("bucket", "state"),
    Text("1 para o estado atual do versionamento", "1 for the present state of versioning"),
)
SNAPSHOT_NEVER = MetricSpec(
    "dataplatform_bucket_snapshot_never",
    Kind.GAUGE,
    ("bucket",),
    Text("1 se não há snapshot algum do bucket", "1 if there is no snapshot of the bucket at all"),
)
SNAPSHOT_TIMESTAMP = MetricSpec(
    "dataplatform_bucket_snapshot_timestamp_seconds",
    Kind.GAUGE,
    ("bucket",),
    Text("Quando começou o snapshot mais novo", "When the newest snapshot began"),
)
SNAPSHOT_OBJECTS = MetricSpec(
    "dataplatform_bucket_snapshot_objects",
    Kind.GAUGE,
    ("bucket",),
    Text("Objetos do snapshot mais novo", "Objects of the newest snapshot"),
)
SNAPSHOT_BYTES = MetricSpec(
    "dataplatform_bucket_snapshot_bytes",
    Kind.GAUGE,
    ("bucket",),
    Text("Bytes do snapshot mais novo", "Bytes of the newest snapshot"),
)
SNAPSHOT_COMPLETE = MetricSpec(
    "dataplatform_bucket_snapshot_complete",
    Kind.GAUGE,
    ("bucket",),
    Text("1 se o snapshot mais novo está completo", "1 if the newest snapshot is complete"),
)
UNKNOWN = MetricSpec(
    "dataplatform_bucket_setting_unknown_info",
    Kind.GAUGE,
    ("bucket", "setting", "reason"),
    Text(
        "Por que não se pode saber a configuração; sempre 1, ausente se foi lida",
        "Why the setting cannot be known; always 1, absent while it is read",
    ),
)
SPECS = (
    LIFECYCLE_RULES,
    VERSIONING,
    SNAPSHOT_NEVER,
    SNAPSHOT_TIMESTAMP,
    SNAPSHOT_OBJECTS,
    SNAPSHOT_BYTES,
    SNAPSHOT_COMPLETE,
    UNKNOWN,
)

_NAME = "bucket_settings"
_LOG = logging.getLogger(__name__)
_STATES = ("disabled", "enabled", "suspended")
_CLOSED = (Reason.DENIED, Reason.NOT_FOUND, Reason.ANSWER)
"""What hides one setting of one bucket, and nothing else."""


@dataclass(frozen=True)
class Found:
    """What is known of one setting, or that the bucket it is read from is ``gone``."""

    series: tuple[Series, ...]
    known: bool = True
    gone: bool = False


def enabled_rules(rules: Iterable[dict[str, Any]]) -> int:
    """Return how many lifecycle rules do something."""
    return sum(1 for rule in rules if rule.get("Status") == "Enabled")


def newest_snapshot(prefixes: Iterable[str], source: str) -> str | None:
    """Return the name of the newest snapshot among the common prefixes of a listing."""
    names = (prefix.removeprefix(folder(source)).rstrip("/") for prefix in prefixes)
    return max((name for name in names if moment_of(name) is not None), default=None)


def collect(context: Context) -> Reading:
    """Ask each bucket for each setting: what one may not tell, the others still do."""
    series: list[Series] = []
    missing: list[str] = []
    expected = seen = 0
    for bucket in context.inventory.buckets:
        for place, settings in _settings(context, bucket):
            found = [_found(bucket, name, question) for name, question in settings.items()]
            series += (one for setting in found for one in setting.series)
            expected += 1
            seen += all(setting.known for setting in found)
            if any(setting.gone for setting in found):
                missing.append(place)
    return Reading(tuple(series), expected, seen, missing=tuple(dict.fromkeys(missing)))


_Question = Callable[[], Iterator[Series]]


def _settings(context: Context, bucket: Bucket) -> Iterator[tuple[str, dict[str, _Question]]]:
    """Yield what is asked of which bucket: of itself, and of the one that keeps its snapshots."""
    yield (
        bucket.key,
        {
            "lifecycle": lambda: _lifecycle(context, bucket),
            "versioning": lambda: _versioning(context, bucket),
        },
    )
    target = bucket.snapshots
    if target is not None:
        place = bucket.model_copy(update={"name": target}).key
        yield place, {"snapshot": lambda: _snapshot(context, bucket, target)}


def _found(bucket: Bucket, setting: str, question: _Question) -> Found:
    try:
        return Found(tuple(question()))
    except (ClientError, CollectError) as error:
        known = classify(error)
        if known is None or known[0] not in _CLOSED:
            raise
        _LOG.warning("%s: %s: %s: %s", bucket.key, setting, *known)
        unknown = Series(UNKNOWN, (bucket.key, setting, known[0].value), 1.0)
        return Found((unknown,), known=False, gone=_code(error) == "NoSuchBucket")


def _code(error: Exception) -> str:
    return str(error.response["Error"].get("Code")) if isinstance(error, ClientError) else ""


def _lifecycle(context: Context, bucket: Bucket) -> Iterator[Series]:
    client = context.client("s3", bucket.scope)
    try:
        answer = ask(
            context,
            USD_PER_READ,
            lambda: client.get_bucket_lifecycle_configuration(Bucket=bucket.name),
        )
    except ClientError as error:
        if _code(error) != "NoSuchLifecycleConfiguration":
            raise
        answer = {}
    yield Series(LIFECYCLE_RULES, (bucket.key,), float(enabled_rules(answer.get("Rules", ()))))


def _versioning(context: Context, bucket: Bucket) -> Iterator[Series]:
    client = context.client("s3", bucket.scope)
    answer = ask(context, USD_PER_READ, lambda: client.get_bucket_versioning(Bucket=bucket.name))
    # A bucket that never had versioning answers with no state at all.
    present = str(answer.get("Status", "disabled")).lower()
    if present not in _STATES:
        raise CollectError(Reason.ANSWER, f"versioning is in the unknown state {present}")
    for state in _STATES:
        yield Series(VERSIONING, (bucket.key, state), float(state == present))


def _snapshot(context: Context, bucket: Bucket, target: str) -> Iterator[Series]:
    name = newest_snapshot(_prefixes(context, bucket, target), bucket.name)
    yield Series(SNAPSHOT_NEVER, (bucket.key,), float(name is None))
    if name is None:
        return
    try:
        manifest = read_manifest(_manifest(context, bucket, target, name), bucket.name)
    except ValueError as error:
        raise CollectError(Reason.ANSWER, f"snapshot {name}: {error}") from error
    yield Series(SNAPSHOT_TIMESTAMP, (bucket.key,), moment_of(name) or 0.0)
    yield Series(SNAPSHOT_OBJECTS, (bucket.key,), float(manifest.objects))
    yield Series(SNAPSHOT_BYTES, (bucket.key,), float(manifest.bytes))
    yield Series(SNAPSHOT_COMPLETE, (bucket.key,), float(manifest.complete))


def _prefixes(context: Context, bucket: Bucket, target: str) -> Iterator[str]:
    client = context.client("s3", bucket.scope)
    request: dict[str, Any] = {"Bucket": target, "Prefix": folder(bucket.name), "Delimiter": "/"}
    while True:
        page = ask(context, USD_PER_LIST, lambda: client.list_objects_v2(**request))
        yield from (prefix["Prefix"] for prefix in page.get("CommonPrefixes", []))
        if not page.get("IsTruncated"):
            return
        request["ContinuationToken"] = page["NextContinuationToken"]


def _manifest(context: Context, bucket: Bucket, target: str, name: str) -> bytes:
    client = context.client("s3", bucket.scope)
    key = manifest_key(bucket.name, name)
    answer = ask(context, USD_PER_READ, lambda: client.get_object(Bucket=target, Key=key))
    with closing(answer["Body"]) as stream:
        body: bytes = stream.read(MANIFEST_MOST_BYTES + 1)
    if len(body) > MANIFEST_MOST_BYTES:
        raise CollectError(Reason.ANSWER, f"the manifest of {name} is too large")
    return body


def uses(inventory: Inventory) -> tuple[Use, ...]:
    """Return what one run sends: two requests for each bucket, and two for its snapshots."""
    buckets = len(inventory.buckets)
    kept = sum(1 for bucket in inventory.buckets if bucket.snapshots is not None)
    return (
        use("GetBucketLifecycleConfiguration", buckets, USD_PER_READ),
        use("GetBucketVersioning", buckets, USD_PER_READ),
        use("ListObjectsV2", kept, USD_PER_LIST),
        use("GetObject", kept, USD_PER_READ),
    )


COLLECTOR = Collector(
    name=_NAME,
    specs=SPECS,
    iam=(
        "s3:GetLifecycleConfiguration",
        "s3:GetBucketVersioning",
        "s3:ListBucket",
        "s3:GetObject",
    ),
    every=lambda inventory: inventory.collection.resources_every,
    offset=lambda _inventory: 0.0,
    deadline=lambda _inventory: 60.0,
    collect=collect,
    uses=uses,
    priority=Priority.DETAIL,
)
