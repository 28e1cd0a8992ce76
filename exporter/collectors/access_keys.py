"""Access keys: how old every active key of every IAM user is. Secrets are never read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Text
from exporter.collector import CollectError, Collector, Context, Priority, Reading, Reason, Use
from exporter.places import Place, accounts
from exporter.samples import Series
from inventory.model import Inventory

CREATED = MetricSpec(
    "dataplatform_access_key_created_timestamp_seconds",
    Kind.GAUGE,
    ("account", "user", "key"),
    Text(
        "Quando a chave de acesso ativa foi criada; key é o fim do seu identificador",
        "When the active access key was created; key is the end of its id",
    ),
)
OVERDUE = MetricSpec(
    "dataplatform_access_keys_overdue",
    Kind.GAUGE,
    ("account",),
    Text(
        "Chaves de acesso ativas mais velhas do que o inventário permite",
        "Active access keys older than the inventory allows",
    ),
)
SPECS = (CREATED, OVERDUE)

_NAME = "access_keys"
_PAGE = 1000
_SHOWN = 4
PLANNED_USERS = 25
"""How many users an account is planned with: the inventory does not say, and each is a call."""


@dataclass(frozen=True)
class Key:
    """An active key: the shown end of its id, and when it was created (unix seconds)."""

    shown: str
    created: float


def parse(pages: list[dict[str, Any]]) -> tuple[Key, ...]:
    """Read the pages of one user's ListAccessKeys: its active keys, told apart by their ends."""
    found = [item for page in pages for item in page["AccessKeyMetadata"]]
    ends = _ends([item["AccessKeyId"] for item in found])
    return tuple(
        Key(ends[item["AccessKeyId"]], item["CreateDate"].timestamp())
        for item in found
        if item["Status"] == "Active"
    )


def _ends(identities: list[str]) -> dict[str, str]:
    """Return the last characters of each id: four, or as many as tell the user's keys apart."""
    shown = _SHOWN
    while len({identity[-shown:] for identity in identities}) < len(set(identities)):
        shown += 1
    return {identity: identity[-shown:] for identity in identities}


def collect(context: Context) -> Reading:
    """List the keys of every user; IAM is global, so each account is asked once."""
    asked = accounts(context.inventory)
    oldest = context.now() - context.inventory.security.access_key_max_age
    series: list[Series] = []
    for account in asked:
        overdue = 0
        for user in [str(user["UserName"]) for user in _users(context, account)]:
            for key in parse(list(_keys(context, account, user))):
                overdue += key.created < oldest
                series.append(Series(CREATED, (account.account, user, key.shown), key.created))
        series.append(Series(OVERDUE, (account.account,), float(overdue)))
    return Reading(tuple(series), expected=len(asked), seen=len(asked))


def _users(context: Context, account: Place) -> Iterator[Mapping[str, Any]]:
    for page in _pages(context, account, "list_users", {}):
        yield from page["Users"]


def _keys(context: Context, account: Place, user: str) -> Iterator[dict[str, Any]]:
    try:
        yield from _pages(context, account, "list_access_keys", {"UserName": user})
    except ClientError as error:
        # Deleted since the users were listed: such a user has no keys.
        if error.response.get("Error", {}).get("Code") != "NoSuchEntity":
            raise


def _pages(
    context: Context, account: Place, operation: str, request: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    call = getattr(context.client("iam", account.scope), operation)
    request = {**request, "MaxItems": _PAGE}
    while True:
        if context.remaining() <= 0:
            raise CollectError(Reason.TIMEOUT, f"no time left for {operation}")
        page = call(**request)
        yield page
        if not page["IsTruncated"]:
            return
        request["Marker"] = page["Marker"]


def uses(inventory: Inventory) -> tuple[Use, ...]:
    """Return what one run sends: a page of users in each account, and a page of keys for each."""
    asked = len(accounts(inventory))
    return (
        Use("iam", "ListUsers", asked),
        Use("iam", "ListAccessKeys", asked * PLANNED_USERS),
    )


COLLECTOR = Collector(
    name=_NAME,
    specs=SPECS,
    iam=("iam:ListAccessKeys", "iam:ListUsers"),
    every=lambda inventory: inventory.collection.security_every,
    offset=lambda _inventory: 0.0,
    # A call for each user, one after the other: a large account takes minutes.
    deadline=lambda inventory: max(inventory.collection.security_every, 60.0),
    collect=collect,
    uses=uses,
    priority=Priority.DETAIL,
    splits=False,
)
