"""A view that stays on the screen and follows what happens, until Ctrl-C."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable

import click

PAUSE = 1.0
SHARE = 4  # it rests for so many times as long as it looks: a store has other work
# A screen of its own, without the cursor and without lines that run over.
_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l\x1b[?7l", "\x1b[?7h\x1b[?25h\x1b[?1049l"
_HOME, _END_OF_LINE, _BELOW = "\x1b[H", "\x1b[K", "\x1b[J"

watch_option = click.option(
    "--watch",
    "watching",
    is_flag=True,
    help="Stay, and show what happens; Ctrl-C ends it.",
)


def watch(draw: Callable[[], Iterable[str]]) -> None:
    """Draw again and again over what was there; at the end the last view is left."""
    out = sys.stdout
    if out is None or not out.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        raise click.UsageError("--watch needs a terminal")
    lines = list(draw())
    out.write(_ENTER)
    try:
        while True:
            began = time.monotonic()
            lines = list(draw())
            took = time.monotonic() - began
            _show(lines)
            time.sleep(max(PAUSE, SHARE * took))
    except KeyboardInterrupt:
        pass
    finally:
        out.write(_LEAVE)
        out.flush()
    click.echo("\n".join(lines))


def _show(lines: list[str]) -> None:
    """Write over the last view line by line, so that nothing is empty in between.

    Where there is no room for all it is the middle that is left out.
    """
    height = shutil.get_terminal_size().lines
    end = height // 3
    fits = len(lines) <= height
    shown = lines if fits else [*lines[: height - 1 - end], "…", *lines[-end:]]
    text = f"{_END_OF_LINE}\r\n".join(shown)
    sys.stdout.write(f"{_HOME}{text}{_END_OF_LINE}{_BELOW}")
    sys.stdout.flush()
