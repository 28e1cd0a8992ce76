"""InfluxDB's buckets: how long one keeps its data, read and changed through the v2 API.

The same shape as AWS' clients, so that actions are handed it in the same way. The token is read
afresh for every call, and stands in no message.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.domain.bucket_retention_rules import BucketRetentionRules
from influxdb_client.domain.patch_bucket_request import PatchBucketRequest
from influxdb_client.rest import ApiException
from influxdb_client.service.buckets_service import BucketsService
from urllib3.exceptions import HTTPError

from inventory.resources import InfluxDb

SERVICE = "influxdb"
"""The name under which actions ask for the client."""
# The client's models and services have no types of their own.
_Rules: Any = BucketRetentionRules
_Request: Any = PatchBucketRequest
_Service: Any = BucketsService
_NOT_FOUND = 404
_DENIED = (401, 403)
_BUSY = 429
_SERVER_ERROR = 500


class InfluxError(Exception):
    """A call that was not answered as hoped, in one line.

    ``reason`` is ``unreachable``, ``denied``, ``refused``, ``server_error`` or ``no_token``;
    ``certain`` says that nothing was changed.
    """

    def __init__(self, reason: str, detail: str, *, certain: bool) -> None:
        super().__init__(detail)
        self.reason = reason
        self.certain = certain


@dataclass(frozen=True)
class Retention:
    """How long a bucket keeps its data, and the span of its shard groups, in seconds.

    ``seconds`` is 0 where data are kept for ever.
    """

    bucket_id: str
    seconds: int
    shard_seconds: int | None


class InfluxBuckets:
    """The buckets of the inventory's organisation. ``token`` returns the secret, or raises.

    ``timeout`` bounds each call, in seconds; each is sent once.
    """

    def __init__(
        self, settings: InfluxDb, token: Callable[[], str], timeout: float, url: str | None = None
    ) -> None:
        self._settings = settings
        self._token = token
        self._timeout = timeout
        self._url = url or settings.url

    def get_retention(self, *, bucket: str) -> Retention | None:
        """Read a bucket's retention; None if there is no such bucket.

        Raises:
            InfluxError: if the database does not tell.
        """
        try:
            found = self._ask(
                lambda api: api.get_buckets(name=bucket, org=self._settings.org).buckets
            )
        except _NotFoundError:
            return None
        for one in found or ():
            if one.name == bucket:
                rules = one.retention_rules or [None]
                return Retention(
                    one.id,
                    getattr(rules[0], "every_seconds", 0) or 0,
                    getattr(rules[0], "shard_group_duration_seconds", None),
                )
        return None

    def set_retention(self, *, bucket_id: str, seconds: int, shard_seconds: int | None) -> None:
        """Change how long a bucket keeps its data, and nothing else of it; 0 is for ever.

        Without ``shard_seconds`` the database chooses the span of shard groups.

        Raises:
            InfluxError: if it was refused, or it is not known whether it was done.
        """
        rule = _Rules(
            type="expire", every_seconds=seconds, shard_group_duration_seconds=shard_seconds
        )
        request = _Request(retention_rules=[rule])
        try:
            self._ask(
                lambda api: api.patch_buckets_id(bucket_id=bucket_id, patch_bucket_request=request)
            )
        except _NotFoundError as error:
            raise InfluxError("refused", "there is no such bucket", certain=True) from error

    def _ask(self, question: Callable[[Any], Any]) -> Any:
        token = self._token()
        try:
            with closing(self._client(token)) as client:
                return question(_Service(client.api_client))
        except ApiException as error:
            raise _error(error) from None
        except HTTPError as error:
            raise InfluxError("unreachable", type(error).__name__, certain=False) from None

    def _client(self, token: str) -> InfluxDBClient:
        return InfluxDBClient(
            self._url, token=token, org=self._settings.org, timeout=round(self._timeout * 1000)
        )


class _NotFoundError(Exception):
    pass


def _error(error: ApiException) -> Exception:
    status = error.status or 0
    if status == _NOT_FOUND:
        return _NotFoundError()
    # Neither headers nor body: what a proxy answers may repeat the request, and its token.
    said = f"HTTP {status}"
    if not status:
        return InfluxError("unreachable", "no answer", certain=False)
    if status >= _SERVER_ERROR or status == _BUSY:
        return InfluxError("server_error", said, certain=False)
    return InfluxError("denied" if status in _DENIED else "refused", said, certain=True)
