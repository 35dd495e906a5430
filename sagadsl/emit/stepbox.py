"""The small table that stands for a row on its arrow."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.emit import palette as p
from sagadsl.emit.diagram import StepNode
from sagadsl.emit.label import Markup, cell, roomy, table, text
from sagadsl.emit.look import Look
from sagadsl.emit.standing import Mark

PIVOT = "point of no return"
BAR = 6


def step_box(step: StepNode, look: Look, *, sideways: bool) -> Markup:
    """What is said of a row, between the bars of a join and of a fork.

    `sideways` is for a picture from left to right. The port of failure is `else`.
    """
    middle = [cell(_body(step, look))]
    if step.otherwise:
        colour = p.FADED if look.faded else p.RED
        word = text("else", colour, 9, "i")
        middle.append(cell(word, port="else", valign="bottom", cellpadding=3))
    thick, long = ("width", "height") if sideways else ("height", "width")
    values: dict[str, str | int] = {"bgcolor": look.line, thick: BAR, long: 4 * BAR}
    if not sideways:
        values["colspan"] = len(middle)
    bar = [cell("", **values)]
    parts = [bar] * step.joins + [middle] + [bar] * step.forks
    return table([[each for part in parts for each in part]] if sideways else parts)


def _body(step: StepNode, look: Look) -> Markup:
    frame: dict[str, str | int] = {}
    if step.effect or step.standing.mark:
        frame = {"border": round(look.pen), "color": look.line, "bgcolor": look.fill}
        if look.style:
            frame["style"] = look.style
    rows = [[row] for row in _rows(step, look)]
    return table(rows, cellpadding=1, cellspacing=2, **frame)


def _rows(step: StepNode, look: Look) -> Iterator[Markup]:
    if look.badge:
        yield badge(look.badge, look.line)
    yield cell(text(roomy(step.action), look.ink, 11, look.font or "b"))
    if step.clauses:
        own = step.driver in ("system", "timer")
        colour = look.muted if look.faded or not own else p.TEAL
        clauses = text(
            roomy(", ".join(step.clauses)), colour, 9, "" if own else "i", widest=30
        )
        yield cell(clauses)
    if step.standing.rounds:
        yield cell(text(", ".join(step.standing.rounds), look.muted, 9, widest=30))
    if step.pivot:
        colour = p.FADED if look.faded else p.AMBER
        yield pivot(colour)
    if step.undo:
        yield _undo(step, look)


def badge(word: str, colour: str) -> Markup:
    """A word on a strong ground."""
    return cell(text(roomy(word), p.ON_STRONG, 9, "b"), bgcolor=colour, cellpadding=1)


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
    said = text(roomy(f"{word} {step.undo}"), colour, 9, font, widest=30)
    return cell(said, border=pen, color=colour, style="dashed", cellpadding=3)
