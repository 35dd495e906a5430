"""The user's cache: what lies there saves time, and nothing is lost with it."""

from __future__ import annotations

import os


def folder() -> str | None:
    """The folder of this tool in the user's cache, made if there is none.

    None if it cannot be made, or if anybody else may write there.
    """
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    path = os.path.join(home, "sagadsl")
    try:
        os.makedirs(path, mode=0o700, exist_ok=True)
        return path if is_ours(os.stat(path)) else None
    except (OSError, ValueError, RecursionError):
        return None


def is_ours(stat: os.stat_result) -> bool:
    """Whether nobody but this user can have written a file, or into a folder."""
    if os.name != "posix":
        return True
    return stat.st_uid == os.getuid() and not stat.st_mode & 0o022
