"""SAGA211: more positions than the lanes of a row in a database have bits."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.diagnostics import Finding, Rule
from sagadsl.model import Pinned
from sagadsl.source import Span
from sagadsl.sql import MOST_STEPS

RULE = Rule("SAGA211", "too-wide")


def check_width(pinned: Pinned) -> Iterator[Finding]:
    """That every position has a bit in a column, also those of older versions."""
    names = {
        rule.step: rule.name
        for version in pinned.versions
        for rule in version.rows.rules
    }
    most = max(names, default=0)
    if most >= MOST_STEPS:
        yield RULE.finding(
            f"`{names[most]}` has position {most}, and a column of SQL ends at"
            f" {MOST_STEPS - 1}",
            _span(pinned, most),
            f"{len(names)} steps in all versions together",
            why="a lane of a record is one BIGINT, and its sign bit stays 0",
            help="lower the bound of a loop, split the saga, or build no SQL of it",
        )


def _span(pinned: Pinned, position: int) -> Span:
    """Where the step is written; the name of the saga if only old versions have it."""
    for step in pinned.saga.steps:
        if pinned.positions.get(step.name) == position:
            return step.transition.name_span
    return pinned.saga.name_span
