"""The query protocol: a form as request, XML as answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from bench.fake.wire import Kept, Result


class Query:
    """The query protocol: a form as request, XML as answer."""

    name = "query"
    content_type = "text/xml"

    def __init__(self) -> None:
        self._kept = Kept(lambda values: _members([repr(value) for value in values]))

    def read(self, body: bytes) -> dict[str, Any]:
        """See :class:`Wire`."""
        tree: dict[str, Any] = {}
        for key, value in parse_qsl(body.decode(), keep_blank_values=True):
            node = tree
            *path, last = key.split(".")
            for part in path:
                node = node.setdefault(part, {})
            node[last] = value
        found = {key: _unfolded(value) for key, value in tree.items()}
        for name in ("StartTime", "EndTime"):
            if name in found:
                found[name] = _seconds(found[name])
        return found

    def metric_data(self, results: Sequence[Result], token: str | None) -> bytes:
        """See :class:`Wire`."""
        parts = [b"<MetricDataResults>"]
        for result in results:
            parts += (
                f"<member><Id>{result.identity}</Id><Label>{escape(result.label)}</Label>"
                f"<StatusCode>{result.status}</StatusCode><Timestamps>".encode(),
                self._kept.times(result.points, _xml_times),
                b"</Timestamps><Values>",
                self._kept.values(result.points),
                b"</Values></member>",
            )
        parts.append(b"</MetricDataResults>")
        if token:
            parts.append(f"<NextToken>{escape(token)}</NextToken>".encode())
        return _enveloped("GetMetricData", b"".join(parts))

    def document(self, operation: str, content: Mapping[str, Any], /) -> bytes:
        """See :class:`Wire`."""
        return _enveloped(operation, _xml(content))

    def error(self, code: str, message: str) -> bytes:
        """See :class:`Wire`."""
        return (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>"
            f"<Message>{escape(message)}</Message></Error>"
            "<RequestId>fake</RequestId></ErrorResponse>"
        ).encode()


def _unfolded(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if set(value) == {"member"}:
        members = value["member"]
        return [_unfolded(members[key]) for key in sorted(members, key=int)]
    return {key: _unfolded(item) for key, item in value.items()}


def _enveloped(operation: str, content: bytes) -> bytes:
    name = operation.encode()
    return (
        b"<" + name + b"Response><" + name + b"Result>" + content + b"</" + name + b"Result>"
        b"<ResponseMetadata><RequestId>fake</RequestId></ResponseMetadata></" + name + b"Response>"
    )


def _xml(content: Mapping[str, Any]) -> bytes:
    return "".join(f"<{key}>{_inner(value)}</{key}>" for key, value in content.items()).encode()


def _inner(value: Any) -> str:
    if isinstance(value, Mapping):
        return _xml(value).decode()
    if isinstance(value, list | tuple):
        return "".join(f"<member>{_inner(item)}</member>" for item in value)
    return escape(str(value))


def _members(items: Sequence[str]) -> bytes:
    return "".join(f"<member>{item}</member>" for item in items).encode()


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def _xml_times(times: range) -> bytes:
    return _members([f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}" for at in times])
