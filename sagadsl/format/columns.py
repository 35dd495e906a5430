"""Cells in columns, and long lines on several."""

from __future__ import annotations

from collections.abc import Sequence

from sagadsl.diagnostics.cells import width

WIDEST = 80


def align(rows: list[tuple[str, ...]], separators: Sequence[str]) -> list[str]:
    """Each row's cells on one line, as wide as any that has another after it.

    A cell that is very long is not waited for by the others: they would grow with it.
    """
    widths = [0] * len(separators)
    for row in rows:
        last = max(at for at, cell in enumerate(row) if cell)
        for at in range(last):
            if width(row[at]) <= WIDEST:
                widths[at] = max(widths[at], width(row[at]))
    return [_line(row, widths, separators) for row in rows]


def _line(row: Sequence[str], widths: Sequence[int], separators: Sequence[str]) -> str:
    last = max(at for at, cell in enumerate(row) if cell)
    text = ""
    for cell, column, separator in zip(row[:last], widths, separators, strict=False):
        if column or cell:
            text += cell + " " * (column - width(cell)) + separator
    return text + row[last]


def wrap(text: str, tail: str, room: int) -> list[str]:
    """A text on as many lines as the list at its tail needs, each under the first."""
    title = text.removesuffix(tail)
    lines: list[str] = []
    line = title
    for move in tail.replace(", ", ",\n").split("\n"):
        if line.strip() and line != title and width(line) + len(move) > room:
            lines.append(line.rstrip())
            line = " " * width(title)
        line += move + " "
    return [*lines, line.rstrip()]
