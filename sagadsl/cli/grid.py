"""Tables on a terminal: columns that give way where there is no room for all."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from typing import NamedTuple

import click

from sagadsl.cli.common import in_color
from sagadsl.diagnostics.cells import visible, width

GAP = "  "
NARROWEST = 12


class Column(NamedTuple):
    """A column: shown where there are `wide` columns of a terminal and more.

    The text of a flexible one is cut where a line would be too long.
    """

    title: str
    flexible: bool = False
    wide: int = 0


class Cell(NamedTuple):
    """A text, and its colour if it has any."""

    text: str
    color: str = ""


def room() -> int:
    """How wide a line may be: 0 for any width, as of a pipe."""
    if sys.stdout is not None and sys.stdout.isatty():
        return shutil.get_terminal_size().columns
    columns = os.environ.get("COLUMNS", "")
    return int(columns) if columns.isdecimal() else 0


def grid(
    columns: Sequence[Column], rows: Sequence[Sequence[Cell]], space: int
) -> list[str]:
    """The lines of a table, no wider than `space` where that is not 0.

    A column that is empty in every row is left out.
    """
    shown = [
        number
        for number, column in enumerate(columns)
        if (not space or column.wide <= space) and any(row[number].text for row in rows)
    ]
    table = [[row[number] for number in shown] for row in rows]
    titles = [Cell(columns[number].title) for number in shown]
    widths = [max(map(_width, each)) for each in zip(titles, *table, strict=True)]
    flexible = [at for at, number in enumerate(shown) if columns[number].flexible]
    while space and flexible and sum(widths) + len(GAP) * (len(widths) - 1) > space:
        widest = max(flexible, key=widths.__getitem__)
        if widths[widest] <= NARROWEST:
            break
        widths[widest] -= 1
    return [_line(row, widths) for row in (titles, *table)]


def _line(cells: Sequence[Cell], widths: Sequence[int]) -> str:
    padded = [
        _padded(cell, size, last=at == len(cells) - 1)
        for at, (cell, size) in enumerate(zip(cells, widths, strict=True))
    ]
    return GAP.join(padded).rstrip()


def _padded(cell: Cell, size: int, *, last: bool) -> str:
    text = visible(cell.text)
    while width(text) > size:
        text = f"{text[:-2]}…"
    rest = "" if last else " " * (size - width(text))
    return painted(text, cell.color) + rest


def painted(text: str, color: str) -> str:
    """A text in a colour, where colours are shown."""
    if color and in_color(sys.stdout is not None and sys.stdout.isatty()):
        return click.style(text, fg=color)
    return text


def _width(cell: Cell) -> int:
    return width(cell.text)
