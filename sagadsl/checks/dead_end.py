"""SAGA204: states that are not final and that nothing leaves."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.checks._reach import reach
from sagadsl.checks._words import few
from sagadsl.diagnostics import Finding, Label, Rule
from sagadsl.model import Saga, State, Transition

RULE = Rule("SAGA204", "dead-end")


def check(saga: Saga) -> Iterator[Finding]:
    """That from every state that is reached a row goes on, unless it is final."""
    places, _ = reach(saga)
    left = {place for step in saga.steps for group in step.sources for place in group}
    dead = {saga.places[place] for place in places if place not in left}
    leaving: dict[str, list[Transition]] = {name: [] for name in dead}
    for row in saga.transitions.values():
        for name in dead.intersection(s for group in row.sources for s in group):
            leaving[name].append(row)
    for name, state in saga.states.items():
        if name in dead and not state.kind.startswith("final"):
            rows = leaving[name]
            yield _last_round(state, rows) if rows else _plain(state)


def _plain(state: State) -> Finding:
    return RULE.finding(
        f"`{state.name}` is a dead end",
        state.span,
        "not final, and no row leaves it",
        why="a process that comes here waits for ever",
        help=f"write a row that leaves it, as in `{state.name} -> … : …`, or declare it"
        f" as `final {state.name}` or `final failure {state.name}`",
    )


def _last_round(state: State, rows: list[Transition]) -> Finding:
    """Each row that leaves the state is bounded, and all bounds are used up."""
    only = rows[0]
    times = "once" if only.limit == 1 else f"{only.limit} times"
    return RULE.finding(
        f"in the last round of the loop, `{state.name}` is a dead end",
        state.span,
        f"no row leaves it once `{only.action}` has happened {times}"
        if len(rows) == 1
        else "no row leaves it once the bounds are used up",
        why="a process that comes here waits for ever",
        help=f"write a row for this case, as in `{state.name} -> … : …`, to a state"
        " outside of the loop",
        others=few(Label(r.limit_span or r.name_span, "used up by then") for r in rows),
    )
