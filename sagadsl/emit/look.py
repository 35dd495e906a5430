"""How states and rows look: by what they are, and by what a record says of them."""

from __future__ import annotations

from typing import NamedTuple

from sagadsl.emit import palette as p
from sagadsl.emit.diagram import StateNode, StepNode
from sagadsl.emit.standing import DIFFERENCES, Mark


class Look(NamedTuple):
    """Colours, the width and style of the line, and the word that marks it.

    `style` is empty, `dashed` or `dotted`; `font` has the letters of `b`, `i`, `s`.
    """

    line: str
    fill: str
    ink: str
    muted: str
    pen: float = 1
    style: str = ""
    font: str = ""
    badge: str = ""

    @property
    def faded(self) -> bool:
        """Whether the record has not come there."""
        return self.ink == p.FADED


_KINDS = {
    "": Look(p.EDGE, p.STATE, p.INK, p.MUTED),
    "initial": Look(p.EDGE, p.STATE, p.INK, p.MUTED),
    "final": Look(p.GREEN, p.GREEN_FILL, p.INK, p.MUTED),
    "final failure": Look(p.RED, p.RED_FILL, p.INK, p.MUTED),
}
PLAIN = Look(p.LINE, p.CARD, p.INK, p.MUTED)
UNTOUCHED = Look(p.FADED, p.CARD, p.FADED, p.FADED)
MARKS = {
    Mark.NONE: UNTOUCHED,
    Mark.WAIVED: Look(p.INK, p.CARD, p.INK, p.MUTED, 2, "dashed", "i", "waived"),
    Mark.DONE: Look(p.INK, p.PASSED, p.INK, p.MUTED, 2, "", "b"),
    Mark.UNDONE: Look(
        p.PURPLE, p.PURPLE_FILL, p.INK, p.MUTED, 1, "dashed", "s", "undone"
    ),
    Mark.FAILED: Look(p.RED, p.RED_FILL, p.INK, p.MUTED, 1, "", "s", "failed"),
    Mark.NEXT: Look(p.BLUE, p.CARD, p.INK, p.MUTED, 2, "dashed", "b", "next"),
    Mark.DOUBT: Look(
        p.AMBER, p.AMBER_FILL, p.INK, p.MUTED, 2, "dashed", "b", "in doubt"
    ),
    Mark.STOPPED: Look(p.PURPLE, p.PURPLE_FILL, p.INK, p.MUTED, 3, "", "b", "stopped"),
    Mark.HERE: Look(p.BLUE, p.BLUE_FILL, p.INK, p.MUTED, 3, "", "b", "here"),
    Mark.ADDED: Look(p.BLUE, p.BLUE_FILL, p.INK, p.MUTED, 3, "", "b", "added"),
    Mark.REMOVED: Look(
        p.PURPLE, p.PURPLE_FILL, p.INK, p.MUTED, 2, "dotted", "s", "removed"
    ),
    Mark.CHANGED: Look(
        p.AMBER, p.AMBER_FILL, p.INK, p.MUTED, 2, "dashed", "b", "changed"
    ),
}


def state_look(state: StateNode, *, marked: bool) -> Look:
    """How a state looks, `marked` in a picture with a record."""
    mark = state.standing.mark
    if not marked and mark is Mark.NONE:
        return _KINDS[state.kind]
    look = MARKS[mark]
    return look._replace(font="") if mark in (Mark.DONE, Mark.UNDONE) else look


def step_look(step: StepNode, *, marked: bool) -> Look:
    """How a row looks, `marked` in a picture with a record."""
    mark = step.standing.mark
    look = MARKS[mark] if marked or mark in DIFFERENCES else PLAIN
    if step.effect or look.fill != p.CARD:
        return look
    return look._replace(fill=p.BLUE_FILL if mark is Mark.NEXT else p.FACT)


def line_look(step: StepNode, side: str, name: str, *, marked: bool) -> Look:
    """How the line between a row and a state looks; `side` is as in `StepMark`."""
    mark = step.standing.lines.get((side, name), step.standing.mark)
    if side == "else":
        look = else_look(step, marked=marked)
    else:
        look = step_look(step, marked=marked)
        look = look._replace(style=look.style if side == "in" else "")
    if mark in DIFFERENCES:
        kept = look if side == "else" else PLAIN
        look = kept if mark is Mark.CHANGED else MARKS[mark]
    elif marked:
        come = step.standing.ways if side == "in" else step.standing.exits
        look = look if name in come else UNTOUCHED
    return look._replace(style=look.style or "dashed") if side == "else" else look


def else_look(step: StepNode, *, marked: bool) -> Look:
    """How the way on after a failure looks: faded once it cannot be taken."""
    passed = (Mark.NONE, Mark.DONE, Mark.WAIVED, Mark.UNDONE)
    taken = step.standing.exits & set(step.otherwise)
    if marked and step.standing.mark in passed and not taken:
        return UNTOUCHED
    return Look(p.RED, p.CARD, p.RED, p.RED)
