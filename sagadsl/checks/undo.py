"""SAGA302: effects that an abort would leave behind."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.checks._pivot import past_pivot
from sagadsl.checks._words import pivot_labels
from sagadsl.diagnostics import Finding, Rule
from sagadsl.model import Saga

RULE = Rule("SAGA302", "undo")


def check(saga: Saga) -> Iterator[Finding]:
    """That what is done before the pivot is either compensated or said to stay."""
    past = past_pivot(saga)
    undoable = {s.transition.action for s in saga.steps if s.name not in past}
    for name in saga.transitions:
        action = saga.actions.get(name)
        if (
            action is None
            or not action.performed
            or action.row.pivot
            or action.row.no_undo
            or name in saga.compensations
            or name not in undoable
        ):
            continue
        pivots = pivot_labels(saga)
        when = (
            "can happen before the pivot" if pivots else "can be followed by an abort"
        )
        yield RULE.finding(
            f"`{name}` {when}, and nothing takes it back",
            action.span,
            "neither a compensation nor `no undo`",
            why="when the process is aborted, its effect would silently stay",
            help=f"write `{name} : …` in `compensations`, or add `no undo` if the"
            " effect may stay",
            others=pivots,
        )
