"""SAGA304: a failure after which a process can neither go on nor back."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.checks._pivot import past_pivot
from sagadsl.checks._words import pivot_labels
from sagadsl.diagnostics import Finding, Rule
from sagadsl.model import Saga

RULE = Rule("SAGA304", "no-way-forward")


def check(saga: Saga) -> Iterator[Finding]:
    """That what can fail after the pivot says where it goes then."""
    past = past_pivot(saga)
    late = {step.transition.action for step in saga.steps if step.name in past}
    for name, row in saga.transitions.items():
        action = saga.actions.get(name)
        if (
            name in late
            and action
            and action.performed
            and not action.row.cannot_fail
            and not row.otherwise
        ):
            yield RULE.finding(
                f"`{name}` can fail after the pivot, and nothing leads on from there",
                row.name_span,
                "neither `else` nor `cannot fail`",
                why="past the point of no return the process cannot be aborted, so it"
                " would be stuck",
                help="add `else` and a state to the row, or `cannot fail` to the action"
                " so that it is tried until it succeeds",
                others=pivot_labels(saga),
            )
