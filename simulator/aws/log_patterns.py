"""CloudWatch Logs filter patterns for unstructured events. Ours; the rest is refused.

Rules from the "Filter and pattern syntax" page of the CloudWatch Logs user guide: terms are case
sensitive, every plain term must be in the event, ``?term`` means any of these, ``-term`` excludes,
quotes keep a phrase together. Terms match inside words too.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_TOKEN = re.compile(r'([?-]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))')


class UnsupportedPatternError(ValueError):
    """A pattern that this embedded service does not speak."""


def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """Return a predicate over messages.

    Raises:
        UnsupportedPatternError: for JSON, space-delimited and regular-expression patterns.
    """
    text = pattern.strip()
    if text[:1] in ("{", "[") or "%" in text:
        raise UnsupportedPatternError(pattern)
    required: list[str] = []
    optional: list[str] = []
    excluded: list[str] = []
    for sign, phrase, term in _TOKEN.findall(text):
        target = {"?": optional, "-": excluded}.get(sign, required)
        target.append(phrase or term)

    def matches(message: str) -> bool:
        if any(term in message for term in excluded):
            return False
        if optional and not required:
            return any(term in message for term in optional)
        return all(term in message for term in required)

    return matches
