"""From a saga to the rows that its machine, lock file and proofs are made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from heapq import heappop, heappush

from sagadsl.machine import Rule, Waive
from sagadsl.model import Rows, Saga, Step


def rows_of(saga: Saga, positions: Mapping[str, int]) -> Rows:
    """What a version keeps of a saga, given the position of each step."""
    copies = {place: state for place, state in saga.places.items() if place != state}
    kinds = {place: saga.states[state].kind for place, state in saga.places.items()}
    undoes = {c.action: c.compensation for c in saga.compensations.values()}
    return Rows(
        saga.aggregate,
        saga.expires,
        saga.remember,
        saga.abort,
        {p: "" if p in copies and k == "initial" else k for p, k in kinds.items()},
        copies,
        tuple(_rule(step, positions[step.name]) for step in causal(saga.steps)),
        tuple(a.row for a in saga.actions.values() if a.performed or a.row.pivot),
        undoes,
        tuple(Waive(w.version, w.action, w.when) for w in saga.waives),
    )


def _rule(step: Step, position: int) -> Rule:
    return Rule(
        position,
        step.transition.action,
        Rule.cell(step.sources),
        Rule.cell([step.targets]),
        Rule.cell([step.otherwise]),
        step.transition.trigger.text,
        step.transition.trigger.delay,
        step.round,
    )


def causal(steps: tuple[Step, ...]) -> list[Step]:
    """The steps so that causes precede effects, else as declared (Kahn 1962).

    A state is open once every step that leads to it is out, a step once all its
    states are.
    """
    producers: Counter[str] = Counter()
    consumers: dict[str, list[int]] = {}
    for i, step in enumerate(steps):
        producers.update({*step.targets, *step.otherwise})
        for state in _sources(step):
            consumers.setdefault(state, []).append(i)
    waits = [sum(state in producers for state in _sources(step)) for step in steps]
    ready = [i for i, wait in enumerate(waits) if not wait]
    order: list[Step] = []
    while ready:
        step = steps[heappop(ready)]
        order.append(step)
        for state in {*step.targets, *step.otherwise}:
            producers[state] -= 1
            for consumer in consumers.get(state, ()) if not producers[state] else ():
                waits[consumer] -= 1
                if not waits[consumer]:
                    heappush(ready, consumer)
    assert len(order) == len(steps), "checks refuse a saga with a cycle"
    return order


def _sources(step: Step) -> set[str]:
    return {state for group in step.sources for state in group}
