"""SAGA303: a pivot that would be undone."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.diagnostics import Finding, Label, Rule
from sagadsl.model import Saga

RULE = Rule("SAGA303", "pivot")


def check(saga: Saga) -> Iterator[Finding]:
    """That a pivot is a step of the way forward, with no way back."""
    undo = {item.compensation: item for item in saga.compensations.values()}
    for name, action in saga.actions.items():
        if not action.row.pivot:
            continue
        if name in saga.compensations:
            yield RULE.finding(
                f"`{name}` is a pivot and has a compensation",
                action.spans["pivot"],
                "the point of no return",
                why="once a pivot is begun the process only goes forward, so that its"
                " compensation would never run",
                help=f"remove `pivot`, or the compensation of `{name}`",
                others=(Label(saga.compensations[name].span, "its compensation"),),
            )
        elif name in undo and name not in saga.transitions:
            yield RULE.finding(
                f"`{name}` is a pivot and a compensation",
                action.spans["pivot"],
                "the point of no return",
                why="a pivot is a step of the way forward; a compensation is part of"
                " the way back",
                help="say `pivot` of the action of a row",
                others=(Label(undo[name].span, "a compensation"),),
            )
