"""SAGA203: states that nothing leads to, and what depends on them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from sagadsl.checks._reach import reach
from sagadsl.checks._words import few, listed
from sagadsl.diagnostics import Finding, Label, Rule
from sagadsl.model import Saga, State, Transition

RULE = Rule("SAGA203", "unreachable")


def check(saga: Saga) -> Iterator[Finding]:
    """That every state can be reached and every row can happen: one finding a cause."""
    places, steps = reach(saga)
    reached = {saga.places[place] for place in places}
    happen = {step.transition.action for step in saga.steps if step.name in steps}
    rows = [row for name, row in saga.transitions.items() if name not in happen]
    dead = [state for name, state in saga.states.items() if name not in reached]
    led_to = {name for row in rows for name in (*row.targets, *row.otherwise)}
    leaving: dict[str, list[Transition]] = {}
    for row in rows:
        for name in dict.fromkeys(name for group in row.sources for name in group):
            leaving.setdefault(name, []).append(row)
    explained: set[str] = set()
    for row, group in _torn(saga, steps, reached):
        if row.action not in happen:
            _follow([row], leaving, reached, explained)
        yield _never_together(row, group)
    # Where no row leads to is a cause; what is left leads only to itself.
    for cause in sorted(dead, key=lambda state: state.name in led_to):
        if cause.name not in explained:
            explained.add(cause.name)
            after = leaving.get(cause.name, [])
            fresh = _follow(after, leaving, reached, explained)
            yield _finding(saga, cause, fresh, leaving, looped=cause.name in led_to)


def _torn(
    saga: Saga, steps: Collection[str], reached: Collection[str]
) -> Iterator[tuple[Transition, tuple[str, ...]]]:
    """The joins whose states are all reached, and in no round of a loop together."""
    met: set[tuple[str, frozenset[str]]] = set()
    for step in saga.steps:
        if step.name in steps:
            for places in step.sources:
                states = frozenset(saga.places[place] for place in places)
                met.add((step.transition.action, states))
    for name, row in saga.transitions.items():
        for group in row.sources:
            if (name, frozenset(group)) not in met and all(s in reached for s in group):
                yield row, group


def _never_together(row: Transition, group: tuple[str, ...]) -> Finding:
    return RULE.finding(
        f"`{row.action}` never starts from `{' & '.join(group)}`",
        row.name_span,
        "no round of the loop holds them together",
        why="a row with a bound leads into the next round, and a join takes its states"
        " from one round",
        help="let the same bounded rows lead to each of these states, or take the join"
        " out of the loop",
    )


def _follow(
    rows: Iterable[Transition],
    leaving: Mapping[str, list[Transition]],
    reached: Collection[str],
    explained: set[str],
) -> set[str]:
    """The states that are not reached because these rows never happen."""
    found: set[str] = set()
    stack = list(rows)
    while stack:
        row = stack.pop()
        for name in (*row.targets, *row.otherwise):
            if name not in reached and name not in explained:
                explained.add(name)
                found.add(name)
                stack += leaving.get(name, ())
    return found


def _finding(
    saga: Saga,
    cause: State,
    following: Collection[str],
    leaving: Mapping[str, list[Transition]],
    *,
    looped: bool,
) -> Finding:
    others = sorted(map(saga.states.__getitem__, following), key=lambda s: s.span.start)
    never = [state.name for state in others]
    labels = [Label(state.span, "so this is never reached either") for state in others]
    if not labels:
        labels = [
            Label(row.name_span, "so this never happens")
            for row in leaving.get(cause.name, ())
        ]
    return RULE.finding(
        f"`{cause.name}` is never reached"
        + (f", nor {listed(never)}" if never else ""),
        cause.span,
        "no row leads here from the initial state" if looped else "no row leads here",
        why="what can never happen is a slip: a row is missing, or leads elsewhere",
        help=f"lead a row to `{cause.name}`, as in `… -> {cause.name} : …`, or remove"
        " the state",
        others=few(labels),
    )
