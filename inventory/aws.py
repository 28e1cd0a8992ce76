"""AWS clients: the only place that creates them, so that limits and counting hold everywhere."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.parsers import ResponseParserFactory

_PARSERS = "response_parser_factory"
OnRequest = Callable[[str, str, str], None]
"""Told ``(service, operation, code)`` of every HTTP attempt; code is the status or error code."""


def _plain_timestamps() -> ResponseParserFactory:
    # Datapoints come by the hundred thousand, and making a datetime of each is most of their cost.
    factory = ResponseParserFactory()
    factory.set_parser_defaults(timestamp_parser=lambda value: value)
    return factory


class AwsClients:
    """Clients of one region, shared and thread-safe.

    ``retries=False`` gives a client that sends each call once: for writes, where a blind second
    sending could act twice. ``timeout`` bounds each attempt, in seconds. The cloudwatch client
    answers timestamps as they came, unix seconds, and does not validate what it is given.
    """

    def __init__(
        self,
        region: str,
        endpoint_url: str | None = None,
        on_request: OnRequest | None = None,
        timeout: float = 20,
    ) -> None:
        self._region = region
        self._endpoint_url = endpoint_url
        self._on_request = on_request
        self._timeout = timeout
        # A further session costs 28 MB: one serves every client.
        self._core = botocore.session.get_session()
        self._session = boto3.Session(region_name=region, botocore_session=self._core)
        self._clients: dict[tuple[str, bool, str], Any] = {}
        self._lock = threading.Lock()

    def client(
        self,
        service: str,
        scope: str | None = None,
        *,
        retries: bool = True,
        region: str | None = None,
    ) -> Any:
        """Return the client of ``service`` in a scope; None is the main one.

        ``region`` is another region of the scope's account than its own.
        """
        if scope is not None:
            raise KeyError(scope)
        key = (service, retries, region or self._region)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._create(service, key[2], retries=retries)
            return self._clients[key]

    def _create(self, service: str, region: str, *, retries: bool) -> Any:
        metrics = service == "cloudwatch"
        original = self._core.get_component(_PARSERS)
        if metrics:
            self._core.register_component(_PARSERS, _plain_timestamps())
        try:
            client = self._connect(service, region, retries=retries, validated=not metrics)
        finally:
            self._core.register_component(_PARSERS, original)
        if self._on_request:
            self._count(client, service, self._on_request)
        return client

    def _connect(self, service: str, region: str, *, retries: bool, validated: bool) -> Any:
        return self._session.client(
            service,
            region_name=region,
            endpoint_url=self._endpoint_url,
            config=Config(
                connect_timeout=min(5.0, self._timeout),
                read_timeout=self._timeout,
                retries={"mode": "standard", "total_max_attempts": 3 if retries else 1},
                max_pool_connections=16,
                parameter_validation=validated,
                user_agent_extra="vigia",
            ),
        )

    def _count(self, client: Any, service: str, on_request: OnRequest) -> None:
        # needs-retry fires once per HTTP attempt, response-received does not on time-outs.
        def attempted(operation: Any, response: Any, caught_exception: Any, **_: Any) -> None:
            if response is not None:
                status, parsed = response[0].status_code, response[1]
                code = parsed.get("Error", {}).get("Code") or str(status)
            else:
                code = type(caught_exception).__name__
            on_request(service, operation.name, code)

        client.meta.events.register_first(
            f"needs-retry.{client.meta.service_model.service_id.hyphenize()}", attempted
        )
