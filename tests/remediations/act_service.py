"""A remediation service in front of the embedded AWS, and the command line that speaks to it."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from inventory.model import Inventory
from inventory.settings import Settings
from remediations.app import RemediationsApp, all_actions
from remediations.asking import intent
from remediations.ledger.deliveries import Intent
from remediations.model import Outcome, Run, State
from simulator.aws.server import EmbeddedAws
from simulator.processes import free_port
from simulator.seed import seed
from tests.conftest import wait_for
from tests.remediations.rig import START, Clock
from tests.remediations.test_processing import RULE
from web.address import Address
from web.server import WebServer

ROOT = Path(__file__).resolve().parents[2]
CTRL_C, CTRL_D = b"\x03", b"\x04"
# The terminal that the command is given becomes the one that its Ctrl-C comes from.
_ON_A_TERMINAL = """
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from vigia.__main__ import main
sys.exit(main())
"""


class Terminal:
    """``vigia`` on a terminal of its own."""

    def __init__(self, words: list[str]) -> None:
        self._master, slave = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-c", _ON_A_TERMINAL, *words],
            cwd=ROOT,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        self.said = ""

    def read_until(self, text: str) -> None:
        """Read until ``text`` was said."""
        while text not in self.said:
            try:
                self.said += os.read(self._master, 4096).decode()
            except OSError:
                pytest.fail(f"ended without '{text}': {self.said}")

    def press(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._master, keys)

    def end(self) -> int:
        """Read to the end and return the exit code."""
        try:
            while found := os.read(self._master, 4096):
                self.said += found.decode()
        except OSError:
            # So Linux says that nobody has the other side open any more.
            pass
        os.close(self._master)
        return self._process.wait(30)


class Service:
    """The service, and the command line that speaks to it."""

    def __init__(
        self,
        app: RemediationsApp,
        url: str,
        token: Path,
        aws: EmbeddedAws,
        inventory: Inventory,
        clock: Clock,
    ) -> None:
        self.app = app
        self._inventory = inventory
        self._clock = clock
        self.aws = aws
        self.options = ["--url", url, "--token-file", str(token)]

    def act(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the command without a terminal."""
        return subprocess.run(
            [sys.executable, "-m", "vigia", "act", *words, *self.options],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def ended(self) -> tuple[Outcome | None, str | None]:
        """Return how the newest run ended."""
        run = self.app.ledger.facts.runs()[0]
        return run.outcome, run.reason

    def rule(self) -> str:
        """Return the rule's real state."""
        return str(self.aws.client("events").describe_rule(Name=RULE)["State"])

    def now(self) -> float:
        """Return the service's time (unix seconds)."""
        return self._clock.now()

    def intent(self, name: str = "pause_processing") -> Intent:
        """Return what a person asks for."""
        return intent(self._inventory, all_actions()[name], None, {}, dry=False)

    def ask(self, name: str) -> str:
        """Ask for an action, approve its plan, and return the run's id."""
        ledger = self.app.ledger
        run_id = ledger.deliveries.ask(self.intent(name), "test", self.now())
        self.app.engine.step()
        ledger.runs.approve(run_id, str(self.run().plan_hash), "test", self.now())
        return run_id

    def finish(self, run_id: str) -> None:
        """Let time pass, and the engine work, until a run is closed."""
        while self.app.ledger.runs.existing(run_id).state is not State.CLOSED:
            self.app.engine.step()
            self._clock.forward(1)

    def run(self) -> Run:
        """Return the newest run, once there is one."""
        wait_for(self.app.ledger.facts.runs)
        return self.app.ledger.facts.runs()[0]

    def terminal(self, *words: str) -> Terminal:
        """Start a command on a terminal."""
        return Terminal([*words, *self.options])


@contextmanager
def serving(
    inventory: Inventory, aws: EmbeddedAws, folder: Path, *, at_work: bool
) -> Iterator[Service]:
    """Serve with Prometheus and Alertmanager away; the engine is at work, or the test steps it."""
    seed(aws, inventory, Clock(START).now, functions=False)
    token = folder / "tokens"
    token.write_text("made-up-token\n")
    away = f"http://127.0.0.1:{free_port()}"
    alerting = {"prometheus_url": away, "alertmanager_url": away}
    quick = inventory.model_copy(
        update={
            "alerting": inventory.alerting.model_copy(update=alerting),
            "engine": inventory.engine.model_copy(update={"sample_every": 1.0}),
        }
    )
    settings = Settings.read(
        {
            "VIGIA_STATE_DIR": str(folder / "state"),
            "VIGIA_WEBHOOK_TOKEN_FILE": str(token),
            "VIGIA_AWS_ENDPOINT_URL": aws.url,
        }
    )
    clock = Clock(time.time())
    own = {} if at_work else {"clock": clock}
    app = RemediationsApp(settings, quick, runbook={}.get, **own)
    server = WebServer(app.wsgi, Address("127.0.0.1", 0)).start()
    if at_work:
        app.start()
    try:
        yield Service(app, server.url, token, aws, quick, clock)
    finally:
        server.stop()
        app.stop()
