"""The rows of a table as keys into the rules, and as they were written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sagadsl.audit.columns import Column, Encoded, Log, encoded, whole
from sagadsl.audit.process import UNCOUNTED, UPGRADE, WAIVE, Row
from sagadsl.audit.rules import EVENTS, NOTE, UNKNOWN, Rules
from sagadsl.sql import MARKS, NOTES

Codes = NDArray[np.intp]


class Piece(NamedTuple):
    """Some rows; `rows` are their places, from `start` on, None if all in order."""

    start: int
    rows: Codes | None
    ids: NDArray[Any]
    keys: Codes
    versions: Codes | None
    seq: NDArray[Any] | None

    def take(self, rows: Codes) -> Piece:
        """Some of the rows."""
        return Piece(
            self.start,
            rows,
            self.ids.take(rows),
            self.keys.take(rows),
            None if self.versions is None else self.versions.take(rows),
            None if self.seq is None else self.seq.take(rows),
        )

    def row(self, number: int) -> int:
        """The place of one of the rows in the whole table."""
        return self.start + (number if self.rows is None else int(self.rows[number]))


class Reader:
    """The columns of a table beside that of the aggregates."""

    def __init__(self, rules: Rules, log: Log, version: int) -> None:
        self.rules = rules
        self.version = version
        self.steps = _numbers(log.steps)
        self.events = None if log.events is None else encoded(log.events)
        self.versions = None if log.versions is None else _by_value(log.versions)
        self.seq = None if log.seq is None else _counts(log.seq)
        self._step_codes = self._event_codes = self._version_codes = None
        if isinstance(self.steps, Encoded):
            self._step_codes = _table(map(rules.step_code, self.steps.values))
        if self.events:
            self._event_codes = _table(map(_event_code, self.events.values))
        if self.versions:
            self._version_codes = _table(map(rules.version_code, self.versions.values))
        self.base = rules.version_code(version) * len(rules.events) * rules.step_codes
        self.slow = self._may_be_slow()

    def lengths(self) -> set[int]:
        """How many rows each column has."""
        coded = (self.steps, self.events, self.versions)
        columns = [c.codes if isinstance(c, Encoded) else c for c in coded]
        return {len(c) for c in (*columns, self.seq) if c is not None}

    def piece(self, ids: NDArray[Any], start: int, stop: int) -> Piece:
        """The rows from one to another; `ids` tell the aggregate of each row."""
        piece = slice(start, stop)
        return Piece(
            start,
            None,
            ids[piece],
            self.keys(piece),
            self.version_codes(piece) if self.versions else None,
            None if self.seq is None else self.seq[piece],
        )

    def keys(self, piece: slice) -> Codes:
        """The keys of some rows."""
        rules = self.rules
        keys = self._steps(piece)
        if self.events:
            assert self._event_codes is not None
            events = self._event_codes.take(self.events.codes[piece])
            keys += events * rules.step_codes
        if self.versions:
            wide = len(rules.events) * rules.step_codes
            keys += self.version_codes(piece) * wide
        elif self.base:
            keys += self.base
        return keys

    def version_codes(self, piece: slice) -> Codes:
        """The places of the versions of some rows."""
        assert self.versions
        assert self._version_codes is not None
        return self._version_codes.take(self.versions.codes[piece])

    def row(self, number: int) -> Row:
        """A row as it was written."""
        version = _value(self.versions, number) if self.versions else self.version
        event = _value(self.events, number) if self.events else None
        seq = None if self.seq is None else int(self.seq[number])
        step = _value(self.steps, number)
        return Row(version, "" if event is None else str(event), step, seq)

    def _may_be_slow(self) -> bool:
        """Whether any row may have to be judged after the others."""
        steps, events = self._step_codes, self._event_codes
        named = steps is not None and bool((steps >= self.rules.positions).any())
        words = () if events is None else [EVENTS[code] for code in events]
        return named or UPGRADE in words or WAIVE in words

    def _steps(self, piece: slice) -> Codes:
        if isinstance(self.steps, Encoded):
            assert self._step_codes is not None
            return self._step_codes.take(self.steps.codes[piece])
        steps, most = self.steps[piece], self.rules.positions
        codes = steps.astype(np.intp)
        if len(steps) and (steps.min() < 0 or steps.max() >= most):
            codes[(steps < 0) | (steps >= most)] = self.rules.step_codes - 1
        return codes


def _numbers(column: Column) -> Encoded | NDArray[Any]:
    """Whole numbers as they are, all else by its values."""
    if isinstance(column, Encoded):
        return _by_value(column)
    array = np.asarray(column)
    return array if array.dtype.kind in "iu" else _by_value(column)


def _by_value(column: Column) -> Encoded:
    """A column by its values, of which those that are whole numbers are `int`."""
    codes, values = encoded(column)
    return Encoded(codes, [whole(value) for value in values])


def _counts(column: Column) -> NDArray[Any]:
    """Numbers as such; what is none is one that is never due."""
    numbers = _numbers(column)
    if not isinstance(numbers, Encoded):
        return numbers
    most = np.iinfo(np.int64).max
    counts = [
        value if isinstance(value, int) and abs(value) < most else UNCOUNTED
        for value in numbers.values
    ]
    return np.array(counts, np.int64).take(numbers.codes)


def _table(codes: Iterator[int]) -> Codes:
    return np.array(list(codes), np.intp)


def _event_code(value: object) -> int:
    word = "" if value is None else str(value)
    if word in (*MARKS, *NOTES) and word not in EVENTS:
        word = NOTE
    return EVENTS.index(word if word in EVENTS[:-2] or word is NOTE else UNKNOWN)


def _value(column: Encoded | NDArray[Any], number: int) -> Any:
    if isinstance(column, Encoded):
        return column.values[column.codes[number]]
    return int(column[number])
