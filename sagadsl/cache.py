"""The user's cache: what lies there saves time, and nothing is lost with it."""

from __future__ import annotations

import os


def folder() -> str:
    """The folder of this tool in the user's cache; it need not exist."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(home, "sagadsl")


def is_ours(stat: os.stat_result) -> bool:
    """Whether nobody but this user can have written a file, or into a folder."""
    if os.name != "posix":
        return True
    return stat.st_uid == os.getuid() and not stat.st_mode & 0o022
