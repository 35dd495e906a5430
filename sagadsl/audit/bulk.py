"""The judge of whole tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sagadsl.audit.block import BLOCK, Places, State, blocks
from sagadsl.audit.columns import Column, Encoded, Log, encoded
from sagadsl.audit.process import Process, Saga
from sagadsl.audit.reader import Reader
from sagadsl.audit.report import Bad, Report
from sagadsl.audit.rules import Rules

DENSE = 8  # numbers of aggregates are places if so much room is enough for each row


def judge(
    saga: Saga,
    ids: Column,
    steps: Column,
    *,
    events: Column = None,
    versions: Column = None,
    seq: Column = None,
    version: int | None = None,
) -> Report:
    """Judge the rows of many aggregates, each by the machine of its version.

    `saga` is an emitted module. The columns are arrays, sequences or `Encoded`, the
    rows of an aggregate in the order in which they happened; they need not stand
    together, though it is faster. `steps` are positions or names; without `events`
    each row says that its step was taken, as in `Machine.replay`. Without `versions`
    all rows are of `version`, or of the newest. `seq` counts the rows of each
    aggregate from 1. Raises `ValueError` if the columns differ in length.
    """
    audit = Audit(saga, version=version, lanes=events is not None)
    if not isinstance(ids, Encoded):
        ids = np.asarray(ids)
        audit.first = _first_of_dense(ids)
    audit.feed(Log(ids, steps, events, versions, seq))
    return audit.report()


def _first_of_dense(ids: NDArray[Any]) -> int | None:
    """The least of some numbers if they can be places as they are, else None."""
    if not len(ids) or ids.dtype.kind not in "iu" or ids.dtype == np.uint64:
        return None
    least, most = int(ids.min()), int(ids.max())
    return least if most - least < DENSE * len(ids) else None


class Audit:
    """A judge that is fed a table piece by piece, in the order of its rows.

    It keeps the record of each aggregate, and no row.
    """

    def __init__(
        self, saga: Saga, *, version: int | None = None, lanes: bool = True
    ) -> None:
        self.saga = saga
        self.version = max(saga.MACHINES) if version is None else version
        self.rules = Rules(saga, lanes=lanes)
        self.rows = 0
        self.bad: list[tuple[int, Bad]] = []
        # The place of each aggregate; numbers that are dense are places, from `first`.
        self.first: int | None = None
        self.places: dict[object, int] = {}
        self.slow: dict[int, Process] = {}
        self.verdicts: dict[tuple[int, Any], bool] = {}
        self.state = State(self.rules.layout)

    def report(self) -> Report:
        """What was found so far."""
        state = self.state
        known = state.seen | state.settled
        for words in state.records:
            known |= words != 0
        return Report(int(np.count_nonzero(known)), self.rows, tuple(self._named()))

    def feed(self, log: Log) -> None:
        """Judge further rows."""
        reader = Reader(self.rules, log, self.version)
        ids, owners = self._ids(log.ids)
        if reader.lengths() != {len(ids)}:
            raise ValueError("the columns differ in length")
        for start in range(0, len(ids), BLOCK):
            piece = reader.piece(ids, start, min(start + BLOCK, len(ids)))
            for block in blocks(self, reader, piece, owners):
                block.judge()
        self.rows += len(ids)

    def _named(self) -> Iterator[Bad]:
        """What was found, with the aggregates themselves in place of their places."""
        names = list(self.places) if self.bad else []
        for owner, bad in sorted(self.bad, key=lambda found: found[1].row):
            name = names[owner] if self.first is None else owner + self.first
            yield bad._replace(aggregate=name)

    def _ids(self, column: Column) -> tuple[NDArray[Any], Places | None]:
        """A number for each row, and the place of the aggregate that each means."""
        if self.first is not None:
            last = int(column.max())
            self.state.grow(last - self.first + 1)
            if self.first:
                column = np.subtract(column, self.first, dtype=np.intp)
            return column, None
        ids = encoded(column)
        places = self.places
        found = [places.setdefault(value, len(places)) for value in ids.values]
        self.state.grow(len(places))
        owners, codes = np.array(found, np.intp), ids.codes
        if len(set(found)) < len(found):  # a value is there twice, or as `0.0`, `-0.0`
            owners, which = np.unique(owners, return_inverse=True)
            codes = which.take(codes)
        return codes, owners
