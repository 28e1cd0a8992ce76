"""A real PostgreSQL of our own, that can be stopped and started again."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from simulator.processes import free_port

_PATIENCE = 30.0


def programs() -> Path | None:
    """Return where PostgreSQL's programs are; None where it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


def _unprivileged() -> int | None:
    # PostgreSQL refuses to run as root.
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry.pw_uid for entry in pwd.getpwall()}
    return known.get("postgres", known.get("nobody"))


class PostgresServer:
    """A server on 127.0.0.1 with an empty database; gone with all its data at the end.

    Raises:
        FileNotFoundError: where PostgreSQL is not installed.
        TimeoutError: if it does not answer in time.
    """

    def __init__(self) -> None:
        found = programs()
        if found is None:
            raise FileNotFoundError("PostgreSQL is not installed; run 'make setup'")
        self._programs = found
        self._user = _unprivileged()
        # Not a test's own directory: another user could not enter it.
        self._root = Path(tempfile.mkdtemp(prefix="vigia-postgres-", dir="/tmp"))
        self._port = free_port()
        self._server: subprocess.Popen[bytes] | None = None
        self.url = f"postgresql://vigia@127.0.0.1:{self._port}/postgres"

    def __enter__(self) -> Self:
        if self._user is not None:
            os.chown(self._root, self._user, -1)
        options = ("-U", "vigia", "-A", "trust", "-E", "UTF8", "--no-sync")
        subprocess.run(
            [self._programs / "initdb", "-D", self._root / "data", *options],
            user=self._user,
            cwd=self._root,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        self.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.stop()
        shutil.rmtree(self._root, ignore_errors=True)

    def start(self) -> None:
        """Start, or start again with the same data, and wait until it answers."""
        with (self._root / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [
                    *(self._programs / "postgres", "-D", self._root / "data"),
                    *("-p", str(self._port), "-k", self._root),
                    *("-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"),
                ],
                user=self._user,
                cwd=self._root,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + _PATIENCE
        while not self.answers():
            if time.monotonic() > deadline:
                raise TimeoutError("PostgreSQL does not answer")
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop at once, without waiting for clients (SIGINT: its fast shutdown)."""
        if self._server is not None:
            self._server.send_signal(signal.SIGINT)
            self._server.wait(20)
            self._server = None

    def answers(self) -> bool:
        """Say whether it takes connections."""
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True
