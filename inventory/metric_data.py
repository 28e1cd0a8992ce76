"""GetMetricData without boto3: the one call that a collection makes by the hundred.

Bodies come ready made and answers are handed out as they came. In between, requests are signed by
botocore and sent over connections that stay open, in the AWS JSON 1.0 protocol. Attempts, pauses
and errors are those of botocore's standard mode, so that this call looks like any other.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from http.client import HTTPException
from typing import Any
from urllib.parse import unquote

import urllib3
from botocore import exceptions as aws
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.httpsession import get_cert_path
from botocore.parsers import ResponseParserError, create_parser
from botocore.utils import get_environ_proxies
from urllib3 import exceptions as http

from inventory.attempts import Attempts, tag
from inventory.limiter import THROTTLED, LimitError

OPERATION = "GetMetricData"
_ATTEMPTS = 3
_CONNECTIONS = 16
_CONNECT_TIMEOUT = 5.0
_CHUNK = 262_144
_OK = 300
_TOO_MANY = 429
_TRANSIENT_STATUS = frozenset({500, 502, 503, 504})
_TRANSIENT_CODES = frozenset({"RequestTimeout", "RequestTimeoutException"})
_BROKEN = (aws.ConnectionError, aws.HTTPClientError, ResponseParserError)
_NEVER_ARRIVED = (
    aws.EndpointConnectionError,
    aws.ConnectTimeoutError,
    aws.ProxyConnectionError,
    aws.SSLError,
)


class Pools:
    """Connections that stay open, shared by all scopes; ``ca_bundle`` is botocore's setting."""

    def __init__(self, ca_bundle: str | None) -> None:
        self._options: dict[str, Any] = {
            "maxsize": _CONNECTIONS,
            "cert_reqs": "CERT_REQUIRED",
            "ca_certs": ca_bundle or get_cert_path(True),
        }
        self._pools: dict[str | None, urllib3.PoolManager] = {}

    def of(self, url: str) -> urllib3.PoolManager:
        """Return the pool for ``url``, through the environment's proxy where it names one."""
        proxy = get_environ_proxies(url).get(url.partition(":")[0])
        if proxy not in self._pools:
            self._pools[proxy] = self._through(proxy)
        return self._pools[proxy]

    def _through(self, proxy: str | None) -> urllib3.PoolManager:
        if proxy is None:
            return urllib3.PoolManager(**self._options)
        auth = urllib3.util.parse_url(proxy).auth
        headers = urllib3.util.make_headers(proxy_basic_auth=unquote(auth)) if auth else None
        return urllib3.ProxyManager(proxy, proxy_headers=headers, **self._options)


