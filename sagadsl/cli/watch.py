"""Waiting for files to change."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

import click

from sagadsl.cli.files import Unusable, lock_path, shown

PAUSE = 0.3


def each_change(
    find: Callable[[], list[Path]], build: Callable[[list[Path]], Collection[Path]]
) -> None:
    """Build at once, and then each saga that changes, until Ctrl-C.

    `build` gives the sagas that it could not build. A file that is gone for a moment,
    as when an editor replaces it, is waited for.
    """
    click.echo("watching for changes; Ctrl-C ends it", err=True)
    with suppress(KeyboardInterrupt):
        _Watch(find, build).run()


class _Watch:
    def __init__(
        self,
        find: Callable[[], list[Path]],
        build: Callable[[list[Path]], Collection[Path]],
    ) -> None:
        self.find = find
        self.build = build
        self.seen: dict[Path, tuple[object, object]] = {}
        self.broken: set[Path] = set()

    def run(self) -> None:
        told = ""
        while True:
            try:
                self._look()
                told = ""
            except Unusable as unusable:
                if unusable.message != told:
                    unusable.show()
                told = unusable.message
            time.sleep(PAUSE)

    def _look(self) -> None:
        states = {path: (_state(path), _state(lock_path(path))) for path in self.find()}
        changed = [path for path in states if self.seen.get(path) != states[path]]
        if not changed:
            return
        broken: Collection[Path] = changed
        try:
            broken = self.build(changed)
        finally:
            for path in changed:
                # The lock as the build left it; the saga as it was before.
                states[path] = (states[path][0], _state(lock_path(path)))
            for path in self.broken.intersection(changed).difference(broken):
                click.echo(f"{shown(path)}: fixed")
            self.broken = self.broken.difference(changed).union(broken)
            self.seen = states
            gc.collect()


def _state(path: Path) -> object:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size
