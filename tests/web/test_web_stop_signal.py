"""A signal to stop is never lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
_PROGRAM = """
import signal, sys, threading, time
from vigia.serving import stop_signal, wait_until

def blocks():
    frame = sys._current_frames()[threading.main_thread().ident]
    return frame.f_code.co_name == frame.f_back.f_code.co_name == "wait"

def interrupt_myself():
    seen = 0
    while seen < 5:
        seen = seen + 1 if blocks() else 0
        time.sleep(0.02)
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
    threading.Event().wait()

stopped = stop_signal()
threading.Thread(target=interrupt_myself, daemon=True).start()
wait_until(stopped)
print("stopped")
"""


def test_a_signal_that_interrupts_another_thread_stops_the_service() -> None:
    """The main thread notices a SIGTERM that did not wake it, and the service ends."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, "stopped\n"), done.stderr
