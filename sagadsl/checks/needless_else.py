"""SAGA306: an `else` for what cannot fail."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.diagnostics import Finding, Label, Rule
from sagadsl.model import Saga

RULE = Rule("SAGA306", "needless-else")


def check(saga: Saga) -> Iterator[Finding]:
    """That a row with `else` has an action that can fail."""
    for name, row in saga.transitions.items():
        if not row.otherwise:
            continue
        action = saga.actions.get(name)
        if action is None or not action.performed:
            states = " & ".join(row.otherwise)
            yield RULE.finding(
                f"`{name}` is a fact and has an `else`",
                row.name_span,
                "recorded, not performed: it cannot fail",
                why="a fact is what somebody reports; nothing is tried that could fail",
                help="say `once` or `idempotent` in `actions` if it is performed,\n"
                f"or write a second row, to `{states}`, for the other report",
            )
        elif action.row.cannot_fail:
            yield RULE.finding(
                f"`{name}` `cannot fail` and has an `else`",
                row.name_span,
                "never fails",
                why="what cannot fail is tried until it succeeds",
                help="remove either `else` or `cannot fail`",
                others=(Label(action.spans["cannot fail"], "said here"),),
            )
