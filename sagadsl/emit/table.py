"""The table *previous | next | action* as plain text, aligned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sagadsl.emit.rows import rows, undoes
from sagadsl.model import Pinned


def emit_table(pinned: Pinned) -> str:
    """The rows of a saga, and its compensations, for a terminal."""
    body = [(r.prev, r.next, r.action, r.trigger) for r in rows(pinned.saga)]
    lines = list(_aligned([("previous", "next", "action", ""), *body]))
    if compensations := undoes(pinned.saga):
        lines += ["", *_aligned([("action", "compensation"), *compensations])]
    return "\n".join(lines) + "\n"


def _aligned(table: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for number, row in enumerate(table):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        # The trigger goes with its action, so no line stands between them.
        yield (" | ".join(cells[:3]) + "  " + "".join(cells[3:])).rstrip()
        if not number:
            yield "-+-".join("-" * width for width in widths[:3])
