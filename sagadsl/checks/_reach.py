"""Where a process can come, if nothing is ruled out: more than it really can."""

from __future__ import annotations

from sagadsl import graph
from sagadsl.model import Saga


def reach(saga: Saga) -> tuple[set[str], set[str]]:
    """The places and the steps that a run from the initial state can come to.

    A step begins if every source of one alternative is reached, and may end either way.
    """
    # Only the first round of a place has the name of its state.
    start = [name for name, state in saga.states.items() if state.kind == "initial"]
    places = graph.reach(
        start, ((s.sources, (*s.targets, *s.otherwise)) for s in saga.steps)
    )
    steps = {
        step.name for step in saga.steps if any(map(places.issuperset, step.sources))
    }
    return places, steps
