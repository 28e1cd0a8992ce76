"""Durable documents: restarts, crashes, corruption, both databases."""

from __future__ import annotations

import math
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from exporter.collector import CollectError, Reason
from exporter.state import _MIGRATIONS, StateStore, open_state
from storage.database import DatabaseError, open_database
from storage.migrations import migrate
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


def test_documents_on_both_databases(database: str) -> None:
    """SQLite and PostgreSQL keep them in the same way, also for the next process."""
    store = open_state(database, NOW)
    check_documents(store)
    store.close()
    again = open_state(database, NOW)
    assert again.of("a").load() == {"x/1": {"n": 3}}
    assert again.resets == 0
    again.close()


def test_schema_before_versions_is_taken_over(database: str) -> None:
    """What the previous version of the program kept is read, NaN included, and written on."""
    engine = open_database(database)
    migrate(engine, "exporter", _MIGRATIONS[:1])
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO exporter_documents (scope, key, body)"
            """ VALUES ('a', 'x', '{"n": 1, "quantile": NaN}'), ('b', 'x', '[2]')"""
        )
    engine.dispose()
    store = open_state(database, NOW)
    found = store.of("a").load()
    assert found["x"]["n"] == 1
    assert math.isnan(found["x"]["quantile"])
    store.of("a").commit({"x": {"n": 2}})
    store.of("b").commit({"x": None})
    store.close()
    again = open_state(database, NOW)
    assert again.of("a").load() == {"x": {"n": 2}}
    assert again.of("b").load() == {}
    again.close()


def statements(store: StateStore) -> list[str]:
    """Return a list that every statement from now on is added to."""
    seen: list[str] = []

    @event.listens_for(store.engine, "before_cursor_execute")
    def _seen(*args: Any) -> None:
        seen.append(args[2])

    return seen


def test_a_run_reads_no_document_twice_and_writes_what_changed(database: str) -> None:
    """After the first load a run asks for versions alone, and an unchanged document is left."""
    store = open_state(database, NOW)
    store.of("a").commit({"x": 1, "y": 2, "z": 3})
    store.of("a").load()
    seen = statements(store)
    state = store.of("a")
    assert state.load() == {"x": 1, "y": 2, "z": 3}
    state.commit({"x": 1, "y": 5, "z": None, "gone": None})
    assert state.load("y") == {"y": 5}
    assert not [one for one in seen if "SELECT" in one and "body" in one]
    assert [one.split()[0] for one in seen if "BEGIN" not in one] == ["SELECT", "UPDATE", "DELETE"]
    del seen[:]
    state.commit({"x": 1, "y": 5})
    assert seen == []
    store.close()


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [({"x": 2}, {"x": 3}), ({"x": 2}, {"x": None}), ({"x": None}, {"x": 3}), ({"y": 1}, {"y": 2})],
    ids=["both change", "they change, we delete", "they delete, we change", "both insert"],
)
def test_second_writer_loses_and_goes_on_from_the_first(
    database: str, theirs: dict[str, int | None], ours: dict[str, int | None]
) -> None:
    """A commit over what another process wrote since changes nothing, and is read again."""
    first, second = open_state(database, NOW), open_state(database, NOW)
    first.of("a").commit({"x": 1, "other": 1})
    late = second.of("a")
    late.memory()["derived"] = "from x = 1"
    first.of("a").commit(theirs)
    with pytest.raises(CollectError) as raised:
        late.commit({"other": 9, **ours})
    assert raised.value.reason is Reason.STATE
    expected = {k: v for k, v in ({"x": 1, "other": 1} | theirs).items() if v is not None}
    assert late.load() == expected
    assert late.memory() == {}
    late.commit({"other": 10})
    assert first.of("a").load() == {**expected, "other": 10}
    first.close()
    second.close()


def test_a_document_deleted_and_made_anew_is_not_the_old_one(database: str) -> None:
    """A version never comes twice, so that what was derived from the old document is refused."""
    first, second = open_state(database, NOW), open_state(database, NOW)
    first.of("a").commit({"x": 1})
    late = second.of("a")
    late.load()
    first.of("a").commit({"x": None})
    first.of("a").commit({"x": 1})
    with pytest.raises(CollectError):
        late.commit({"x": 2})
    first.close()
    second.close()


def test_memory_lasts_while_nobody_else_writes(database: str) -> None:
    """What a collector keeps in memory is there in its next run, and gone once it may be old."""
    store, other = open_state(database, NOW), open_state(database, NOW)
    state = store.of("a")
    state.memory()["n"] = 1
    state.commit({"x": 1})
    assert store.of("a").memory() == {"n": 1}
    other.of("b").commit({"x": 1})
    assert store.of("a").memory() == {"n": 1}
    other.of("a").commit({"x": 2})
    assert store.of("a").memory() == {}
    store.close()
    other.close()


def test_writers_in_threads_count_everything_once(database: str) -> None:
    """Whoever loses begins again: no increment is lost or made twice, and none waits for ever."""

    def count(store: StateStore) -> int:
        lost = 0
        for _ in range(20):
            while True:
                state = store.of("a")
                n = state.load().get("n", 0)
                try:
                    state.commit({"n": n + 1, "m": n + 1})
                    break
                except CollectError as error:
                    assert error.reason is Reason.STATE  # noqa: PT017 anything else is wrong
                    lost += 1
        return lost

    stores = [open_state(database, NOW) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(count, stores))
    assert stores[0].of("a").load() == {"n": 60, "m": 60}
    for store in stores:
        store.close()


def test_full_disk_fails_the_commit_and_is_forgotten_with_space(tmp_path: Path) -> None:
    """A commit that finds no room writes nothing; the next one with room writes all."""
    store = open_state(url_of(tmp_path / "a.db"), NOW)
    store.of("a").commit({"x": 1})
    room = {"pages": 0}

    @event.listens_for(store.engine, "checkout")
    def _limit(connection: Any, *_: Any) -> None:
        # SQLite's own limit: it answers as on a full disk.
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages + room['pages']}")

    with pytest.raises(CollectError, match="full") as raised:
        store.of("a").commit({"x": 2, "big": "b" * 100_000})
    assert raised.value.reason is Reason.STATE
    assert store.of("a").load() == {"x": 1}
    room["pages"] = 1000
    store.of("a").commit({"x": 3, "big": "b" * 100_000})
    assert store.of("a").load("x") == {"x": 3}
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
