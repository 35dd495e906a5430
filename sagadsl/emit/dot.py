"""The picture as DOT: states are boxes, rows are small tables on the arrows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sagadsl.emit import palette as p
from sagadsl.emit.diagram import Diagram, StateNode, StepNode, diagram_of
from sagadsl.emit.jinja import render
from sagadsl.emit.label import Markup, attributes, cell, quoted, table, text
from sagadsl.emit.layout import Layout, layout_of
from sagadsl.emit.legend import legend
from sagadsl.emit.look import (
    PLAIN,
    UNTOUCHED,
    Look,
    else_look,
    line_look,
    state_look,
    step_look,
)
from sagadsl.emit.standing import DIFFERENCES
from sagadsl.emit.stepbox import badge, entries, exits, step_box
from sagadsl.machine import Record
from sagadsl.model import Pinned, Version

FONT = "Helvetica,Arial,sans-serif"
# From here on the docs of states are tooltips only, so that the picture stays small.
MANY_STATES = 30
# The pull that keeps the main way straight, against 1 of all else.
STRAIGHT = 12


class Node(NamedTuple):
    """A node in its column."""

    column: int
    id: str
    look: str


class Arrow(NamedTuple):
    """An arrow from a node, or a port of it, to another."""

    tail: str
    head: str
    look: str


def emit_dot(
    pinned: Pinned,
    record: Record | None = None,
    version: Version | None = None,
    *,
    heading: bool = True,
) -> str:
    """The DOT of a version, the latest if none is named, and of a record in it.

    A page that has the title and the terms needs no `heading` of the picture.
    """
    return draw_dot(diagram_of(pinned, record, version), heading=heading)


def draw_dot(diagram: Diagram, *, heading: bool = True) -> str:
    """The DOT of a diagram, with its title and terms if it is to have a heading."""
    layout = layout_of(diagram)
    nodes = (_states, _choices, _steps)
    columns = _columns([node for each in nodes for node in each(diagram, layout)])
    heads = _heads(diagram, layout, len(columns))
    return render(
        "saga.dot.jinja",
        origin=f"{diagram.name}.saga",
        name=quoted(diagram.name),
        graph=_graph(diagram, layout),
        node=attributes(shape="box", fontname=FONT, fontsize=12),
        edge=attributes(arrowsize=0.7, fontname=FONT, fontsize=9),
        frame=attributes(
            label=_title(diagram) if heading else "", labelloc="t", style="invis"
        ),
        unframed=attributes(label="", style="invis"),
        columns=columns,
        heads=heads,
        tops=[top for top, _ in heads],
        unseen_top=attributes(shape="point", style="invis"),
        unseen=attributes(style="invis", weight=1),
        arrows=list(_arrows(diagram, layout)),
    )


def _graph(diagram: Diagram, layout: Layout) -> str:
    return attributes(
        rankdir="LR" if layout.sideways else "TB",
        bgcolor=p.CARD,
        fontname=FONT,
        pad=0.2,
        nodesep=0.3,
        ranksep=_gap(diagram),
        tooltip=diagram.title or diagram.name,
        labelloc="b",
        label=legend(diagram, layout),
    )


def _gap(diagram: Diagram) -> float:
    """The room between levels: what goes to the ends of a wide bar needs more."""
    groups = (g for s in diagram.steps for g in (*s.sources, s.targets))
    widest = min(max(map(len, groups)), 10)
    return round(0.22 + 0.05 * max(0, widest - 3), 2)


def _title(diagram: Diagram) -> Markup:
    lines = [text(diagram.title or diagram.name, p.INK, 14, "b", widest=60)]
    lines += [text(term, p.MUTED, 10, widest=60) for term in diagram.terms]
    if diagram.caption:
        lines.append(text(diagram.caption, p.BLUE, 11, "b", widest=60))
    return table([[cell(line)] for line in lines], cellpadding=2)


def _state(name: str, column: int, layout: Layout) -> str:
    """A state as seen from a column: its box, or its stub if the box is elsewhere."""
    if layout.states[name] == column:
        return quoted(f"state {name}")
    return quoted(f"state {name} in column {column + 1}")


def _columns(nodes: list[Node]) -> list[list[tuple[str, str]]]:
    count = max(node.column for node in nodes) + 1
    columns: list[list[tuple[str, str]]] = [[] for _ in range(count)]
    for column, name, look in nodes:
        columns[column].append((name, look))
    return columns


def _heads(diagram: Diagram, layout: Layout, columns: int) -> list[tuple[str, str]]:
    """An unseen top for each column, if there are several, and what hangs from it.

    The tops stand side by side: all versions of Graphviz keep the columns in order.
    """
    if columns == 1:
        return []
    heads = {0: quoted("start")}
    for step in diagram.steps:
        column = layout.steps[step.action]
        head = min(step.origins, key=lambda name: layout.states[name] != column)
        heads.setdefault(column, _state(head, column, layout))
    return [(quoted(f"column {at + 1}"), heads[at]) for at in sorted(heads)]


def _states(diagram: Diagram, layout: Layout) -> Iterator[Node]:
    dot = {"shape": "circle", "label": "", "style": "filled", "tooltip": "start"}
    start = attributes(**dot, width=0.14, color=p.INK, fillcolor=p.INK)
    yield Node(0, quoted("start"), start)
    docs = len(diagram.states) < MANY_STATES
    stubs = layout.stubs(diagram)
    for state in diagram.states:
        look = state_look(state, marked=diagram.marked)
        box = _box(state, look, docs=docs, stub=False)
        home = layout.states[state.name]
        yield Node(home, _state(state.name, home, layout), box)
        for column in stubs.get(state.name, ()):
            box = _box(state, look, docs=docs, stub=not state.ends)
            yield Node(column, _state(state.name, column, layout), box)


def _choices(diagram: Diagram, layout: Layout) -> Iterator[Node]:
    """A diamond for each state that rival rows leave, in each column of theirs."""
    for name, rivals in _rivals(diagram).items():
        look = _choice_look(name, rivals, marked=diagram.marked)
        diamond = attributes(
            shape="diamond",
            label="",
            class_="choice",
            width=0.2,
            height=0.2,
            style="filled",
            color=look.line,
            fillcolor=p.CARD,
            penwidth=min(look.pen, 2),
            tooltip=f"a choice in {name}",
        )
        for column in sorted({layout.steps[step.action] for step in rivals}):
            yield Node(column, _choice(name, column), diamond)


def _rivals(diagram: Diagram) -> dict[str, list[StepNode]]:
    """The states that several rows leave, and these rows."""
    return {
        state.name: [step for step in diagram.steps if state.name in step.origins]
        for state in diagram.states
        if state.name in diagram.choices
    }


def _choice(name: str, column: int) -> str:
    return quoted(f"choice {name} in column {column + 1}")


def _choice_look(name: str, rivals: list[StepNode], *, marked: bool) -> Look:
    """As the way that was taken, or as those that may be."""
    if not marked:
        return PLAIN
    ways = [step for step in rivals if name in step.standing.ways]
    return step_look(ways[0], marked=marked) if ways else UNTOUCHED


def _box(state: StateNode, look: Look, *, docs: bool, stub: bool) -> str:
    lines = [cell(text(state.name, look.ink, 12, "i" if stub else look.font))]
    line = look.style if state.standing.mark in DIFFERENCES else ""
    if look.badge and not stub:
        words = ", ".join((look.badge, *state.standing.rounds))
        lines.insert(0, badge(words, look.line))
    if docs and state.doc and not stub:
        lines.append(cell(text(state.doc, look.muted, 9, "i", widest=30)))
    return attributes(
        label=table([[line] for line in lines], cellpadding=1),
        class_=" ".join(filter(None, ("state", state.kind, state.standing.mark))),
        style="rounded,dashed" if stub else f"rounded,filled,{line}".rstrip(","),
        color=look.line,
        fillcolor=look.fill,
        penwidth=look.pen,
        peripheries=2 if state.ends else 1,
        margin="0.12,0.05",
        height=0.3,
        tooltip=state.doc or state.name,
    )


def _steps(diagram: Diagram, layout: Layout) -> Iterator[Node]:
    for step in diagram.steps:
        look = step_look(step, marked=diagram.marked)
        red = else_look(step, marked=diagram.marked)
        box = attributes(
            shape="plain",
            label=step_box(step, look, red, sideways=layout.sideways),
            class_=f"step {step.standing.mark}".strip(),
            tooltip=step.doc or step.action,
        )
        yield Node(layout.steps[step.action], quoted(f"step {step.action}"), box)


def _arrows(diagram: Diagram, layout: Layout) -> Iterator[Arrow]:
    for state in diagram.states:
        if state.kind == "initial":
            head = _state(state.name, layout.states[state.name], layout)
            yield Arrow(quoted("start"), head, attributes(color=p.INK, weight=STRAIGHT))
    for name, rivals in _rivals(diagram).items():
        look = _choice_look(name, rivals, marked=diagram.marked)
        for column in sorted({layout.steps[step.action] for step in rivals}):
            line = _line(look, arrowhead="none", weight=2 * STRAIGHT)
            yield Arrow(_state(name, column, layout), _choice(name, column), line)
    for step in diagram.steps:
        column = layout.steps[step.action]
        yield from _inward(step, column, diagram, layout)
        yield from _outward(step, column, diagram, layout)


def _inward(
    step: StepNode, column: int, diagram: Diagram, layout: Layout
) -> Iterator[Arrow]:
    for name, port in entries(step):
        look = line_look(step, "in", name, marked=diagram.marked)
        chosen = name in diagram.choices
        tail = _choice(name, column) if chosen else _state(name, column, layout)
        side = "w" if layout.sideways else "n"
        line = _line(look, arrowhead="none", weight=STRAIGHT)
        yield Arrow(tail, _port(step, port, side), line)


def _outward(
    step: StepNode, column: int, diagram: Diagram, layout: Layout
) -> Iterator[Arrow]:
    side = "e" if layout.sideways else "s"
    for name, port in exits(step):
        look = line_look(step, "out", name, marked=diagram.marked)
        line = _line(look, weight=STRAIGHT)
        yield Arrow(_port(step, port, side), _state(name, column, layout), line)
    for name in step.otherwise:
        line = _line(line_look(step, "else", name, marked=diagram.marked))
        yield Arrow(_port(step, "else", side), _state(name, column, layout), line)


def _port(step: StepNode, port: str, side: str) -> str:
    """A row's box, or the place in it that a port names, on one side."""
    box = quoted(f"step {step.action}")
    return f'{box}:"{port}":{side}' if port else box


def _line(look: Look, **values: str | float) -> str:
    style = {"style": look.style} if look.style else {}
    pen = {"penwidth": look.pen} if look.pen != 1 else {}
    return attributes(color=look.line, **(pen | style | values))
