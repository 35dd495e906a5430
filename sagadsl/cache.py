"""The user's cache: what lies there saves time, and nothing is lost with it."""

from __future__ import annotations

import os


def folder() -> str:
    """The folder of this tool in the user's cache; it need not exist."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(home, "sagadsl")
