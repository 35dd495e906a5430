"""Columns as they come in, and the numbers that are judged in their place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Column = Any  # an array, a sequence, or an `Encoded`
SLOTS = 1 << 17  # few of a block's numbers share one, and all are in the cache


class Encoded(NamedTuple):
    """A column in which each value is told by its place in a list of values."""

    codes: Ints
    values: Sequence[object]


class Log(NamedTuple):
    """The columns of a table of rows, as long as each other; see `judge`."""

    ids: Column
    steps: Column
    events: Column = None
    versions: Column = None
    seq: Column = None


def encoded(column: Column) -> Encoded:
    """A column by the distinct values in it, in the order in which they come.

    What is missing in a column of numbers or objects is None: NaN is how NumPy has it.
    """
    if isinstance(column, Encoded):
        return column
    array = np.asarray(column)
    if array.dtype.kind in "iuU" and len(array):
        starts = run_starts(array)
        values, codes = np.unique(array[starts], return_inverse=True)
        lengths = np.diff(starts, append=len(array))
        return Encoded(np.repeat(codes.ravel(), lengths), values.tolist())
    return by_value(None if value != value else value for value in array.tolist())  # noqa: PLR0124  NaN


def whole(value: object) -> object:
    """A number without fraction as an `int`, of whatever type it is; all else as is.

    A truth value, which for Python is a number, is its word.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (float, Decimal)) and isfinite(value) and value == int(value):
        return int(value)
    return value


def by_value(values: Iterable[object]) -> Encoded:
    """Values of any kind by their distinct ones."""
    places: dict[object, int] = {}
    codes = [places.setdefault(value, len(places)) for value in values]
    return Encoded(np.array(codes, np.int64), list(places))


def run_starts(array: NDArray[Any]) -> NDArray[np.intp]:
    """Where a value differs from the one before; the first is always such a place."""
    starts = np.flatnonzero(array[1:] != array[:-1])
    starts += 1
    return np.concatenate((np.zeros(min(1, len(array)), np.intp), starts))


def in_order(array: NDArray[Any]) -> bool:
    """Whether numbers only rise, so that equal ones stand together."""
    return bool((array[1:] >= array[:-1]).all())


def grouped(array: NDArray[Any]) -> NDArray[np.intp]:
    """An order in which equal numbers, none negative, stand together as they came.

    One or two bytes at a time, since NumPy sorts those by counting: that takes a fifth
    of the time of its sort of whole words.
    """
    order = np.argsort(array.astype(np.uint16), kind="stable")
    highest = int(array.max()) >> 16
    shift = 16
    while highest:
        digits = (array >> shift).astype(np.uint16 if highest >> 8 else np.uint8)
        order = order.take(np.argsort(digits.take(order), kind="stable"))
        highest, shift = highest >> 16, shift + 16
    return order


def firsts(array: NDArray[Any]) -> NDArray[np.bool_]:
    """Which numbers are the first of their slot, so that none of them comes twice.

    Numbers share a slot if they agree in their lowest bits. There may be up to
    2 ** 16 numbers, none negative.
    """
    # From the back, since the last to be put into a slot stays there.
    shares = array[::-1] & np.intp(SLOTS - 1)
    turns = np.arange(len(array)).astype(np.uint16)
    slots = np.empty(SLOTS, np.uint16)
    slots[shares] = turns
    first: NDArray[np.bool_] = slots.take(shares) == turns
    return first[::-1]
