"""SAGA611: a position that stands for another step than it did."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.diagnostics import Finding, Rule
from sagadsl.versions.breaking.comparison import Comparison

RULE = Rule("SAGA611", "moved-step")


def check(comparison: Comparison) -> Iterator[Finding]:
    """That every step of the old version has the position that it had."""
    now = {rule.name: rule.step for rule in comparison.new.rows.rules}
    for rule in comparison.old.rows.rules:
        if now.get(rule.name, rule.step) != rule.step:
            yield RULE.finding(
                f"`{rule.name}` has moved from position {rule.step} to"
                f" {now[rule.name]}",
                comparison.span(now[rule.name]),
                f"was at position {rule.step}",
                why="bits that are stored would be read as other steps",
                help="restore the lock file from version control, and build again",
            )
