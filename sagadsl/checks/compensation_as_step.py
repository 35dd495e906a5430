"""SAGA305: an action that is a step here and a compensation there."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.diagnostics import Finding, Label, Rule
from sagadsl.model import Saga

RULE = Rule("SAGA305", "compensation-as-step")


def check(saga: Saga) -> Iterator[Finding]:
    """That compensations are no actions of rows."""
    for item in saga.compensations.values():
        name = item.compensation
        if name not in saga.transitions:
            continue
        own = item.action == name
        yield RULE.finding(
            f"`{name}` is said to take itself back"
            if own
            else f"`{name}` is a step and the compensation of `{item.action}`",
            item.span,
            "the same action on both sides" if own else "a compensation here",
            why="a step is done at most once, on the way forward; a compensation runs"
            " on the way back",
            help=f"name the compensation otherwise, such as `undo_{item.action}`",
            others=(Label(saga.transitions[name].name_span, "a step here"),),
        )
