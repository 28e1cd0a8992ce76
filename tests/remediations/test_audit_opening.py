"""``vigia audit`` looks at the ledger that is there: it makes none, changes none, migrates none."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from remediations.ledger.schema import COMPONENT, MIGRATIONS
from remediations.ledger.store import open_ledger, reading
from remediations.ledger.switches import Switch
from simulator.processes import free_port
from storage.database import open_database
from storage.migrations import migrate, version_of
from vigia.__main__ import main

ROOT = Path(__file__).resolve().parents[2]
PARTS = pytest.mark.parametrize("part", ["verify", "export"])
# Python itself must be read first, which may be where nobody else may look.
_AS_NOBODY = """
import os, sys
from vigia.__main__ import main
words = ["audit", "verify", "--database-url"]
main([*words, sys.argv[1]])
os.setuid(65534)
sys.exit(main([*words, sys.argv[2]]))
"""
Said = Callable[..., tuple[int, str, str]]


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    """The command: exit code, stdout and stderr."""

    def run(part: str, url: str) -> tuple[int, str, str]:
        code = main(["audit", part, "--database-url", url])
        written = capsys.readouterr()
        return code, written.out, written.err

    return run


@PARTS
def test_a_ledger_that_is_not_there_is_not_made(said: Said, part: str, tmp_path: Path) -> None:
    """A wrong path is one line and 2, and nothing is there afterwards either."""
    file = tmp_path / "ledger.db"
    code, out, err = said(part, f"sqlite:///{file}")
    assert (code, out, err) == (
        2,
        "",
        "vigia: the database 'ledger.db': No such file or directory\n",
    )
    assert list(tmp_path.iterdir()) == []


@PARTS
def test_a_state_directory_is_not_made(
    part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a URL the ledger is looked for in the state directory, which need not be there."""
    monkeypatch.setenv("VIGIA_STATE_DIR", str(tmp_path / "state"))
    assert main(["audit", part]) == 2
    assert list(tmp_path.iterdir()) == []


@PARTS
def test_a_database_without_a_ledger_is_told(said: Said, part: str, database_url: str) -> None:
    """A database that holds something else is no intact ledger, and stays as it is."""
    engine = open_database(database_url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE other (id INTEGER)"))
    code, out, err = said(part, database_url)
    assert (code, out) == (2, "")
    assert "there is no ledger" in err
    assert sa.inspect(engine).get_table_names() == ["other"]
    engine.dispose()


@PARTS
def test_an_older_ledger_is_told_and_not_migrated(said: Said, part: str, database_url: str) -> None:
    """A schema of another version is one line and 2; its version stays what it was."""
    engine = open_database(database_url)
    migrate(engine, COMPONENT, MIGRATIONS[:1])
    code, out, err = said(part, database_url)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert f"version 1 of 'ledger', this program reads {len(MIGRATIONS)}" in err
    with engine.connect() as connection:
        assert version_of(connection, COMPONENT) == 1
    engine.dispose()


@PARTS
def test_a_database_that_is_away_is_3(said: Said, part: str) -> None:
    """A PostgreSQL that does not answer is no verdict on the ledger."""
    code, out, err = said(part, f"postgresql://vigia@127.0.0.1:{free_port()}/vigia")
    assert (code, out, err) == (3, "", "vigia: the ledger's database does not answer\n")


def test_no_table_can_be_written_while_it_is_read(database_url: str) -> None:
    """The database itself refuses to change anything for whoever opened it to read."""
    open_ledger(database_url).close()
    with pytest.raises(sa.exc.DBAPIError, match=r"read.?only"), reading(database_url) as connection:
        connection.execute(sa.text("DELETE FROM audit_head"))


def test_the_file_stays_as_it_was(said: Said, tmp_path: Path) -> None:
    """A file is verified without a byte of it changed, also while the service has it open."""
    file = tmp_path / "ledger.db"
    ledger = open_ledger(f"sqlite:///{file}")
    ledger.switches.set(Switch.PAUSE, engaged=True, by="ana", reason="", now=1.0)
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    code, out, _ = said("verify", f"sqlite:///{file}")
    assert (code, "intact" in out) == (0, True)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == before
    ledger.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not write")
def test_a_copy_that_may_only_be_read_is_verified(tmp_path: Path) -> None:
    """A copy in a directory that nobody may write to is verified, by somebody who is not root."""
    known = f"sqlite:///{tmp_path / 'ledger.db'}"
    open_ledger(known).close()
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        copy = shutil.copy(tmp_path / "ledger.db", folder)
        Path(folder).chmod(0o555)
        done = subprocess.run(
            [sys.executable, "-c", _AS_NOBODY, known, f"sqlite:///{copy}"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.count("intact") == 2
        assert [one.name for one in Path(folder).iterdir()] == ["ledger.db"]
