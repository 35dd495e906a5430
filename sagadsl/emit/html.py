"""The page of a saga as HTML: one file, no script, for light and for dark."""

from __future__ import annotations

from sagadsl.emit import palette as p
from sagadsl.emit.jinja import render
from sagadsl.emit.page import Page, page_of
from sagadsl.emit.standing import stand
from sagadsl.machine import Record
from sagadsl.model import Pinned, Version


def emit_html(
    pinned: Pinned, record: Record | None, svg: str, version: Version | None = None
) -> str:
    """The page with a picture, which is what `render` made of the saga's DOT."""
    version = version or pinned.latest
    caption = stand(version, record).caption if record is not None else ""
    return emit_page(pinned.saga.name, page_of(pinned, version), svg, caption)


def emit_page(name: str, page: Page, svg: str, caption: str = "") -> str:
    """A page of the saga of a name, with a picture and a line above it."""
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
        origin=f"{name}.saga",
        page=page,
        caption=caption,
        light=light,
        dark={use: p.DARK[colour] for use, colour in light.items()},
        svg=svg.strip(),
    )
