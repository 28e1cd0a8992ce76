"""Every action, killed and broken at a sample of all places; ``python -m bench proof`` does all."""
from __future__ import annotations
