"""Durations as people and Prometheus write them: ``90s``, ``5m``, ``1h30m``, ``30d``."""

from __future__ import annotations

import math
import re
from typing import Annotated

from pydantic import BeforeValidator

_UNITS = {
    "y": 31_536_000.0,
    "w": 604_800.0,
    "d": 86_400.0,
    "h": 3_600.0,
    "m": 60.0,
    "s": 1.0,
    "ms": 0.001,
}
_PART = re.compile(r"(\d+)(ms|[ywdhms])")


def parse_duration(value: object) -> float:
    """Return seconds for a Prometheus-style duration text; a float is seconds already.

    Raises:
        ValueError: if the text is not a sequence of number and unit; for either, if it is not
            positive and finite.
    """
    if isinstance(value, float):
        if not 0 < value < math.inf:
            raise ValueError(f"a duration must be longer than zero and end, not '{value:g}'")
        return value
    text = str(value)
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"'{text}' is not a duration such as 90s, 5m, 1h30m or 30d")
    seconds = sum(int(number) * _UNITS[unit] for number, unit in parts)
    if seconds <= 0:
        raise ValueError(f"a duration must be longer than zero, not '{text}'")
    return seconds


def format_duration(seconds: float) -> str:
    """Return the Prometheus duration text for ``seconds`` (rounded to milliseconds)."""
    rest = round(seconds * 1000)
    if rest <= 0:
        return "0s"
    text = ""
    for unit in ("d", "h", "m", "s", "ms"):
        size = round(_UNITS[unit] * 1000)
        count, rest = divmod(rest, size)
        if count:
            text += f"{count}{unit}"
    return text


Duration = Annotated[float, BeforeValidator(parse_duration)]
"""Seconds, written in the inventory as ``5m``."""
