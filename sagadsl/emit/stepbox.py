"""The small table that stands for a row on its arrow."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from sagadsl.emit import palette as p
from sagadsl.emit.diagram import StepNode
from sagadsl.emit.label import Markup, cell, roomy, spans, table, text
from sagadsl.emit.look import Look
from sagadsl.emit.standing import DIFFERENCES, Mark

PIVOT = "point of no return"
BAR = 6
_SEGMENT, _GAP = 26, 10
_WIDEST = 30


def step_box(step: StepNode, look: Look, red: Look, *, sideways: bool) -> Markup:
    """What is said of a row, between the bars of a join and of a fork.

    Its ports are those of `entries` and `exits`, and `else`, which looks `red`.
    `sideways` is for a picture from left to right.
    """
    ports = [[port for _, port in group if port] for group in _groups(step)]
    joins = [group for group in ports if group]
    out = [port for _, port in exits(step) if port]
    forks = [out] if out else []
    join, fork = (
        [_bar(groups, look, sideways=sideways)] if groups else []
        for groups in (joins, forks)
    )
    parts = [*join, cell(_body(step, look), **_frame(step, look)), *fork]
    lines = [parts] if sideways else [[part] for part in parts]
    if step.otherwise:
        way_out = _way_out(red, **{"colspan" if sideways else "rowspan": len(parts)})
        lines = [*lines, [way_out]] if sideways else [[*lines[0], way_out], *lines[1:]]
    return table(lines)


def entries(step: StepNode) -> list[tuple[str, str]]:
    """Each state that a row may start from, and the port of it in a bar, if any."""
    return [entry for group in _groups(step) for entry in group]


def exits(step: StepNode) -> list[tuple[str, str]]:
    """Each state that a row leads to, and the port of it in a bar, if any."""
    lines = step.standing.lines
    kept = [n for n in step.targets if lines.get(("out", n)) is not Mark.REMOVED]
    return [
        (name, f"out{i}" if kept[1:] and name in kept else "")
        for i, name in enumerate(step.targets)
    ]


def _groups(step: StepNode) -> Iterator[list[tuple[str, str]]]:
    number = count()
    for group in step.sources:
        yield [(name, f"in{next(number)}" if group[1:] else "") for name in group]


def _bar(groups: list[list[str]], look: Look, *, sideways: bool) -> Markup:
    """A bar for each group of ports, one beside or, if `sideways`, below the other."""
    if sideways:
        size = {"height": _SEGMENT // 2, "width": BAR}
    else:
        size = {"width": _SEGMENT, "height": BAR}

    def line(cells: list[Markup], **values: str | int) -> Markup:
        rows = [[each] for each in cells] if sideways else [cells]
        return table(rows, cellpadding=0, **values)

    bars = [
        cell(line([cell("", port=port, **size) for port in group], bgcolor=look.line))
        for group in groups
    ]
    return cell(line(bars, cellspacing=_GAP if bars[1:] else 0), cellpadding=0)


def _way_out(red: Look, **values: str | int) -> Markup:
    word = text(roomy("else"), red.line, 9, "i")
    line: dict[str, str | int] = {"border": 1, "color": red.line, "style": "dashed"}
    return cell(word, port="else", **(line | values))


def _frame(step: StepNode, look: Look) -> dict[str, str | int]:
    """An effect has a frame, a fact only a ground, unless it differs."""
    ground: dict[str, str | int] = {"bgcolor": look.fill}
    if not step.effect and step.standing.mark not in DIFFERENCES:
        return ground
    style = {"style": look.style} if look.style else {}
    return ground | {"border": round(look.pen), "color": look.line} | style


def _body(step: StepNode, look: Look) -> Markup:
    return table([[row] for row in _rows(step, look)], cellpadding=1, cellspacing=2)


def _rows(step: StepNode, look: Look) -> Iterator[Markup]:
    if look.badge:
        yield badge(look.badge, look.line)
    own = step.driver in ("system", "timer") and not look.faded
    colour = p.TEAL if own else look.muted
    clauses = step.clauses[step.driver == "timer" :]
    said = [text(roomy(step.action), look.ink, 11, look.font or "b")]
    if clauses:
        style = "i" if step.driver == "actor" else ""
        said.append(spans(clauses, colour, style, _WIDEST))
    if step.standing.rounds:
        said.append(spans(step.standing.rounds, look.muted, "", _WIDEST))
    if step.standing.was:
        said.append(spans(step.standing.was, look.muted, "s", _WIDEST))
    # In one cell the lines stay together when a long bar makes the box high.
    yield cell(f"<br/>{text(roomy(''), colour, 3)}<br/>".join(said))
    if step.driver == "timer":
        yield cell(timer(step.trigger, colour))
    if step.pivot:
        yield pivot(p.FADED if look.faded else p.AMBER)
    if step.undo:
        yield _undo(step, look)


def badge(word: str, colour: str) -> Markup:
    """A word on a strong ground."""
    return cell(text(roomy(word), p.ON_STRONG, 9, "b"), bgcolor=colour, cellpadding=1)


def timer(said: str, colour: str) -> Markup:
    """A time, in a line that has no corners."""
    content = cell(text(roomy(said), colour, 9))
    return table([[content]], border=1, color=colour, style="rounded", cellpadding=2)


def pivot(colour: str) -> Markup:
    """The two lines that only go one way."""
    said = text(roomy(PIVOT), colour, 9, "b")
    return cell(said, border=2, color=colour, sides="TB", cellpadding=3)


def _undo(step: StepNode, look: Look) -> Markup:
    colour = p.FADED if look.faded else p.PURPLE
    word, font = "undo:", ""
    if step.standing.mark is Mark.UNDONE:
        word, font = "undone by", "b"
    elif step.standing.undo_next:
        word, font = "next: undo by", "b"
    pen = 2 if step.standing.undo_next else 1
    said = text(roomy(f"{word} {step.undo}"), colour, 9, font, widest=_WIDEST)
    return cell(said, border=pen, color=colour, style="dashed", cellpadding=3)
