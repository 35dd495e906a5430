"""SAGA625: records at their end that are not at an end in the new version."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.checks._words import listed
from sagadsl.diagnostics import Finding, Rule
from sagadsl.versions.breaking.comparison import Comparison

RULE = Rule("SAGA625", "reopened")


def check(comparison: Comparison) -> Iterator[Finding]:
    """That what has come to its end stays there."""
    pair = comparison.pair
    run = pair.find(pair.reopened, -pair.refused)
    if run is None:
        return
    held = dict.fromkeys(pair.machine.standing(run.record))
    yield RULE.finding(
        f"a process that has come to {listed(list(held))} goes on in version"
        f" {comparison.new.number}",
        comparison.saga.name_span,
        "was at its end",
        why="who was told that it has ended would see it begin again",
        help="lead the new rows on from before the end, or let processes end on their"
        " own version and approve this",
        run=run.moves,
    )
