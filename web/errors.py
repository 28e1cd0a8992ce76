"""What serving can fail with."""

from __future__ import annotations


class WebError(Exception):
    """The web server cannot be set up as asked, in one line."""
