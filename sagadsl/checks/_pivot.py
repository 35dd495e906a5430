"""Which steps lie past the point of no return."""

from __future__ import annotations

from collections import Counter

from sagadsl.model import Saga


def past_pivot(saga: Saga) -> frozenset[str]:
    """The steps that begin only when a pivot is done, whichever way the process took.

    A place is past the pivot if all that leads to it is: a pivot that was done, or a
    step past the pivot, be it done or failed. A step is past the pivot if each of its
    alternatives has such a place. What may run beside a pivot is not past it.
    """
    doubtful = Counter(
        name for name, state in saga.states.items() if state.kind == "initial"
    )
    takers: dict[str, list[tuple[int, int]]] = {}
    makers: list[tuple[str, ...]] = []
    for number, step in enumerate(saga.steps):
        pivot = saga.action(step.transition.action).pivot
        makers.append(step.otherwise if pivot else (*step.targets, *step.otherwise))
        doubtful.update(makers[number])
        for way, group in enumerate(step.sources):
            for place in group:
                takers.setdefault(place, []).append((number, way))
    past: set[str] = set()
    sure: set[tuple[int, int]] = set()
    ways = [len(step.sources) for step in saga.steps]
    led_to = {
        place for step in saga.steps for place in (*step.targets, *step.otherwise)
    }
    stack = [place for place in led_to if not doubtful[place]]
    while stack:
        for number, way in takers.get(stack.pop(), ()):
            if (number, way) in sure:
                continue
            sure.add((number, way))
            ways[number] -= 1
            if not ways[number]:
                past.add(saga.steps[number].name)
                for place in makers[number]:
                    doubtful[place] -= 1
                    if not doubtful[place]:
                        stack.append(place)
    return frozenset(past)
