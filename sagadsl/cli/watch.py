"""Waiting for a file to change."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from pathlib import Path

from sagadsl.cli.files import Unusable, lock_path

PAUSE = 0.3


def each_change(find: Callable[[], list[Path]], act: Callable[[], object]) -> None:
    """Act at once, and then whenever a file that is found, or its lock, has changed.

    A file that is gone for a moment, as when an editor replaces it, is waited for.
    """
    seen: dict[Path, tuple[int, int]] | None = None
    while True:
        try:
            if _state(find()) != seen:
                act()
                seen = _state(find())
                gc.collect()
        except Unusable as unusable:
            if seen != {}:
                unusable.show()
            seen = {}
        time.sleep(PAUSE)


def _state(paths: list[Path]) -> dict[Path, tuple[int, int]]:
    state: dict[Path, tuple[int, int]] = {}
    for path in (file for saga in paths for file in (saga, lock_path(saga))):
        try:
            stat = path.stat()
        except OSError:
            continue
        state[path] = (stat.st_mtime_ns, stat.st_size)
    return state
