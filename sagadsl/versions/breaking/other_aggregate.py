"""SAGA612: records that are kept under another id."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.diagnostics import Finding, Rule
from sagadsl.versions.breaking.comparison import Comparison

RULE = Rule("SAGA612", "other-aggregate")


def check(comparison: Comparison) -> Iterator[Finding]:
    """That a process goes by the same id."""
    old, new = comparison.old.rows.aggregate, comparison.new.rows.aggregate
    if old != new:
        yield RULE.finding(
            f"processes go by `{new}`, and went by `{old}`",
            comparison.saga.name_span,
            f"`aggregate {new}`",
            why="what is stored under the one id is not found under the other, so a"
            " process could happen twice",
            help=f"keep `aggregate {old}`, or make a new saga of it",
        )
