"""Telling from a target's state whether what was planned has happened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from remediations.action import Finding
from remediations.model import Plan


def compared(plan: Plan, state: Mapping[str, Any]) -> Finding:
    """Say whether ``state`` is as planned, as it was before the plan, or a third one."""
    if dict(state) == dict(plan.after):
        return Finding.HAPPENED
    return Finding.ABSENT if dict(state) == dict(plan.before) else Finding.DRIFTED
