"""The scenarios' files by name; light enough to be asked for without the demo's own packages."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent


def names() -> tuple[str, ...]:
    """Return the names of every scenario."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))
