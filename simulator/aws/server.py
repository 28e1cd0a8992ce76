"""The embedded AWS as a server on 127.0.0.1: moto with our extensions and the front before it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config
from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from simulator.aws import (
    api_gateway,
    cloudwatch,
    codedeploy,
    cost_explorer,
    executions,
    lambda_functions,
    logs,
    security,
    small,
    step_functions,
)
from simulator.aws.appconfig import AppConfigService
from simulator.aws.front import Front
from simulator.aws.metric_store import MetricStore
from simulator.aws.policies import install_simulation

ACCOUNT = DEFAULT_ACCOUNT_ID
CREDENTIALS = {"aws_access_key_id": "embedded", "aws_secret_access_key": "embedded"}


class _QuietHandler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 werkzeug's signature
        """Say nothing: the front records every call."""


class EmbeddedAws:
    """One region of one account. moto's state is per process, so one runs at a time."""

    def __init__(self, region: str, now: Callable[[], float], port: int = 0) -> None:
        self.region = region
        self.metrics = MetricStore(now)
        self.logs = logs.LogStore(now)
        self.costs = cost_explorer.CostLedger(now)
        self.deployments = codedeploy.Deployments(region, now)
        self.appconfig = AppConfigService(now)
        self.trail = small.Trail()
        self.security = security.Security()
        BackendDict.reset()
        reset_model_data()
        self.front = Front(DomainDispatcherApplication(create_backend_app), now)
        cloudwatch.install(self.metrics)
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
        small.install_sts()
        install_simulation()
        self._server: BaseWSGIServer = make_server(
            "127.0.0.1", port, self.front, threaded=True, request_handler=_QuietHandler
        )
        self._server.daemon_threads = True  # type: ignore[attr-defined]  # of ThreadingMixIn
        self._thread = threading.Thread(target=self._server.serve_forever, name="embedded-aws")
        self._clients: dict[str, Any] = {}

    @property
    def url(self) -> str:
        """The endpoint URL."""
        return f"http://127.0.0.1:{self._server.server_port}"

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

    def client(self, service: str) -> Any:
        """Return a boto3 client that talks to this server without retries."""
        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,
                region_name=self.region,
                endpoint_url=self.url,
                config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
                **CREDENTIALS,
            )
        return self._clients[service]