class MetricData:
    """Sends GetMetricData to where a boto3 ``client`` of CloudWatch would send it."""

    def __init__(self, client: Any, attempts: Attempts, pools: Pools) -> None:
        model = client.meta.service_model
        self._attempts = attempts
        self._url = client.meta.endpoint_url.rstrip("/") + "/"
        self._pool = pools.of(self._url)
        self._signing = (model.signing_name, client.meta.region_name)
        self._shape = model.operation_model(OPERATION).output_shape
        self._parser = create_parser("json")
        self._headers = {
            "Content-Type": f"application/x-amz-json-{model.metadata['jsonVersion']}",
            "X-Amz-Target": f"{model.metadata['targetPrefix']}.{OPERATION}",
            "User-Agent": client.meta.config.user_agent,
        }

    def send(self, body: bytes, remaining: Callable[[], float], sent: Callable[[], None]) -> bytes:
        """Send ``body`` until it is answered, and return the answer.

        ``remaining`` tells the seconds that are left for it. ``sent`` is called for every attempt
        that may have reached AWS, which bills each of them.

        Raises:
            ClientError: what AWS answered last.
            BotoCoreError: why the last attempt failed, as boto3 would say it.
            ResponseParserError: if the answer broke off.
            LimitError: if the limit leaves no time for it.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._attempt(body, remaining, sent)
            except (aws.ClientError, aws.BotoCoreError, ResponseParserError, LimitError) as error:
                tag(error, self._attempts.scope)
                pause = _pause(error, attempt)
                if attempt == _ATTEMPTS or pause is None or pause >= remaining():
                    raise
                time.sleep(pause)
        raise AssertionError  # the last attempt returns or raises

    def _attempt(
        self, body: bytes, remaining: Callable[[], float], sent: Callable[[], None]
    ) -> bytes:
        headers = self._signed(body)
        timeout, limiter = self._attempts.timeout, self._attempts.limiter(OPERATION)
        limiter.enter(min(timeout, remaining()))
        try:
            status, answered, data = self._exchange(body, headers, min(timeout, remaining()))
        except (aws.BotoCoreError, ResponseParserError) as error:
            self._attempts.ended(OPERATION, type(error).__name__)
            if not isinstance(error, _NEVER_ARRIVED):
                sent()
            raise
        finally:
            limiter.leave()
        sent()
        if status < _OK:
            self._attempts.ended(OPERATION, str(status))
            return data
        parsed = self._parser.parse(
            {"status_code": status, "headers": answered, "body": data}, self._shape
        )
        self._attempts.ended(OPERATION, parsed["Error"]["Code"] or str(status), status)
        raise aws.ClientError(parsed, OPERATION)

    def _signed(self, body: bytes) -> dict[str, str]:
        request = AWSRequest("POST", self._url, headers=self._headers, data=body)
        # Asked for each time: credentials refresh themselves.
        frozen = self._attempts.credentials.get_frozen_credentials()
        SigV4Auth(frozen, *self._signing).add_auth(request)
        return dict(request.headers.items())

    def _exchange(
        self, body: bytes, headers: dict[str, str], seconds: float
    ) -> tuple[int, Any, bytes]:
        until = time.monotonic() + seconds
        if seconds <= 0:
            raise aws.ConnectTimeoutError(endpoint_url=self._url)
        response = None
        try:
            response = self._pool.urlopen(
                "POST",
                self._url,
                body=body,
                headers=headers,
                timeout=urllib3.Timeout(connect=min(_CONNECT_TIMEOUT, seconds), read=seconds),
                retries=False,
                redirect=False,
                preload_content=False,
            )
            return response.status, response.headers, self._read(response, until)
        except http.HTTPError as error:
            raise self._named(error, begun=response is not None) from error
        finally:
            if response is not None:
                response.close()

    def _read(self, response: Any, until: float) -> bytes:
        parts = []
        while part := response.read1(_CHUNK):
            parts.append(part)
            # A read's own time begins anew with every byte: an answer that trickles has none.
            if time.monotonic() > until:
                raise aws.ReadTimeoutError(endpoint_url=self._url)
        return b"".join(parts)

    def _named(self, error: http.HTTPError, *, begun: bool) -> Exception:
        """Return what botocore would raise for an error of urllib3."""
        where: dict[str, Any] = {"endpoint_url": self._url, "error": error}
        if isinstance(error, http.SSLError):
            return aws.SSLError(**where)
        if isinstance(error, http.NewConnectionError):
            return aws.EndpointConnectionError(**where)
        if isinstance(error, http.ProxyError):
            return aws.ProxyConnectionError(proxy_url="the proxy", error=error)
        if isinstance(error, http.ConnectTimeoutError):
            return aws.ConnectTimeoutError(**where)
        if isinstance(error, http.ReadTimeoutError):
            return aws.ReadTimeoutError(**where)
        if isinstance(error, http.ProtocolError):
            if begun or _is_gibberish(error):
                return ResponseParserError(f"{OPERATION} was answered with {error}")
            return aws.ConnectionClosedError(**where)
        return aws.HTTPClientError(error=error)


def _is_gibberish(error: http.ProtocolError) -> bool:
    cause = error.args[-1]
    # A connection that is closed without an answer is an HTTPException too.
    return isinstance(cause, HTTPException) and not isinstance(cause, ConnectionError)


def _pause(error: Exception, attempt: int) -> float | None:
    """Return the seconds before the next attempt; None if there should be none.

    Exponential with full jitter, longer after throttling: botocore's standard mode.
    """
    throttled = False
    if isinstance(error, aws.ClientError):
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        code = error.response["Error"]["Code"]
        throttled = code in THROTTLED or status == _TOO_MANY
        if not throttled and status not in _TRANSIENT_STATUS and code not in _TRANSIENT_CODES:
            return None
    elif not isinstance(error, _BROKEN):
        return None
    longest: float = (1.0 if throttled else 0.05) * 2 ** (attempt - 1)
    return random.random() * longest  # noqa: S311 spreads load
