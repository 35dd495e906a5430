"""The only module that knows pyarrow: CSV several times as fast, and Parquet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv, parquet

from sagadsl.audit.columns import Encoded
from sagadsl.audit.sources import AT_ONCE, Piece, PlainCsv, Unreadable


class CsvFile:
    """A CSV file; each cell is a text, as it is without pyarrow."""

    def __init__(self, path: Path, separator: str) -> None:
        self.path = path
        self.separator = separator
        self.options = csv.ParseOptions(delimiter=separator, newlines_in_values=True)
        with path.open("rb") as file:
            if not file.read(1):
                raise Unreadable("it is empty")
        # A reader of pyarrow reads ahead in a thread, which outlives whoever drops it.
        self.names = PlainCsv(path, separator).names

    def pieces(self, columns: Sequence[str]) -> Iterator[Piece]:
        """The rows; an empty cell is an empty text."""
        size = self.path.stat().st_size or 1
        # No file of Python's: a thread that reads it could not be left at the end.
        with (
            _read(lambda: pa.OSFile(str(self.path))) as file,
            closing(self._read(lambda: self._open(file, columns))) as reader,
        ):
            rows = iter(reader)
            while (batch := self._read(lambda: next(rows, None))) is not None:
                yield Piece(_columns(batch, columns), file.tell() / size)

    def _read(self, ask: Any) -> Any:
        """What pyarrow gives; of what it cannot read it does not tell the line."""
        try:
            return _read(ask)
        except Unreadable:
            for _ in PlainCsv(self.path, self.separator).pieces(()):
                pass
            raise

    def _open(self, file: Any, columns: Sequence[str]) -> Any:
        convert = csv.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.string()),
            include_columns=list(columns),
            strings_can_be_null=False,
        )
        read = csv.ReadOptions(block_size=4 << 20)
        return csv.open_csv(
            file, read_options=read, parse_options=self.options, convert_options=convert
        )


class ParquetFile:
    """A Parquet file."""

    def __init__(self, path: Path) -> None:
        self.file = _read(lambda: parquet.ParquetFile(path))
        self.names = list(self.file.schema_arrow.names)

    def pieces(self, columns: Sequence[str]) -> Iterator[Piece]:
        """The rows; what is null is None."""
        read = 0
        total = self.file.metadata.num_rows or 1
        batches = self.file.iter_batches(AT_ONCE, columns=list(columns))
        while (batch := _read(lambda: next(batches, None))) is not None:
            read += batch.num_rows
            yield Piece(_columns(batch, columns), read / total)


def _columns(batch: Any, columns: Sequence[str]) -> list[Encoded]:
    return [_encoded(name, batch.column(name)) for name in columns]


def _encoded(name: str, column: Any) -> Encoded:
    """A column by its distinct values."""
    if pa.types.is_nested(column.type):
        raise Unreadable(f"`{name}` is a list or an object")
    if not isinstance(column, pa.DictionaryArray):
        column = _read(lambda: column.dictionary_encode(null_encoding="encode"))
    indices = column.indices
    try:
        values = column.dictionary.to_pylist()
    except (ValueError, OverflowError):  # a time that is none of Python's
        values = _read(lambda: column.dictionary.cast(pa.string())).to_pylist()
    if indices.null_count:
        indices, values = indices.fill_null(len(values)), [*values, None]
    return Encoded(indices.to_numpy(zero_copy_only=False).astype(np.int64), values)


def _read(ask: Any) -> Any:
    """What pyarrow gives, or its reason in a line."""
    try:
        return ask()
    except (pa.ArrowException, OSError) as error:
        raise Unreadable(str(error).partition("\n")[0]) from None
