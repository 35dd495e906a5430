"""Where a process can come, if nothing is ruled out: more than it really can."""

from __future__ import annotations

from collections.abc import Collection

from sagadsl.model import Saga, Step


def reach(saga: Saga) -> tuple[Collection[str], Collection[str]]:
    """The places and the steps that a run from the initial state can come to.

    A step begins if every source of one alternative is reached, and may end either way.
    """
    waiting: dict[str, list[int]] = {}
    missing: list[int] = []
    owners: list[Step] = []
    for step in saga.steps:
        for group in step.sources:
            for place in group:
                waiting.setdefault(place, []).append(len(owners))
            missing.append(len(group))
            owners.append(step)
    # Only the first round of a place has the name of its state.
    stack = [name for name, state in saga.states.items() if state.kind == "initial"]
    places = set(stack)
    steps: set[str] = set()
    while stack:
        for number in waiting.get(stack.pop(), ()):
            missing[number] -= 1
            step = owners[number]
            if missing[number] or step.name in steps:
                continue
            steps.add(step.name)
            for place in (*step.targets, *step.otherwise):
                if place not in places:
                    places.add(place)
                    stack.append(place)
    return places, steps
