"""SAGA206: a bound on a row that does not lead back."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.checks._words import listed
from sagadsl.diagnostics import Finding, Rule
from sagadsl.graph import flow_of, knots
from sagadsl.model import Saga

RULE = Rule("SAGA206", "loop")


def check(saga: Saga) -> Iterator[Finding]:
    """That each row with a bound is part of a loop."""
    bounded = [row for row in saga.transitions.values() if row.limit]
    if not bounded:
        return
    flow = flow_of(saga.transitions.values())
    looping = {
        flow.rows[node].action
        for knot in knots(flow.edges)
        for node in knot
        if node < len(flow.rows)
    }
    for row in bounded:
        if row.action not in looping:
            sources = list(dict.fromkeys(s for group in row.sources for s in group))
            yield RULE.finding(
                f"`{row.action}` has a bound and does not lead back",
                row.limit_span or row.name_span,
                f"no row leads from here to {listed(sources, 'or')} again",
                why="a bound says how often a loop is gone through; a step outside of"
                " loops happens at most once anyway",
                help="move the bound to the row that leads back, or remove it; `retry`"
                " says how often an action is tried before it has failed",
            )
