"""The legend of a picture: only what occurs in it."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.emit import palette as p
from sagadsl.emit.diagram import Diagram
from sagadsl.emit.label import Markup, cell, table, text
from sagadsl.emit.layout import Layout
from sagadsl.emit.look import MARKS
from sagadsl.emit.standing import DIFFERENCES, Mark
from sagadsl.emit.stepbox import BAR, badge, pivot, timer

MEANINGS = {
    Mark.HERE: "the process stands here",
    Mark.STOPPED: "came no further, and goes back",
    Mark.NEXT: "may begin next",
    Mark.DONE: "is done",
    Mark.DOUBT: "begun, outcome not known",
    Mark.FAILED: "failed for good",
    Mark.UNDONE: "was compensated",
    Mark.WAIVED: "counts as done",
    Mark.ADDED: "only in the newer version",
    Mark.REMOVED: "only in the older version",
    Mark.CHANGED: "not the same; what it was is struck through",
}
_LONG, _COLUMNS = 24, 2


def legend(diagram: Diagram, layout: Layout) -> Markup:
    """Samples, each with what it means; empty if all of it goes without saying."""
    items = [*_marks(diagram), *_samples(diagram), *_stub(diagram, layout)]
    if not items:
        return Markup()
    columns = _COLUMNS if len(diagram.steps) < _LONG else 2 * _COLUMNS
    lines = [items[at : at + columns] for at in range(0, len(items), columns)]
    rows = [[part for item in line for part in item] for line in lines]
    return table(rows, cellpadding=3, cellspacing=1)


def _item(sample: Markup, meaning: str) -> tuple[Markup, Markup]:
    said = text(meaning, p.MUTED, 9, widest=60)
    return cell(table([[sample]]), align="right"), cell(said, align="left")


def _marks(diagram: Diagram) -> Iterator[tuple[Markup, Markup]]:
    seen = {state.standing.mark for state in diagram.states}
    seen |= {step.standing.mark for step in diagram.steps}
    seen |= {mark for step in diagram.steps for mark in step.standing.lines.values()}
    for mark, meaning in MEANINGS.items():
        if mark is Mark.DONE and mark in seen:
            word = text(mark, p.INK, 9, "b")
            yield _item(cell(word, border=2, color=p.INK, bgcolor=p.PASSED), meaning)
        elif mark in DIFFERENCES and mark in seen:
            look = MARKS[mark]
            frame: dict[str, str | int] = {"border": round(look.pen)}
            frame |= {"style": look.style} if look.style else {}
            word = text(mark, p.INK, 9, look.font)
            sample = cell(word, color=look.line, bgcolor=look.fill, **frame)
            yield _item(sample, meaning)
        elif mark in seen:
            yield _item(badge(mark, MARKS[mark].line), meaning)


def _samples(diagram: Diagram) -> Iterator[tuple[Markup, Markup]]:
    steps = diagram.steps
    word = text("step", p.INK, 9, "b")
    if any(step.effect for step in steps):
        frame = cell(word, border=1, color=p.LINE, bgcolor=p.CARD, cellpadding=3)
        yield _item(frame, "performed by our code")
    if any(not step.effect for step in steps):
        ground = cell(word, bgcolor=p.FACT, cellpadding=3)
        yield _item(ground, "only recorded, nothing to perform")
    if any(step.driver == "system" for step in steps):
        yield _item(cell(text("by system", p.TEAL, 9)), "the saga takes it by itself")
    if any(step.driver == "timer" for step in steps):
        yield _item(cell(timer("after", p.TEAL)), "comes by itself after this time")
    if diagram.choices:
        yield _item(cell(text("\N{LOZENGE}", p.INK, 11)), "one of these ways is taken")
    if any(step.joins or step.forks for step in steps):
        bar = cell(bgcolor=p.LINE, width=24, height=BAR, fixedsize="true")
        yield _item(bar, "all of these ways are taken")
    if any(step.otherwise for step in steps):
        word = text("else", p.RED, 9, "i")
        line = cell(word, border=1, style="dashed", color=p.RED)
        yield _item(line, "where it goes on after it has failed for good")
    if any(step.undo for step in steps):
        word = text("undo", p.PURPLE, 9)
        frame = cell(word, border=1, color=p.PURPLE, style="dashed", cellpadding=2)
        yield _item(frame, "takes it back if the saga is aborted")
    if any(step.pivot for step in steps):
        yield _item(pivot(p.AMBER), "from here on only forward")


def _stub(diagram: Diagram, layout: Layout) -> Iterator[tuple[Markup, Markup]]:
    ends = {state.name for state in diagram.states if state.ends}
    if layout.stubs(diagram).keys() - ends:
        word = text("name", p.INK, 9, "i")
        frame = cell(word, border=1, color=p.EDGE, style="dashed", cellpadding=3)
        yield _item(frame, "goes on at the box of this name")
