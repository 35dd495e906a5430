"""Where rows come from: CSV, JSON lines, Parquet, SQLite, PostgreSQL.

Rows are read some ten thousands at a time, and none is kept.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple, Protocol

from sagadsl.audit.columns import Encoded, by_value

AT_ONCE = 1 << 16
EXTRA = "pip install 'sagadsl[audit]'"


class Unreadable(Exception):
    """A source that cannot be read, or lacks a column."""


class Piece(NamedTuple):
    """Some rows by their columns, and how much of the whole has been read by then."""

    columns: list[Encoded]
    fraction: float


class Source(Protocol):
    """A table of rows."""

    @property
    def names(self) -> Sequence[str]:
        """The columns."""

    def pieces(self, columns: Sequence[str]) -> Iterator[Piece]:
        """The rows in their order, in these columns. Raises `Unreadable`."""


def source_of(path: Path) -> Source:
    """The table in a file, by its suffix. Raises `Unreadable`."""
    suffix = path.suffix.lower()
    if suffix in (".parquet", ".pq"):
        try:
            from sagadsl.audit.arrow import ParquetFile  # noqa: PLC0415  an extra
        except ImportError:
            raise Unreadable(f"Parquet needs pyarrow: {EXTRA}") from None
        return ParquetFile(path)
    if suffix in (".jsonl", ".ndjson"):
        return JsonLines(path)
    if suffix not in (".csv", ".tsv"):
        kinds = ".csv, .tsv, .jsonl, .ndjson, .parquet"
        raise Unreadable(f"its name ends in none of {kinds}")
    separator = "\t" if suffix == ".tsv" else ","
    try:
        from sagadsl.audit.arrow import CsvFile  # noqa: PLC0415  an extra
    except ImportError:
        return PlainCsv(path, separator)
    return CsvFile(path, separator)


class PlainCsv:
    """A CSV file, read by Python alone."""

    def __init__(self, path: Path, separator: str) -> None:
        self.path = path
        self.separator = separator
        with self._open() as file:
            self.names = next(csv.reader(file, delimiter=separator), [])

    def pieces(self, columns: Sequence[str]) -> Iterator[Piece]:
        """The rows; an empty cell is an empty text."""
        places = [self.names.index(name) for name in columns]
        size = self.path.stat().st_size or 1
        with self._open() as file:
            rows = csv.reader(file, delimiter=self.separator)
            next(rows, None)
            try:
                filled = (row for row in rows if row)
                while some := list(islice(filled, AT_ONCE)):
                    found = [by_value([row[at] for row in some]) for at in places]
                    yield Piece(found, file.buffer.tell() / size)
            except (IndexError, ValueError, csv.Error) as error:
                why = "a cell is missing" if isinstance(error, IndexError) else error
                raise Unreadable(f"line {rows.line_num}: {why}") from None

    def _open(self) -> Any:
        return self.path.open(encoding="utf-8-sig", newline="")


class JsonLines:
    """A file with a JSON object in each line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            first = next(self._rows(file), {})
        self.names = list(first)

    def pieces(self, columns: Sequence[str]) -> Iterator[Piece]:
        """The rows; what an object lacks is None."""
        size = self.path.stat().st_size or 1
        with self.path.open("rb") as file:
            rows = self._rows(file)
            while some := list(islice(rows, AT_ONCE)):
                try:
                    found = [
                        by_value(row.get(name) for row in some) for name in columns
                    ]
                except TypeError:
                    raise Unreadable("a value is a list or an object") from None
                yield Piece(found, file.tell() / size)

    @staticmethod
    def _rows(file: IO[bytes]) -> Iterator[dict[str, object]]:
        for number, line in enumerate(iter(file.readline, b""), start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise Unreadable(f"line {number}: {error}") from None
            if not isinstance(row, dict):
                raise Unreadable(f"line {number} is no object")
            yield row


def by_columns(rows: Iterable[Sequence[object]]) -> list[Encoded]:
    """Rows turned into columns; there is at least one row."""
    return [by_value(values) for values in zip(*rows, strict=True)]
