"""SAGA302: effects that an abort would leave behind."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.checks._pivot import past_pivot
from sagadsl.checks._words import pivot_labels
from sagadsl.diagnostics import Finding, Rule
from sagadsl.model import Action, Saga, Transition

RULE = Rule("SAGA302", "undo")


def check(saga: Saga) -> Iterator[Finding]:
    """That what is done before the pivot is either compensated or said to stay."""
    past = past_pivot(saga)
    undoable = {s.transition.action for s in saga.steps if s.name not in past}
    for name, row in saga.transitions.items():
        action = saga.actions.get(name)
        if (
            action
            and action.performed
            and not action.row.pivot
            and not action.row.no_undo
            and name not in saga.compensations
            and name in undoable
        ):
            yield _finding(saga, row, action)


def _finding(saga: Saga, row: Transition, action: Action) -> Finding:
    pivots = pivot_labels(saga)
    last = all(saga.states[name].kind.startswith("final") for name in row.targets)
    when = "can be followed by an abort"
    why = "when the process is aborted, its effect would silently stay"
    help_ = f"write `{row.action} : …` in `compensations`, or add `no undo` if the"
    help_ += " effect may stay"
    if pivots:
        when = "can happen before the pivot"
    elif last:
        when = "can be under way when the process is aborted"
        why = "while it is in doubt the process has not ended, and in an abort its"
        why += " effect would silently stay"
        help_ += ",\nor `pivot` if there is no way back once it is begun"
    return RULE.finding(
        f"`{row.action}` {when}, and nothing takes it back",
        action.span,
        "neither a compensation nor `no undo`",
        why=why,
        help=help_,
        others=pivots,
    )
