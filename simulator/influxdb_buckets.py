"""The buckets API of the stand-in: one bucket, whose retention can be read and changed.

As InfluxDB 2 does: retention is at least an hour, 0 keeps for ever, the span of a shard group is
not longer than it; points that are older than a new, shorter retention are gone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from werkzeug.wrappers import Request, Response

PATH = "/api/v2/buckets"
BUCKET_ID = "0a1b2c3d4e5f6071"
_ONE = re.compile(PATH + r"/([0-9a-f]{16})")
_HOUR = 3600
_DAY = 86_400
_SHARDS = ((2 * _DAY, _HOUR), (180 * _DAY, _DAY))


class BucketsApi:
    """Answers for the bucket called ``name``; ``drop(seconds)`` removes points that are older."""

    def __init__(self, name: str, org: str, drop: Callable[[int], None]) -> None:
        self.retention = 0
        self.shard = 7 * _DAY
        self.description = "energy data of the platform"
        self._name = name
        self._org = org
        self._drop = drop

    def answer(self, request: Request) -> Response | None:
        """Answer a request; None if it is not one of this API."""
        if request.path == PATH and request.method == "GET":
            return self._list(request)
        found = _ONE.fullmatch(request.path)
        if found and request.method == "PATCH":
            if found.group(1) != BUCKET_ID:
                return _refusal(404, "not found", "bucket not found")
            return self._change(request)
        return None

    def document(self) -> dict[str, Any]:
        """Return the bucket as the API shows it."""
        rule = {
            "type": "expire",
            "everySeconds": self.retention,
            "shardGroupDurationSeconds": self.shard,
        }
        return {
            "id": BUCKET_ID,
            "orgID": "1a2b3c4d5e6f7081",
            "type": "user",
            "name": self._name,
            "description": self.description,
            "retentionRules": [rule],
        }

    def _list(self, request: Request) -> Response:
        name = request.args.get("name", self._name)
        if request.args.get("org", self._org) != self._org:
            return _refusal(404, "not found", "organization not found")
        if name != self._name:
            return _refusal(404, "not found", f'bucket "{name}" not found')
        return _json({"buckets": [self.document()]})

    def _change(self, request: Request) -> Response:
        asked = request.get_json()
        rules = asked.get("retentionRules")
        if rules is not None:
            seconds = rules[0]["everySeconds"] if rules else 0
            if seconds and seconds < _HOUR:
                return _refusal(422, "unprocessable entity", "expiration must be at least one hour")
            shard = (rules[0].get("shardGroupDurationSeconds") if rules else None) or _usual(
                seconds
            )
            if seconds and shard > seconds:
                return _refusal(
                    422, "unprocessable entity", "shard group duration must not exceed retention"
                )
            self.retention, self.shard = seconds, shard
            if seconds:
                self._drop(seconds)
        self._name = asked.get("name", self._name)
        self.description = asked.get("description", self.description)
        return _json(self.document())


def _usual(seconds: int) -> int:
    if not seconds:
        return 7 * _DAY
    return next((shard for most, shard in _SHARDS if seconds < most), 7 * _DAY)


def _json(document: Any) -> Response:
    return Response(json.dumps(document), mimetype="application/json")


def _refusal(status: int, code: str, message: str) -> Response:
    body = json.dumps({"code": code, "message": message})
    return Response(body, status=status, mimetype="application/json")
