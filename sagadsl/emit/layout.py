"""How a picture fills a page: downwards or sideways, in one column or in several."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from math import ceil, sqrt
from typing import NamedTuple

from sagadsl.emit.diagram import Diagram, StepNode

# Rough sizes in points, where a level is a state and the step that follows it.
_WIDE, _HIGH, _SIDEWAYS = 130, 95, 270
PAGE = 900
TALLEST = 12


class Layout(NamedTuple):
    """The column of each state and step; `sideways` is from left to right.

    No arrow crosses from column to column: where a state is in another one than a step
    beside it, a stub stands for it.
    """

    sideways: bool
    states: Mapping[str, int]
    steps: Mapping[str, int]

    def stubs(self, diagram: Diagram) -> dict[str, list[int]]:
        """In which other columns each state is needed."""
        needed: dict[str, set[int]] = {}
        for step in diagram.steps:
            column = self.steps[step.action]
            for name in (*step.origins, *step.targets, *step.otherwise):
                if self.states[name] != column:
                    needed.setdefault(name, set()).add(column)
        return {name: sorted(columns) for name, columns in needed.items()}


def layout_of(diagram: Diagram) -> Layout:
    """A layout that is neither a ribbon nor a banner."""
    level = _levels(diagram)
    depth = max(level.values()) + 1
    ends = {state.name for state in diagram.states if state.ends}
    inner = Counter(at for name, at in level.items() if name not in ends)
    breadth = max(inner.values(), default=1)
    actions = [step.action for step in diagram.steps]
    wide = depth * _SIDEWAYS
    if wide <= PAGE or wide <= breadth * _WIDE:
        return Layout(True, dict.fromkeys(level, 0), dict.fromkeys(actions, 0))
    usual = _WIDE * max(1.0, len(level) / depth)
    rows = max(TALLEST, round(sqrt(depth * usual / _HIGH)))
    cuts = _cuts(diagram, level, ceil(depth / rows))
    states = {name: sum(cut <= at for cut in cuts) for name, at in level.items()}
    steps = {
        step.action: max(states[name] for name in step.sources[0])
        for step in diagram.steps
    }
    return Layout(False, states, steps)


def _levels(diagram: Diagram) -> dict[str, int]:
    """How many steps each state is from the start, the shortest way."""
    level = {s.name: 0 for s in diagram.states if s.kind == "initial"}
    takers: dict[str, list[tuple[StepNode, tuple[str, ...]]]] = {}
    for step in diagram.steps:
        for group in step.sources:
            for name in group:
                takers.setdefault(name, []).append((step, group))
    queue = deque(level)
    while queue:
        for step, group in takers.get(queue.popleft(), ()):
            if level.keys() >= set(group):
                below = max(level[name] for name in group) + 1
                for name in (*step.targets, *step.otherwise):
                    if name not in level:
                        level[name] = below
                        queue.append(name)
    return {s.name: level.get(s.name, 0) for s in diagram.states}


def _cuts(diagram: Diagram, level: Mapping[str, int], columns: int) -> list[int]:
    """The levels that begin a column: near equal heights, across few arrows."""
    crossing: Counter[int] = Counter()
    for step in diagram.steps:
        starts = [level[name] for name in step.origins]
        for name in step.targets:
            crossing.update(range(min(starts) + 1, level[name] + 1))
    depth = max(level.values()) + 1
    cuts: list[int] = []
    for column in range(1, columns):
        ideal = round(column * depth / columns)
        near = range(max(1, ideal - 2), min(depth, ideal + 3))
        cuts.append(min(near, key=lambda at: (crossing[at], abs(at - ideal), at)))
    return cuts
