"""SAGA005: a text too big to be a saga."""

from __future__ import annotations

from typing import Final

from sagadsl.diagnostics import Finding, Rule
from sagadsl.source import Source, Span

RULE = Rule("SAGA005", "too-big")

LIMIT: Final = 4 * 1024 * 1024


def check(source: Source) -> Finding | None:
    """A finding if the text passes the limit."""
    size = len(source.text)
    if size <= LIMIT:
        return None
    return RULE.finding(
        f"too big: {size} characters",
        Span(source, 0, 0),
        f"a saga has at most {LIMIT} characters",
        why="a file of this size is hardly a saga, and would hold up the build",
        help="split the process into several sagas, or name the right file",
    )
