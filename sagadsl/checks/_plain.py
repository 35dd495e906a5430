"""What can happen for certain, seen without a proof."""

from __future__ import annotations

from sagadsl.model import Saga


def plain_steps(saga: Saga, *, before_pivot: bool = False) -> set[str]:
    """The steps that a path of rows leads to on which nothing is joined.

    A process can walk along such a path, whatever its other branches do: a row is only
    ruled out by one that has taken the same state. It asks that alternatives exclude
    each other. With `before_pivot` no pivot is done on the path.
    """
    start = [name for name, state in saga.states.items() if state.kind == "initial"]
    return _walked(saga, start, before_pivot=before_pivot)


def steps_after_pivot(saga: Saga) -> set[str]:
    """The same from where a pivot has led: all there are, if nothing forks or joins."""
    start = [
        place
        for step in saga.steps
        if saga.action(step.transition.action).pivot
        for place in step.targets
    ]
    return _walked(saga, start, before_pivot=False)


def _walked(saga: Saga, start: list[str], *, before_pivot: bool) -> set[str]:
    waiting: dict[str, list[int]] = {}
    for number, step in enumerate(saga.steps):
        for way in step.sources:
            if len(way) == 1:
                waiting.setdefault(way[0], []).append(number)
    stack = list(start)
    places = set(stack)
    found: set[str] = set()
    while stack:
        for number in waiting.get(stack.pop(), ()):
            step = saga.steps[number]
            pivot = saga.action(step.transition.action).pivot
            if before_pivot and pivot:
                fresh = set(step.otherwise) - places
            else:
                found.add(step.name)
                fresh = {*step.targets, *step.otherwise} - places
            places |= fresh
            stack.extend(fresh)
    return found
