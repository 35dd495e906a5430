"""SAGA624: an effect that stands in a record in flight and can no longer be undone."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.diagnostics import Finding, Rule
from sagadsl.versions.breaking.comparison import Comparison

RULE = Rule("SAGA624", "lost-compensation")


def check(comparison: Comparison) -> Iterator[Finding]:
    """That what could be taken back still can, where an abort is still possible."""
    pair = comparison.pair
    told: set[str] = set()
    for step, run in pair.each(pair.lost_undo, pair.in_flight, -pair.refused):
        plan, old = pair.new_plans[step], pair.old_plans[step]
        if plan.rule.action in told:
            continue
        told.add(plan.rule.action)
        doubt = " while in doubt" if plan.undo else ""
        yield RULE.finding(
            f"version {comparison.new.number} cannot take back `{plan.rule.action}`"
            f"{doubt}",
            comparison.span(step),
            f"was taken back by `{old.undo}`{doubt}",
            why="if a process in flight is aborted, its effect would stay",
            help=f"keep `{plan.rule.action} : {old.undo}` in `compensations`, or let"
            " processes end on their own version and approve this",
            run=run.moves,
        )
