"""The picture as a Mermaid flowchart, for pages that draw it themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sagadsl.emit import palette as p
from sagadsl.emit.diagram import Diagram, StateNode, StepNode, diagram_of
from sagadsl.emit.jinja import render
from sagadsl.emit.legend import MEANINGS
from sagadsl.emit.standing import Mark
from sagadsl.emit.stepbox import PIVOT
from sagadsl.machine import Record
from sagadsl.model import Pinned, Version

# Ink on a light ground reads on pages of either kind.
CLASSES = {
    "state": f"fill:{p.STATE},stroke:{p.EDGE},color:{p.INK}",
    "final": f"fill:{p.GREEN_FILL},stroke:{p.GREEN},color:{p.INK}",
    "failure": f"fill:{p.RED_FILL},stroke:{p.RED},color:{p.INK}",
    "choice": f"fill:{p.CARD},stroke:{p.LINE}",
    "fact": f"fill:{p.FACT},stroke:none,color:{p.INK}",
    "effect": f"fill:{p.CARD},stroke:{p.LINE},color:{p.INK}",
    "pivot": f"fill:{p.AMBER_FILL},stroke:{p.AMBER},stroke-width:3px,color:{p.INK}",
    "done": f"fill:{p.PASSED},stroke:{p.INK},stroke-width:2px,color:{p.INK}",
    "here": f"fill:{p.BLUE_FILL},stroke:{p.BLUE},stroke-width:4px,color:{p.INK}",
    "next": f"fill:{p.CARD},stroke:{p.BLUE},stroke-width:2px,"
    f"stroke-dasharray:5 3,color:{p.INK}",
    "doubt": f"fill:{p.AMBER_FILL},stroke:{p.AMBER},stroke-width:2px,"
    f"stroke-dasharray:5 3,color:{p.INK}",
    "failed": f"fill:{p.RED_FILL},stroke:{p.RED},color:{p.INK}",
    "undone": f"fill:{p.PURPLE_FILL},stroke:{p.PURPLE},"
    f"stroke-dasharray:2 2,color:{p.INK}",
    "waived": f"fill:{p.CARD},stroke:{p.INK},stroke-dasharray:2 2,color:{p.INK}",
    "stopped": f"fill:{p.PURPLE_FILL},stroke:{p.PURPLE},stroke-width:4px,color:{p.INK}",
}
# What of the colours does not go without saying.
_LEGEND = {
    "effect": "performed by our code",
    "fact": "only recorded, nothing to perform",
    "pivot": "from here on only forward",
} | {mark.split()[-1]: meaning for mark, meaning in MEANINGS.items()}
_PLAIN = frozenset(" .,:()/'-_")


class Node(NamedTuple):
    """A node: its finished shape and its class."""

    id: str
    shape: str
    kind: str


def emit_mermaid(
    pinned: Pinned, record: Record | None = None, version: Version | None = None
) -> str:
    """The flowchart of a version, the latest if none is named, and of a record."""
    diagram = diagram_of(pinned, record, version)
    ids = {state.name: f"s{i}" for i, state in enumerate(diagram.states)}
    nodes = [*_states(diagram, ids), *_choices(diagram, ids), *_steps(diagram)]
    kinds = {node.kind for node in nodes}
    return render(
        "saga.mmd.jinja",
        origin=escaped(diagram.name),
        title=escaped(diagram.title or diagram.name),
        nodes=nodes,
        arrows=list(_arrows(diagram, ids)),
        legend=[
            Node(f"l{i}", f'["{_LEGEND[kind]}"]', kind)
            for i, kind in enumerate(kind for kind in _LEGEND if kind in kinds)
        ],
        classes=[(name, look) for name, look in CLASSES.items() if name in kinds],
    )


def escaped(text: str) -> str:
    """A text in which no character means anything to Mermaid."""
    line = " ".join(text.split())
    return "".join(
        char if char.isalnum() or char in _PLAIN else f"#{ord(char)};" for char in line
    )


def _label(lines: Iterable[str]) -> str:
    return "<br/>".join(escaped(line) for line in lines if line)


def _states(diagram: Diagram, ids: dict[str, str]) -> Iterator[Node]:
    for state in diagram.states:
        mark, rounds = state.standing
        lines = [state.name]
        if mark in (Mark.HERE, Mark.STOPPED):
            lines.append(", ".join((mark, *rounds)))
        shape = f'(["{_label(lines)}"])' if state.ends else f'("{_label(lines)}")'
        yield Node(ids[state.name], shape, _state_kind(state, diagram))


def _state_kind(state: StateNode, diagram: Diagram) -> str:
    if diagram.marked and state.standing.mark:
        return state.standing.mark
    return state.kind.split()[-1] if state.ends else "state"


def _choices(diagram: Diagram, ids: dict[str, str]) -> Iterator[Node]:
    for state in diagram.states:
        if state.name in diagram.choices:
            yield Node(f"c{ids[state.name]}", '{" "}', "choice")


def _steps(diagram: Diagram) -> Iterator[Node]:
    for i, step in enumerate(diagram.steps):
        lines = (
            step.action,
            ", ".join(step.clauses),
            f"undo: {step.undo}" if step.undo else "",
            PIVOT if step.pivot else "",
            "" if step.standing.mark is Mark.DONE else step.standing.mark,
            ", ".join(step.standing.rounds),
        )
        yield Node(f"t{i}", f'["{_label(lines)}"]', _step_kind(step))


def _step_kind(step: StepNode) -> str:
    if step.standing.mark:
        return step.standing.mark.split()[-1]
    if step.pivot:
        return "pivot"
    return "effect" if step.effect else "fact"


def _arrows(diagram: Diagram, ids: dict[str, str]) -> Iterator[str]:
    for state in diagram.states:
        if state.kind == "initial":
            yield f"start --> {ids[state.name]}"
    ways = {name: f"c{ids[name]}" for name in diagram.choices}
    yield from (f"{ids[name]} --- {ways[name]}" for name in ids if name in ways)
    for i, step in enumerate(diagram.steps):
        yield from (f"{(ids | ways)[name]} --- t{i}" for name in step.origins)
        yield from (f"t{i} --> {ids[name]}" for name in step.targets)
        yield from (f't{i} -. "else" .-> {ids[name]}' for name in step.otherwise)
