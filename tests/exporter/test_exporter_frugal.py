"""How the exporter's process keeps small, seen from within such a process."""

from __future__ import annotations

import ctypes
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from vigia.__main__ import build_parser

ROOT = Path(__file__).parents[2]


def say(program: str) -> str:
    """Run a program in a process of its own and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.strip()


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "malloc_info"), reason="the C library has no arenas to share"
)
def test_threads_share_one_arena(tmp_path: Path) -> None:
    """Threads that allocate at the same time do so from one arena, and not each from its own."""
    program = """
        import ctypes, re, sys, threading
        from vigia import frugal
        {first}
        gate = threading.Barrier(4)
        def work():
            gate.wait()
            kept = [bytearray(50_000) for _ in range(50)]
            gate.wait()
        threads = [threading.Thread(target=work) for _ in range(4)]
        [t.start() for t in threads]; [t.join() for t in threads]
        libc = ctypes.CDLL(None)
        libc.fopen.restype = ctypes.c_void_p
        file = libc.fopen({file!r}.encode(), b"w")
        libc.malloc_info(0, ctypes.c_void_p(file))
        libc.fclose(ctypes.c_void_p(file))
        print(len(re.findall("<heap nr=", open({file!r}).read())))
    """
    file = str(tmp_path / "arenas")
    assert int(say(program.format(first="", file=file))) > 1
    assert int(say(program.format(first="frugal.share_memory()", file=file))) == 1


def test_what_is_there_is_left_alone() -> None:
    """What was imported is never walked through again, and the rest more seldom."""
    program = """
        import gc
        from vigia import frugal
        frugal.settle_down()
        print(gc.get_freeze_count() > 1000, gc.get_threshold()[0] > 700, gc.isenabled())
    """
    assert say(program) == "True True True"


def test_a_command_brings_its_own_libraries_only() -> None:
    """The exporter carries neither the remediations, nor what draws tables, nor PostgreSQL."""
    program = """
        import sys
        from vigia.__main__ import build_parser
        build_parser(["--log-level", "info", "exporter", "--once"])
        others = ("remediations", "rich", "vigia.commands.health", "sqlalchemy.dialects.postgresql")
        print([name for name in others if name in sys.modules])
    """
    assert say(program) == "[]"


@pytest.mark.parametrize("asked", [[], ["--help", "exporter"], ["unknown"]])
def test_help_knows_every_command(asked: list[str]) -> None:
    """Where no command is named first, all of them are loaded."""
    found = build_parser(asked).format_help()
    assert all(name in found for name in ("exporter", "health", "remediations", "plan"))
    assert "health" not in build_parser(["plan"]).format_help()
