"""SAGA201: a saga begins in one state."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.checks._words import few, listed
from sagadsl.diagnostics import Finding, Label, Rule
from sagadsl.model import Saga

RULE = Rule("SAGA201", "initial")


def check(saga: Saga) -> Iterator[Finding]:
    """That exactly one state is initial."""
    initial = [state for state in saga.states.values() if state.kind == "initial"]
    if not initial:
        first = next(iter(saga.states), "begun")
        yield RULE.finding(
            f"the saga `{saga.name}` has no initial state",
            saga.name_span,
            "begins nowhere",
            why="every new process stands in the initial state",
            help=f"write `initial` before a state, as in `initial {first}`",
        )
    elif len(initial) > 1:
        names = [state.name for state in initial]
        yield RULE.finding(
            f"{listed(names)} are all initial"
            if len(names) > 2
            else f"both {listed(names)} are initial",
            initial[1].span,
            "a second initial state",
            why="every new process stands in the one initial state",
            help="keep the first; a row with `&` forks from there into several states",
            others=few(
                Label(s.span, "initial too") for s in (initial[0], *initial[2:])
            ),
        )
