"""Where a span lies in its text, as the renderers write it down."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sagadsl.source import Span


class Place(NamedTuple):
    """An offset from 0, and its line and column from 1, all in characters."""

    offset: int
    line: int
    column: int


class Region(NamedTuple):
    """A stretch of a named text; `end` is the place just behind it."""

    path: str
    start: Place
    end: Place

    @classmethod
    def of(cls, span: Span) -> Region:
        """The region of a span, held within the text where the span is not."""
        source = span.source
        start = min(max(span.start, 0), len(source.text))
        end = min(max(span.end, start), len(source.text))
        return cls(
            source.path,
            Place(start, *source.place(start)),
            Place(end, *source.place(end)),
        )
