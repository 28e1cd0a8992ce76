"""``python -m bench [NAME...]``: run the benchmarks, print their tables, write their results.

It exits with 1 where a goal was missed or a proof failed, with 2 for an unknown name.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import sys
import time
import traceback
from pathlib import Path

from bench.measure import Result

HERE = Path(__file__).parent
RESULTS = HERE / "results"


def main(wanted: list[str]) -> int:
    """Run every benchmark, or those named (``exposition`` for ``bench_exposition.py``).

    One that fails, or cannot be run, does not keep the others from being run.
    """
    names = sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
    if unknown := set(wanted) - set(names):
        sys.stderr.write(f"bench: no benchmark '{min(unknown)}'; there are {', '.join(names)}\n")
        return 2
    RESULTS.mkdir(exist_ok=True)
    good = [_run(name) for name in wanted or names]
    return 0 if all(good) else 1


def _run(name: str) -> bool:
    begun = time.time()
    try:
        result: Result = importlib.import_module(f"bench.bench_{name}").run()
    except Exception:  # noqa: BLE001 told, and the command fails
        traceback.print_exc()
        return False
    _print(result)
    _write(name, result, begun)
    return not result.missed


def _print(result: Result) -> None:
    cells = [
        result.columns,
        *([_shown(row[name]) for name in result.columns] for row in result.rows),
    ]
    widths = [max(len(row[index]) for row in cells) for index in range(len(result.columns))]
    print(f"\n{result.title}")
    for row in cells:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))
    for line in result.notes:
        print(f"  {line}")
    for line in result.missed:
        print(f"  MISSED {line}")


def _shown(value: object) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


def _write(name: str, result: Result, begun: float) -> None:
    document = {
        "benchmark": name,
        "title": result.title,
        "at": begun,
        "seconds": round(time.time() - begun, 3),
        "python": platform.python_version(),
        "machine": {"processors": os.cpu_count(), "architecture": platform.machine()},
        "rows": result.rows,
        "notes": result.notes,
        "missed": result.missed,
    }
    (RESULTS / f"{name}.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
