"""What botocore knows of AWS' services, without what only people read.

A client holds its service's whole model for as long as it lives: dozens of megabytes for those that
we ask, of which documentation and repeated words are the larger part.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from botocore.loaders import JSONFileLoader

_READERS = (
    (".json", Path.read_bytes),
    (".json.gz", lambda path: gzip.decompress(path.read_bytes())),
)


class LeanFiles(JSONFileLoader):
    """Reads botocore's data files, each text once in memory and documentation empty."""

    def load_file(self, file_path: str) -> Any:
        """Return the data of the file that has this path but for its ending, None without one."""
        for ending, read in _READERS:
            path = Path(file_path + ending)
            if path.is_file():
                return json.loads(read(path), object_pairs_hook=_kept)
        return None


def _kept(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    return {name: _value(name, value) for name, value in pairs}


def _value(name: str, value: Any) -> Any:
    if type(value) is not str:
        # A member called documentation is a shape, no text.
        return value
    # botocore asks for some of them by name: they must be there.
    return "" if name == "documentation" else sys.intern(value)
