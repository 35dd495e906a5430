"""Waiting for a file to change."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from sagadsl.cli.files import lock_path

PAUSE = 0.3


def each_change(find: Callable[[], list[Path]]) -> Iterator[None]:
    """Yields at once, and then whenever one of the files or its lock has changed."""
    seen: dict[Path, tuple[int, int]] | None = None
    while True:
        now = _state(find())
        if now != seen:
            yield
            gc.collect()
            now = _state(find())
        seen = now
        time.sleep(PAUSE)


def _state(paths: list[Path]) -> dict[Path, tuple[int, int]]:
    state: dict[Path, tuple[int, int]] = {}
    for path in (file for saga in paths for file in (saga, lock_path(saga))):
        if path.exists():
            stat = path.stat()
            state[path] = (stat.st_mtime_ns, stat.st_size)
    return state
