"""The page of a saga as HTML: one file, no script, for light and for dark."""

from __future__ import annotations

from sagadsl.emit import palette as p
from sagadsl.emit.diagram import diagram_of
from sagadsl.emit.jinja import render
from sagadsl.emit.rows import performed, positions, rows, undoes
from sagadsl.machine import Record
from sagadsl.model import Pinned, Version


def emit_html(
    pinned: Pinned, record: Record | None, svg: str, version: Version | None = None
) -> str:
    """The page with a picture, which is what `render` made of the saga's DOT."""
    saga = pinned.saga
    light = {
        "card": p.CARD,
        "ink": p.INK,
        "muted": p.MUTED,
        "line": p.FADED,
        "head": p.STATE,
        "here": p.BLUE,
    }
    return render(
        "saga.html.jinja",
        origin=f"{saga.name}.saga",
        name=saga.name,
        title=saga.title or saga.name,
        caption=diagram_of(pinned, record, version).caption,
        light=light,
        dark={use: p.DARK[colour] for use, colour in light.items()},
        svg=svg.strip(),
        rows=rows(saga),
        undoes=undoes(saga),
        actions=performed(saga),
        states=list(saga.states.values()),
        positions=positions(pinned),
    )
