"""Durable documents: restarts, crashes, corruption, both databases."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from exporter.collector import CollectError, Reason
from exporter.state import StateStore, open_state
from storage.database import DatabaseError
from tests.conftest import wait_for

NOW = 1_800_000_000.0


def url_of(path: Path) -> str:
    """Return the database URL of a file."""
    return f"sqlite:///{path}"


def check_documents(store: StateStore) -> None:
    """Prove that documents are kept, replaced, deleted and apart from another collector's."""
    state = store.of("a")
    state.commit({"x/1": {"n": 1}, "x/2": [2], "y": None})
    store.of("b").commit({"x/1": "other"})
    assert state.load("x/") == {"x/1": {"n": 1}, "x/2": [2]}
    state.commit({"x/1": {"n": 3}, "x/2": None})
    assert state.load() == {"x/1": {"n": 3}}
    assert store.of("b").load() == {"x/1": "other"}


def test_documents_on_sqlite(tmp_path: Path) -> None:
    """SQLite keeps them, and so does its file."""
    store = open_state(url_of(tmp_path / "a.db"), NOW)
    check_documents(store)
    store.close()
    again = open_state(url_of(tmp_path / "a.db"), NOW)
    assert again.of("a").load() == {"x/1": {"n": 3}}
    assert again.resets == 0
    again.close()


def test_documents_on_postgresql(postgres_url: str) -> None:
    """PostgreSQL keeps them in the same way."""
    store = open_state(postgres_url, NOW)
    check_documents(store)
    store.close()


@pytest.mark.parametrize("damage", ["garbage", "torn"])
def test_corrupt_file_is_moved_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    """An unreadable file is kept under another name, said so once, and counted from then on."""
    file = tmp_path / "a.db"
    store = open_state(url_of(file), NOW)
    store.of("a").commit({str(n): "x" * 500 for n in range(200)})
    store.close()
    content = file.read_bytes()
    broken = b"not a database" * 500 if damage == "garbage" else content[: len(content) // 2]
    file.write_bytes(broken)
    anew = open_state(url_of(file), NOW)
    assert anew.resets == 1
    assert anew.of("a").load() == {}
    assert (tmp_path / "a.db.corrupt-1800000000").read_bytes() == broken
    assert len(caplog.records) == 1
    anew.close()
    assert open_state(url_of(file), NOW).resets == 1


def test_place_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    """A directory that is not there is one line, and nothing is moved."""
    with pytest.raises(DatabaseError, match="cannot be opened"):
        open_state(url_of(tmp_path / "none" / "a.db"), NOW)


def test_failed_commit_has_its_reason(tmp_path: Path) -> None:
    """A state that cannot be written fails the run and leaves the old document."""
    store = open_state(url_of(tmp_path / "a.db"), NOW)
    store.of("a").commit({"x": 1})
    with store.engine.connect() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE UPDATE ON exporter_documents"
            " BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
        connection.commit()
    with pytest.raises(CollectError) as raised:
        store.of("a").commit({"y": 2, "x": 3})
    assert raised.value.reason is Reason.STATE
    assert store.of("a").load() == {"x": 1}
    store.close()


def test_kill_at_any_moment_leaves_whole_commits(tmp_path: Path) -> None:
    """A process killed while it commits leaves every commit whole, and none that was told lost."""
    file, told = tmp_path / "a.db", tmp_path / "told"
    program = textwrap.dedent(
        f"""
        from exporter.state import open_state
        state = open_state("{url_of(file)}", 0).of("a")
        n = state.load().get("first", 0)
        with open("{told}", "a", buffering=1) as told:
            while True:
                n += 1
                state.commit({{"first": n, "second": n}})
                told.write(f"{{n}}\\n")
        """
    )
    newest = 0
    for patience in (0.0, 0.03, 0.11):
        size = told.stat().st_size if told.exists() else 0
        process = subprocess.Popen([sys.executable, "-c", program])
        wait_for(lambda: told.exists() and told.stat().st_size > size, 20)  # noqa: B023 used now
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(patience)
        process.send_signal(signal.SIGKILL)
        process.wait()
        store = open_state(url_of(file), NOW)
        found = store.of("a").load()
        store.close()
        assert found["first"] == found["second"]
        assert found["first"] >= int(told.read_text().split()[-1]) > newest
        newest = found["first"]
        assert store.resets == 0
