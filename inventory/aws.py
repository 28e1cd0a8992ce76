"""AWS clients: the only place that creates them, so that limits and counting hold everywhere."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import boto3
from botocore.config import Config
from botocore.credentials import CredentialResolver
from botocore.session import Session

from inventory import credentials
from inventory.attempts import Attempts, CallersTime, OnRequest
from inventory.credentials import Credentials, Given
from inventory.limiter import Limits
from inventory.metric_data import MetricData, Pools
from inventory.resources import Aws, Scope
from inventory.service_models import LeanFiles

_Role = tuple[str, str | None]
"""A role's ARN and the external id that it asks for."""


class AwsClients:
    """Clients of the main account and of further scopes, shared and thread-safe.

    The main scope uses the process's own credentials, or assumes ``main.role_arn``; a further scope
    assumes its own role. A scope without a role is read as the main one where it is the main
    account, else with the process's own credentials. Assumed roles are renewed before they expire,
    and credentials that AWS refused are looked for anew.

    ``retries=False`` gives a client that sends each call once: for writes, where a blind second
    sending could act twice. ``timeout`` bounds each attempt, in seconds; ``limits`` hold back every
    attempt of every client, whoever calls. CloudWatch's client has its fast way of GetMetricData as
    ``metric_data``.
    """

    def __init__(
        self,
        main: Aws,
        endpoint_url: str | None = None,
        on_request: OnRequest | None = None,
        timeout: float = 20,
        *,
        scopes: Sequence[Scope] = (),
        limits: Limits | None = None,
    ) -> None:
        self._places: dict[str | None, Aws] = {None: main, **{s.name: s for s in scopes}}
        self._endpoint_url = endpoint_url
        self._on_request = on_request
        self._timeout = timeout
        self._limits = limits or Limits()
        self._time = CallersTime()
        # What a session costs is the models that its loader holds: one loader serves them all.
        self._core = Session()
        self._core.get_component("data_loader").file_loader = LeanFiles()
        self._own = Credentials(partial(credentials.of_process, self._core), self._patience)
        self._pools = Pools(self._core.get_config_variable("ca_bundle"))
        self._sessions: dict[_Role | None, tuple[boto3.Session, Credentials]] = {}
        self._clients: dict[tuple[str, str | None, str, bool], Any] = {}
        self._lock = threading.Lock()

    def client(
        self,
        service: str,
        scope: str | None = None,
        *,
        retries: bool = True,
        region: str | None = None,
        remaining: Callable[[], float] | None = None,
    ) -> Any:
        """Return the client of ``service`` in a scope; None is the main one.

        ``region`` is another region of the scope's account than its own. ``remaining`` tells how
        many seconds the calling thread has left: until it asks for a client again, its calls
        neither wait nor last longer.

        Raises:
            KeyError: for a scope that the inventory does not have.
        """
        self._time.remaining = remaining
        region = region or self._places[scope].region
        key = (service, scope, region, retries)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._create(service, scope, region, retries=retries)
            return self._clients[key]

    def _create(self, service: str, scope: str | None, region: str, *, retries: bool) -> Any:
        session, found = self._session(self._role(self._places[scope]))
        client = session.client(
            service,
            region_name=region,
            endpoint_url=self._endpoint_url,
            config=self._config(retries=retries),
        )
        attempts = self._attempts(service, scope, region, found)
        attempts.watch(client)
        if service == "cloudwatch":
            client.metric_data = MetricData(client, attempts, self._pools)
        return client

    def _role(self, place: Aws) -> _Role | None:
        main = self._places[None]
        if place.role_arn is None and place.account == main.account:
            place = main
        return None if place.role_arn is None else (place.role_arn, place.external_id)

    def _session(self, role: _Role | None) -> tuple[boto3.Session, Credentials]:
        if role not in self._sessions:
            found = self._own
            if role is not None:
                assume = partial(credentials.of_role, self._create_sts, self._own, *role)
                found = Credentials(assume, self._patience)
            session = Session()
            session.register_component("data_loader", self._core.get_component("data_loader"))
            session.register_component("credential_provider", CredentialResolver([Given(found)]))
            self._sessions[role] = boto3.Session(botocore_session=session), found
        return self._sessions[role]

    def _create_sts(self, service: str, **keys: Any) -> Any:
        region = self._places[None].region
        client = self._core.create_client(
            service,
            region_name=region,
            endpoint_url=self._endpoint_url,
            config=self._config(retries=True),
            **keys,
        )
        self._attempts(service, None, region, self._own).watch(client)
        return client

    def _config(self, *, retries: bool) -> Config:
        return Config(
            connect_timeout=min(5.0, self._timeout),
            read_timeout=self._timeout,
            retries={"mode": "standard", "total_max_attempts": 3 if retries else 1},
            max_pool_connections=16,
            user_agent_extra="vigia",
        )

    def _attempts(
        self, service: str, scope: str | None, region: str, found: Credentials
    ) -> Attempts:
        return Attempts(
            service,
            scope,
            self._places[scope].account,
            region,
            found,
            self._limits,
            self._time,
            self._timeout,
            self._on_request,
        )

    def _patience(self) -> float:
        return self._time.left(self._timeout)
