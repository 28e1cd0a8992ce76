"""A real Alertmanager and whoever hears of it: webhooks over HTTP, and mail over SMTP."""

from __future__ import annotations

import socketserver
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests

from inventory.model import Inventory
from simulator.processes import Child, free_port, program
from tests.conftest import wait_for


@dataclass(frozen=True)
class Post:
    """One HTTP request, or one mail, that arrived."""

    path: str
    body: str


@dataclass
class Ears:
    """A web server and a mail server that keep what they hear."""

    posts: list[Post] = field(default_factory=list)
    mails: list[Post] = field(default_factory=list)
    url: str = ""
    smtp: str = ""

    def receivers(self, mark: str) -> set[str]:
        """Return the last parts of the addresses that something holding ``mark`` was sent to."""
        return {post.path.rsplit("/", 1)[-1] for post in list(self.posts) if mark in post.body}


def _web(heard: Ears) -> type[BaseHTTPRequestHandler]:
    class Web(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            heard.posts.append(Post(self.path, body))
            # PagerDuty accepts an event with 202, the others answer 200.
            self.send_response(202 if self.path.endswith("/enqueue") else 200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base class's
            """Keep the tests' output clean."""

    return Web


def _mail(heard: Ears) -> type[socketserver.StreamRequestHandler]:
    class Mail(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 ears\r\n")
            to = ""
            for line in self._lines():
                command = line[:4].upper()
                if command == "RCPT":
                    to = line
                if command == "DATA":
                    self.wfile.write(b"354 go on\r\n")
                    text = "\n".join(iter(self._lines().__next__, "."))
                    heard.mails.append(Post(to, text))
                self.wfile.write(b"221 bye\r\n" if command == "QUIT" else b"250 ok\r\n")
                if command == "QUIT":
                    return

        def _lines(self) -> Iterator[str]:
            while raw := self.rfile.readline():
                yield raw.decode().rstrip("\r\n")

    return Mail


class _Server(ThreadingHTTPServer):
    request_queue_size = 256
    """A hundred alerts come at once."""


@contextmanager
def ears() -> Iterator[Ears]:
    """Listen until the end of the block."""
    heard = Ears()
    web = _Server(("127.0.0.1", 0), _web(heard))
    mail = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _mail(heard))
    mail.daemon_threads = True
    heard.url = f"http://127.0.0.1:{web.server_port}"
    heard.smtp = f"127.0.0.1:{mail.server_address[1]}"
    for server in (web, mail):
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
    try:
        yield heard
    finally:
        for server in (web, mail):
            server.shutdown()
            server.server_close()


@dataclass
class Told:
    """A running Alertmanager."""

    url: str

    def post(self, alerts: Iterable[Mapping[str, Any]]) -> None:
        """Hand alerts over, as Prometheus does."""
        requests.post(f"{self.url}/api/v2/alerts", json=list(alerts), timeout=10).raise_for_status()

    def silence(self, *matchers: Mapping[str, Any]) -> str:
        """Make a maintenance window's silence; return its id."""
        now = datetime.now(UTC)
        document = {
            "matchers": list(matchers),
            "startsAt": now.isoformat(),
            "endsAt": (now + timedelta(hours=2)).isoformat(),
            "createdBy": "vigia",
            "comment": "maintenance: test",
        }
        answer = requests.post(f"{self.url}/api/v2/silences", json=document, timeout=10)
        answer.raise_for_status()
        return str(answer.json()["silenceID"])

    def expire(self, silence: str) -> None:
        """End a silence."""
        requests.delete(f"{self.url}/api/v2/silence/{silence}", timeout=10).raise_for_status()


@contextmanager
def alertmanager(root: Path, config: str) -> Iterator[Told]:
    """Run Alertmanager on ``config`` until the end of the block."""
    path = root / "alertmanager.yml"
    path.write_text(config, encoding="utf-8")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    child = Child(
        name="alertmanager",
        command=(
            program("prometheus-alertmanager", "alertmanager"),
            f"--config.file={path}",
            f"--storage.path={root / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
        ),
        log=root / "alertmanager.log",
        ready_url=f"{url}/-/ready",
        environment={"AWS_ACCESS_KEY_ID": "embedded", "AWS_SECRET_ACCESS_KEY": "embedded"},
    )
    child.start()
    try:
        wait_for(child.is_ready, 30)
        yield Told(url)
    finally:
        child.stop()


def quick(inventory: Inventory, **changes: Any) -> Inventory:
    """Return the inventory with Alertmanager's waits short; ``changes`` are of its section."""
    waits = {
        "group_wait": 0.5,
        "group_interval": 1.0,
        "remediation_group_wait": 0.5,
        "evaluation_interval": 1.0,
    }
    alerting = inventory.alerting.model_copy(update={**waits, **changes})
    return inventory.model_copy(update={"alerting": alerting, "timezone": "UTC"})


def away_from_now() -> tuple[str, str]:
    """Return an hour of the day (UTC) that is not now, and will not be soon."""
    hour = time.gmtime().tm_hour
    first = hour + 2 if hour < 20 else 0
    return f"{first:02d}:00", f"{first + 1:02d}:00"
