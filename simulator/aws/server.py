"""The embedded AWS as a server on 127.0.0.1: moto with our extensions and the front before it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import boto3
from botocore.config import Config
from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.core.models import DEFAULT_ACCOUNT_ID
from werkzeug.serving import WSGIRequestHandler

from simulator.aws import (
    api_gateway,
    cloudwatch,
    codedeploy,
    cost_explorer,
    executions,
    lambda_functions,
    logs,
    s3,
    security,
    service_discovery,
    small,
    step_functions,
)
from simulator.aws.appconfig import AppConfigService
from simulator.aws.dispatch import dispatcher
from simulator.aws.front import Front
from simulator.aws.metric_store import MetricStore
from simulator.aws.policies import install_simulation
from simulator.listening import listen

ACCOUNT = DEFAULT_ACCOUNT_ID
# How long stopping may take (seconds): hundreds of servers are started and stopped in tests.
_POLL = 0.05
CREDENTIALS = {"aws_access_key_id": "embedded", "aws_secret_access_key": "embedded"}


class _QuietHandler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 werkzeug's signature
        """Say nothing: the front records every call."""


class EmbeddedAws:
    """One account and region, and what little is made in others.

    moto's state is per process, so one runs at a time.

    Raises:
        OSError: if ``host`` and ``port`` cannot be listened on.
    """

    def __init__(
        self, region: str, now: Callable[[], float], port: int = 0, host: str = "127.0.0.1"
    ) -> None:
        self.region = region
        self._now = now
        self.metrics = MetricStore(now)
        self._metrics = {(ACCOUNT, region): self.metrics}
        self.logs = logs.LogStore(now)
        self.costs = cost_explorer.CostLedger(now)
        self.deployments = codedeploy.Deployments(region, now)
        self.appconfig = AppConfigService(now)
        self.trail = small.Trail()
        self.security = security.Security()
        self.objects = s3.Objects()
        BackendDict.reset()
        reset_model_data()
        self.front = Front(dispatcher(), now)
        cloudwatch.install(self.metrics_of)
        logs.install(self.logs)
        cost_explorer.install(self.costs)
        codedeploy.install(self.deployments)
        self.provisioned = lambda_functions.install(self.front, now)
        self.appconfig.install(self.front)
        executions.install(now)
        api_gateway.install(now)
        step_functions.install(self.metrics, now)
        small.install_timestream(now)
        small.install_trail(self.trail)
        security.install(self.security)
        s3.install(self.objects)
        small.install_sts()
        install_simulation()
        service_discovery.install()
        self._server = listen(host, port, self.front, _QuietHandler)
        self._server.daemon_threads = True  # type: ignore[attr-defined]  # of ThreadingMixIn
        self._thread = threading.Thread(
            target=partial(self._server.serve_forever, poll_interval=_POLL),
            name="embedded-aws",
        )
        self._clients: dict[tuple[str, str, str], Any] = {}

    @property
    def url(self) -> str:
        """The endpoint URL on this machine."""
        return f"http://127.0.0.1:{self._server.port}"

    def start(self) -> EmbeddedAws:
        """Serve; the socket is open already, so a client can connect at once."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop serving and forget everything."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def metrics_of(self, account: str, region: str) -> MetricStore:
        """Return the metrics of an account and region."""
        return self._metrics.setdefault((account, region), MetricStore(self._now))

    def client(self, service: str, account: str = ACCOUNT, region: str | None = None) -> Any:
        """Return a boto3 client that talks to this server without retries."""
        key = (service, account, region or self.region)
        if key not in self._clients:
            client = boto3.client(
                service,
                region_name=key[2],
                endpoint_url=self.url,
                config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
                **CREDENTIALS,
            )
            client.meta.events.register("before-sign", partial(_act_in, account))
            self._clients[key] = client
        return self._clients[key]


def _act_in(account: str, request: Any, **_: Any) -> None:
    # moto's way of being in another account without a role.
    if account != ACCOUNT:
        request.headers["x-moto-account-id"] = account
