"""Where rows come from: CSV, JSON lines, Parquet, SQLite, PostgreSQL.

Rows are read some ten thousands at a time, and none is kept.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, NamedTuple, Protocol

from sagadsl.audit.columns import Encoded, by_value, whole

AT_ONCE = 1 << 16
EXTRA = "pip install 'sagadsl[audit]'"
OPTIONAL = ("event", "version", "seq")  # columns that change how all rows are judged


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
        with path.open("rb") as file:
            self.names = next(self._rows(file), [])

    def pieces(self, columns: Sequence[str]) -> Iterator[Piece]:
        """The rows; an empty cell is an empty text."""
        places = [self.names.index(name) for name in columns]
        size = self.path.stat().st_size or 1
        with self.path.open("rb") as file:
            rows = self._rows(file)
            next(rows, None)
            while some := list(islice(rows, AT_ONCE)):
                found = [by_value([row[at] for row in some]) for at in places]
                yield Piece(found, file.tell() / size)

    def _rows(self, file: IO[bytes]) -> Iterator[list[str]]:
        """The rows, all as long as the first; a line without any is passed over."""
        rows = csv.reader(_lines(file), delimiter=self.separator)
        expected = 0
        try:
            for row in filter(None, rows):
                expected = expected or len(row)
                if len(row) != expected:
                    why = f"expected {expected} columns, got {len(row)}"
                    raise Unreadable(f"line {rows.line_num}: {why}")
                yield row
        except csv.Error as error:
            raise Unreadable(f"line {rows.line_num}: {error}") from None


def _lines(file: IO[bytes]) -> Iterator[str]:
    for number, line in enumerate(file, start=1):
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise Unreadable(f"line {number}: {error}") from None


class JsonLines:
    """A file with a JSON object in each line; the first one has all the columns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.names: list[str] = []
        with path.open("rb") as file:
            self.names = list(next(self._rows(file), {}))

    def pieces(self, columns: Sequence[str]) -> Iterator[Piece]:
        """The rows; what an object lacks is None."""
        size = self.path.stat().st_size or 1
        with self.path.open("rb") as file:
            rows = self._rows(file, columns)
            while some := list(islice(rows, AT_ONCE)):
                found = [by_value(row.get(name) for row in some) for name in columns]
                yield Piece(found, file.tell() / size)

    def _rows(
        self, file: IO[bytes], columns: Sequence[str] = ()
    ) -> Iterator[dict[str, object]]:
        late = [name for name in OPTIONAL if columns and name not in self.names]
        for number, line in enumerate(iter(file.readline, b""), start=1):
            if not line.strip():
                continue
            try:
                yield _object(line, columns, late)
            except (TypeError, ValueError, RecursionError) as error:
                raise Unreadable(f"line {number}: {error}") from None


def _object(
    line: bytes, columns: Sequence[str], late: Sequence[str]
) -> dict[str, object]:
    """The object in a line, with one value in each column, and none that is late."""
    row = json.loads(line)
    if not isinstance(row, dict):
        raise TypeError("it is no object")
    for name in columns:
        value = row.get(name)
        if isinstance(value, (list, dict)):
            raise TypeError(f"`{name}` is a list or an object")
        if isinstance(value, bool):
            row[name] = whole(value)  # else it would be the same value as 0 or 1
    for name in late:
        if name in row:
            raise ValueError(f"it has `{name}`, and the first line has not")
    return row
