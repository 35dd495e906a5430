"""SAGA108: clauses of an action that its part in the saga contradicts."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.diagnostics import Finding, Label
from sagadsl.model import Action, Saga
from sagadsl.resolve.actions import CONTRADICTION


def check(saga: Saga) -> Iterator[Finding]:
    """That clauses agree with each other and with what the action is used for."""
    for name, action in saga.actions.items():
        if action.row.longest and action.row.longest < action.row.pause:
            yield _shrinking(action)
        if name in saga.transitions:
            yield from _of_row(saga, action)
        elif action.row.no_undo:
            yield CONTRADICTION.finding(
                f"`{name}` is a compensation, and says `no undo`",
                action.spans["no undo"],
                "a compensation is never undone",
                why="what takes an effect back is not taken back itself",
                help="remove `no undo`",
            )


def _of_row(saga: Saga, action: Action) -> Iterator[Finding]:
    name = action.row.name
    if action.row.no_undo and name in saga.compensations:
        yield CONTRADICTION.finding(
            f"`{name}` says `no undo` and has a compensation",
            action.spans["no undo"],
            "says that nothing takes it back",
            why="an abort either takes the effect back or leaves it",
            help="remove `no undo`, or the compensation",
            others=(Label(saga.compensations[name].span, "says what takes it back"),),
        )
    elif action.row.no_undo and not action.performed:
        yield CONTRADICTION.finding(
            f"`{name}` is a fact, and says `no undo`",
            action.spans["no undo"],
            "a fact has no effect of ours",
            why="a fact is only recorded, so there is nothing to take back",
            help="remove `no undo`, or add `once` or `idempotent` if our code performs"
            " it",
        )
    if action.row.even_if_in_doubt:
        yield CONTRADICTION.finding(
            f"`{name}` is a step, and says `even if in doubt`",
            action.spans["even if in doubt"],
            "said of compensations only",
            why="it says that a compensation is safe to run though the step may never"
            " have happened",
            help=f"say it of the compensation of `{name}`",
        )


def _shrinking(action: Action) -> Finding:
    return CONTRADICTION.finding(
        f"the pause between attempts of `{action.row.name}` would shrink",
        action.spans["retry"],
        "`up to` is shorter than `every`",
        why="the pause begins with `every` and doubles until it is `up to`",
        help="exchange the two durations, or drop `up to`",
    )
