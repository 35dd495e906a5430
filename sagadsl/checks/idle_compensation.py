"""SAGA307: compensations that no abort ever reaches."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.checks._pivot import past_pivot
from sagadsl.checks._words import pivot_labels
from sagadsl.diagnostics import Finding, Rule, Severity
from sagadsl.model import Saga

RULE = Rule("SAGA307", "idle-compensation", Severity.WARNING)


def check(saga: Saga) -> Iterator[Finding]:
    """That what has a compensation can happen before the pivot."""
    past = past_pivot(saga)
    early = {step.transition.action for step in saga.steps if step.name not in past}
    for name, item in saga.compensations.items():
        if name not in early:
            yield RULE.finding(
                f"the compensation of `{name}` never runs",
                item.span,
                f"`{name}` comes after the pivot",
                why="past the point of no return nothing is taken back, though the line"
                " says so",
                help="remove the line, or move the pivot",
                others=pivot_labels(saga),
            )
