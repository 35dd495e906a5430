"""SAGA205: rows that lead back without a bound."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.checks._words import few
from sagadsl.diagnostics import Finding, Label, Rule
from sagadsl.graph import Flow, flow_of, knots, shortest_cycle
from sagadsl.model import Saga

RULE = Rule("SAGA205", "cycle")

_SHOWN = 6


def check(saga: Saga) -> Iterator[Finding]:
    """That no rows without a bound form a cycle."""
    flow = flow_of(row for row in saga.transitions.values() if not row.limit)
    order = {name: number for number, name in enumerate(saga.states)}
    for knot in knots(flow.edges):
        yield _finding(flow, _from_first(flow, shortest_cycle(flow.edges, knot), order))


def _from_first(flow: Flow, cycle: list[int], order: dict[str, int]) -> list[int]:
    """The cycle, begun with its state that is declared first."""
    states = [at for at, node in enumerate(cycle) if node >= len(flow.rows)]
    first = min(states, key=lambda at: order[flow.state(cycle[at])])
    return cycle[first:] + cycle[:first]


def _finding(flow: Flow, cycle: list[int]) -> Finding:
    states = [flow.state(node) for node in cycle[::2]]
    rows = [flow.rows[node] for node in cycle[1::2]]
    first, back = states[0], rows[-1]
    shown = states
    if len(states) > _SHOWN:
        shown = [*states[: _SHOWN - 2], "…", states[-1]]
    return RULE.finding(
        f"the rows form a cycle: `{' -> '.join([*shown, first])}`",
        back.name_span,
        f"leads back to `{first}`",
        why="every step happens at most once, so that a repeated event is told from a"
        " new one",
        help="say how often, as in `up to 3 times` after this action; a status that"
        " toggles without end wants a new aggregate id for each round",
        others=few(
            Label(row.name_span, f"leads to `{state}`")
            for row, state in zip(rows[:-1], states[1:], strict=True)
        ),
    )
