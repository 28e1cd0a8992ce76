"""Put the inventory's lifecycle rules on a bucket.

PutBucketLifecycleConfiguration replaces all rules and knows no condition (API reference of S3): the
rules of others are read, kept as they are and written back, and they are read once more right
before writing. Ours are those whose ID begins as ours do; one that left the inventory is removed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from inventory.model import Inventory
from inventory.resources import Bucket, LifecycleRule
from remediations.action import (
    LATER,
    Action,
    BlockedError,
    Context,
    Finding,
    Hands,
    Later,
    NotMadeError,
    Observation,
    ObsoleteError,
    Risk,
    no_target,
)
from remediations.model import OWN_SERVICE, Call, Plan, Run

NAME = "set_lifecycle"
OURS = "vigia-"
RULES_MOST = 1000
"""The most rules of a bucket (S3's quotas)."""
_PUT = "PutLifecycle"
_NONE = "NoSuchLifecycleConfiguration"
_DAY = 86_400
_SETTLES = 300.0
"""S3 may show the former rules for a while: a bucket's settings are eventually consistent."""
_ARCHIVES = ("GLACIER", "DEEP_ARCHIVE")
Rule = dict[str, Any]


def targets(inventory: Inventory) -> tuple[str, ...]:
    """Return the buckets of the main account for which the inventory has rules."""
    return tuple(b.key for b in inventory.buckets if b.lifecycle and b.scope is None)


def observe(context: Context, run: Run) -> Observation:
    """Read the bucket's rules."""
    return _read(context.reader("s3"), _bucket(context.inventory, run.target).name)


def _bucket(inventory: Inventory, name: str) -> Bucket:
    for bucket in inventory.buckets:
        if bucket.key == name:
            return bucket
    raise BlockedError("not_allowed", f"the inventory has no bucket {name}")


def _read(client: Any, bucket: str) -> Observation:
    try:
        answer = client.get_bucket_lifecycle_configuration(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] != _NONE:
            raise
        return {"rules": [], "minimum": None}
    rules: list[Rule] = json.loads(json.dumps(answer.get("Rules", []), default=_text))
    return {"rules": rules, "minimum": answer.get("TransitionDefaultMinimumObjectSize")}


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"a rule holds a {type(value).__name__}")


def plan(context: Context, run: Run, seen: Observation) -> Plan:
    """Exchange our rules, and keep all others."""
    bucket = _bucket(context.inventory, run.target)
    wanted = [_rule(rule) for rule in bucket.lifecycle]
    present = {rule["ID"]: rule for rule in seen["rules"] if _is_ours(rule)}
    others = [rule for rule in seen["rules"] if not _is_ours(rule)]
    rules = [*others, *wanted]
    if _same(rules, seen["rules"]):
        raise ObsoleteError("already_done", f"{run.target} has the inventory's rules")
    if len(rules) > RULES_MOST:
        raise BlockedError("too_many_rules", f"{run.target} would have {len(rules)} rules")
    deleting = [
        rule["ID"]
        for rule in wanted
        if "Expiration" in rule and not _same_rule(rule, present.get(rule["ID"]))
    ]
    after = {"rules": rules, "minimum": seen["minimum"]}
    return Plan(
        action=NAME,
        target=run.target,
        before=dict(seen),
        after=after,
        calls=(_put(bucket.name, after, seen),),
        undo=(_put(bucket.name, seen, after),),
        diff=tuple(_lines(present, wanted, others)),
        notes=_notes(wanted, deleting=bool(deleting)),
        expires_at=context.now() + context.inventory.engine.plan_expiry,
        # What has expired is gone: that is never done without a person.
        approval=bool(deleting),
    )


