"""awsJson 1.0, with the error header of services that once spoke the query protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from bench.fake.wire import BadRequestError, Kept, Result


class Json:
    """awsJson 1.0, with the error header of services that once spoke the query protocol."""

    name = "json"
    content_type = "application/x-amz-json-1.0"

    def __init__(self) -> None:
        self._kept = Kept(orjson.dumps)

    def read(self, body: bytes) -> dict[str, Any]:
        """See :class:`Wire`."""
        try:
            found: dict[str, Any] = orjson.loads(body or b"{}")
        except orjson.JSONDecodeError as error:
            raise BadRequestError("SerializationException", str(error)) from error
        return found

    def metric_data(self, results: Sequence[Result], token: str | None) -> bytes:
        """See :class:`Wire`."""
        parts = [b'{"Messages":[],"MetricDataResults":[']
        for number, result in enumerate(results):
            parts += (
                b',{"Id":"' if number else b'{"Id":"',
                result.identity.encode(),
                b'","Label":',
                orjson.dumps(result.label),
                b',"StatusCode":"',
                result.status.encode(),
                b'","Timestamps":',
                self._kept.times(result.points, lambda at: orjson.dumps([float(t) for t in at])),
                b',"Values":',
                self._kept.values(result.points),
                b"}",
            )
        parts.append(b'],"NextToken":' + orjson.dumps(token) + b"}" if token else b"]}")
        return b"".join(parts)

    def document(self, _operation: str, content: Mapping[str, Any], /) -> bytes:
        """See :class:`Wire`."""
        return orjson.dumps(content)

    def error(self, code: str, message: str) -> bytes:
        """See :class:`Wire`."""
        return orjson.dumps({"__type": code, "message": message})
