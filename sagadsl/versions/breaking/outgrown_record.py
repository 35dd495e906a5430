"""SAGA613: more steps than the form in which records may be stored has room for."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.diagnostics import Finding, Rule
from sagadsl.model import Version
from sagadsl.versions.breaking.comparison import Comparison

RULE = Rule("SAGA613", "outgrown-record")

ROOM = (
    (20, "one integer that holds all lanes (`Record.pack`)"),
    (63, "a signed 64-bit integer for each lane"),
)


def check(comparison: Comparison) -> Iterator[Finding]:
    """That records still fit where they fitted."""
    before, now = _positions(comparison.old), _positions(comparison.new)
    for room, form in ROOM:
        if before <= room < now:
            yield RULE.finding(
                f"records have outgrown {form}",
                comparison.span(now - 1),
                f"takes position {now - 1}, and there are {room}",
                why="a column that was wide enough is not any more",
                help="store the lanes in wider columns before this version runs, and"
                " approve this",
            )


def _positions(version: Version) -> int:
    return max((rule.step for rule in version.rows.rules), default=-1) + 1