def _rule(rule: LifecycleRule) -> Rule:
    made: Rule = {"ID": f"{OURS}{rule.name}", "Status": "Enabled", "Filter": {}}
    made["Filter"]["Prefix"] = rule.prefix
    if rule.transitions:
        made["Transitions"] = [
            {"Days": int(one.after) // _DAY, "StorageClass": one.storage_class}
            for one in rule.transitions
        ]
    if rule.expire_after is not None:
        made["Expiration"] = {"Days": int(rule.expire_after) // _DAY}
    if rule.abort_uploads_after is not None:
        days = int(rule.abort_uploads_after) // _DAY
        made["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": days}
    return made


def _is_ours(rule: Rule) -> bool:
    return str(rule.get("ID", "")).startswith(OURS)


def _normal(rule: Rule) -> Rule:
    # A filter of nothing and one of the empty prefix are the same rule.
    empty = rule.get("Filter") in ({}, {"Prefix": ""})
    return {**rule, "Filter": {"Prefix": ""}} if empty else rule


def _same_rule(one: Rule, other: Rule | None) -> bool:
    return other is not None and _normal(one) == _normal(other)


def _same(some: Sequence[Rule], others: Sequence[Rule]) -> bool:
    def by_id(rules: Sequence[Rule]) -> list[Rule]:
        return sorted((_normal(rule) for rule in rules), key=lambda rule: str(rule.get("ID")))

    return by_id(some) == by_id(others)


def _lines(present: Mapping[str, Rule], wanted: Sequence[Rule], others: Sequence[Rule]) -> Any:
    for rule in wanted:
        now = present.get(rule["ID"])
        if not _same_rule(rule, now):
            yield f"{rule['ID']}: {_said(now)} -> {_said(rule)}"
    names = {rule["ID"] for rule in wanted}
    for name, rule in present.items():
        if name not in names:
            yield f"{name}: {_said(rule)} -> none"
    yield f"rules of others, kept: {len(others)}"


def _said(rule: Rule | None) -> str:
    if rule is None:
        return "none"
    moves = [f"{t['StorageClass']} after {t.get('Days')} days" for t in rule.get("Transitions", ())]
    if "Expiration" in rule:
        moves.append(f"deleted after {rule['Expiration'].get('Days')} days")
    if "AbortIncompleteMultipartUpload" in rule:
        days = rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]
        moves.append(f"unfinished uploads removed after {days} days")
    prefix = rule.get("Filter", {}).get("Prefix") or "every key"
    return f"{prefix}: {', '.join(moves)}"


def _notes(wanted: Sequence[Rule], *, deleting: bool) -> tuple[str, ...]:
    moves = [move["StorageClass"] for rule in wanted for move in rule.get("Transitions", ())]
    archives = any(storage_class in _ARCHIVES for storage_class in moves)
    return (
        *(("objects_expire",) if deleting else ()),
        *(("archived_must_be_restored",) if archives else ()),
    )


def _digest(state: Observation) -> str:
    rules = sorted(json.dumps(_normal(rule), sort_keys=True) for rule in state["rules"])
    return hashlib.sha256(json.dumps(rules).encode()).hexdigest()


def _put(bucket: str, to: Observation, instead_of: Observation) -> Call:
    arguments = {"bucket": bucket, "rules": to["rules"], "minimum": to["minimum"]}
    return Call(OWN_SERVICE, _PUT, {**arguments, "instead_of": _digest(instead_of)})


def put(hands: Hands, asked: Mapping[str, Any]) -> None:
    """Write the rules, if those that they were planned against are still there.

    Raises:
        NotMadeError: if somebody has changed them meanwhile.
    """
    client = hands.writer("s3")
    if _digest(_read(hands.context.reader("s3"), asked["bucket"])) != asked["instead_of"]:
        raise NotMadeError("Drift", "somebody else has changed the rules", certain=False)
    if not asked["rules"]:
        client.delete_bucket_lifecycle(Bucket=asked["bucket"])
        return
    minimum = asked["minimum"]
    client.put_bucket_lifecycle_configuration(
        Bucket=asked["bucket"],
        LifecycleConfiguration={"Rules": asked["rules"]},
        **({} if minimum is None else {"TransitionDefaultMinimumObjectSize": minimum}),
    )


def more(
    context: Context, run: Run, seen: Observation, _made: Sequence[Call]
) -> tuple[Call, ...] | Later:
    """Wait until S3 shows what was written."""
    if run.plan is None or _same(seen["rules"], run.plan.after["rules"]):
        return ()
    shown = context.now() >= (run.intended_at or context.now()) + _SETTLES
    return () if shown else LATER


def settled(plan_: Plan, _call: Call, seen: Observation) -> Finding:
    """Tell from the rules whether they were written."""
    return effect(plan_, seen)


def effect(plan_: Plan, seen: Observation) -> Finding:
    """Say whether the bucket has the rules that were planned."""
    if _same(seen["rules"], plan_.after["rules"]):
        return Finding.HAPPENED
    return Finding.ABSENT if _same(seen["rules"], plan_.before["rules"]) else Finding.DRIFTED


def undo(plan_: Plan, seen: Observation) -> tuple[Call, ...]:
    """Return to the rules of before, unless somebody has changed them since."""
    return plan_.undo if effect(plan_, seen) is Finding.HAPPENED else ()


ACTION = Action(
    name=NAME,
    risk=Risk.MEDIUM,
    reads=("s3:GetLifecycleConfiguration",),
    writes=("s3:PutLifecycleConfiguration",),
    target=no_target,
    targets=targets,
    observe=observe,
    plan=plan,
    settled=settled,
    effect=effect,
    undo=undo,
    more=more,
    own={_PUT: put},
    measured=False,
)
