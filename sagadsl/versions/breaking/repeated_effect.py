"""SAGA623: an effect in doubt that the new version may perform once more."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.diagnostics import Finding, Rule
from sagadsl.versions.breaking.comparison import Comparison

RULE = Rule("SAGA623", "repeated-effect")


def check(comparison: Comparison) -> Iterator[Finding]:
    """That what was begun as `once` is not repeated as `idempotent`."""
    pair = comparison.pair
    told: set[str] = set()
    for step, run in pair.each(pair.repeated, -pair.refused):
        action = pair.new_plans[step].rule.action
        if action in told:
            continue
        told.add(action)
        yield RULE.finding(
            f"`{action}` was `once`, and may be repeated in version"
            f" {comparison.new.number}",
            comparison.span(step),
            "in doubt in a process in flight",
            why="a process that was begun when it must happen once only may perform it"
            " twice",
            help="keep it `once` with its probe, or let processes end on their own"
            " version and approve this",
            run=run.moves,
        )
