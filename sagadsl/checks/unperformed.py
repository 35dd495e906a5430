"""SAGA308: what the driver would record though nobody does it."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.diagnostics import Finding, Label, Rule
from sagadsl.model import Saga

RULE = Rule("SAGA308", "unperformed")


def check(saga: Saga) -> Iterator[Finding]:
    """That what the driver takes by itself is performed, if it is ever taken back."""
    for name, item in saga.compensations.items():
        row = saga.transitions[name]
        driven = "system" in row.trigger.actors or row.trigger.delay
        action = saga.actions.get(name)
        if not driven or (action and action.performed):
            continue
        yield RULE.finding(
            f"nobody performs `{name}`, and `{item.compensation}` would take it back",
            row.name_span,
            "recorded by the driver, not performed",
            why="without `once` or `idempotent` an action is a fact that somebody"
            f" reports; but what is `{row.trigger.text}` the driver takes by itself, so"
            " that it would only look done",
            help=f"write `{name} : idempotent` in `actions` if it may be repeated, else"
            f" `{name} : once, …`;\nif somebody else does it, say who, as in `by user`",
            others=(Label(item.span, "takes it back"),),
        )
