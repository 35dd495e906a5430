"""How states and rows look: by what they are, and by what a record says of them."""

from __future__ import annotations

from typing import NamedTuple

from sagadsl.emit import palette as p
from sagadsl.emit.diagram import StateNode, StepNode
from sagadsl.emit.standing import Mark


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
_STEP = Look(p.LINE, p.CARD, p.INK, p.MUTED)
UNTOUCHED = Look(p.FADED, p.CARD, p.FADED, p.FADED)
MARKS = {
    Mark.NONE: UNTOUCHED,
    Mark.WAIVED: Look(p.INK, p.CARD, p.INK, p.MUTED, 2, "dotted", "i", "waived"),
    Mark.DONE: Look(p.INK, p.PASSED, p.INK, p.MUTED, 2, "", "b"),
    Mark.UNDONE: Look(
        p.PURPLE, p.PURPLE_FILL, p.INK, p.MUTED, 1, "dotted", "s", "undone"
    ),
    Mark.FAILED: Look(p.RED, p.RED_FILL, p.INK, p.MUTED, 1, "", "s", "failed"),
    Mark.NEXT: Look(p.BLUE, p.CARD, p.INK, p.MUTED, 2, "dashed", "b", "next"),
    Mark.DOUBT: Look(
        p.AMBER, p.AMBER_FILL, p.INK, p.MUTED, 2, "dashed", "b", "in doubt"
    ),
    Mark.HERE: Look(p.BLUE, p.BLUE_FILL, p.INK, p.MUTED, 3, "", "b", "here"),
}


def state_look(state: StateNode, *, marked: bool) -> Look:
    """How a state looks, `marked` in a picture with a record."""
    mark = state.standing.mark
    if not marked:
        return _KINDS[state.kind]
    look = MARKS[mark]
    if mark is Mark.DONE:
        return look._replace(font="")
    if mark is Mark.HERE and state.kind.startswith("final"):
        kind = _KINDS[state.kind]
        return look._replace(line=kind.line, fill=kind.fill)
    return look


def step_look(step: StepNode, *, marked: bool) -> Look:
    """How a row looks, `marked` in a picture with a record."""
    return MARKS[step.standing.mark] if marked else _STEP
