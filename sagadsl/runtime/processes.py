"""The processes of one saga in a store: read, started, claimed, and moved on."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import nullcontext, suppress
from itertools import compress
from typing import Any, NamedTuple

from sagadsl.runtime import statements
from sagadsl.runtime.database import (
    Append,
    DamagedError,
    StoreError,
    UnwritableError,
)
from sagadsl.runtime.listing import why_damaged
from sagadsl.runtime.log import LOGGER, about
from sagadsl.runtime.process import TOLD, Log, Process, Row
from sagadsl.runtime.saga import Saga
from sagadsl.runtime.statements import Writer
from sagadsl.runtime.store import Store
from sagadsl.runtime.turn import Change, End, stored
from sagadsl.sql import MARKS, MOST_STEPS, NOTES, OF_ALL, OF_STEPS


class Tombstone(NamedTuple):
    """What is kept of a process that has ended; times are in milliseconds."""

    outcome: str
    version: int
    started: int
    ended: int
    forget: int


class _Remembered(Exception):
    """A start is taken back: the process has ended and is still remembered."""


class Processes:
    """The processes of one saga; every method may be called from any thread."""

    def __init__(
        self,
        store: Store,
        saga: Saga,
        *,
        archive: bool = False,
        publish: Collection[str] = TOLD,
    ) -> None:
        """Refuse a saga that the columns of a store cannot hold with `ValueError`, and
        an event that there is not.
        """
        if unknown := set(publish).difference(OF_STEPS, OF_ALL, MARKS, NOTES):
            raise ValueError(f"there is no event {min(unknown)!r} to be published")
        for version in saga.versions.values():
            if max(version.steps, default=0) >= MOST_STEPS:
                raise ValueError(
                    f"{saga.name} version {version.number} has a step at position"
                    f" {max(version.steps)}; a store holds {MOST_STEPS}, from 0"
                )
        self.database = store.database
        self.saga = saga
        self.archive = archive
        self.publish = frozenset(publish)
        self.writer = Writer(store.database.dialect)
        self.written: Callable[[Iterable[Row]], object] = tuple

    def load(self, aggregate_id: str) -> tuple[Process, Log] | None:
        """A process and its log, or None. Raises `StoreError` if it is damaged."""
        key = (self.saga.name, aggregate_id)
        last = -1
        while found := self.database.rows(statements.LOAD, key):
            process = self._process(found[0])
            log = Log(Row(*row) for row in self.database.rows(statements.LOG, key))
            why = why_damaged(process, log, self.saga)
            if not why:
                return process, log
            if process.seq == last:  # else it was moved on between the two readings
                raise DamagedError(*key, why)
            last = process.seq
        return None

    def start(self, aggregate_id: str, actor: str, data: str) -> bool:
        """Start a process with the newest version; False if there is one."""
        database, latest = self.database, self.saga.latest
        now = database.now()
        key = (self.saga.name, aggregate_id)
        deadline = now + latest.expires if latest.expires else 0
        values = (*key, latest.number, now, deadline, now, data, *key)
        first = Row(1, latest.number, "start", None, 0, stored(actor), now, "")
        try:
            with suppress(_Remembered), database.transaction():
                forget = statements.FORGET_ONE.format(now=database.dialect.now)
                database.execute(forget, key)
                start = Append(statements.START, values, (*key, *first))
                if database.append([[start]]) != [True]:
                    return False
                if database.rows(statements.REMEMBERED, key):
                    # It ended while the statement above waited for its row to go.
                    raise _Remembered
                self.tell(aggregate_id, first)
                self.written([first])
                return True
        except StoreError:  # a trigger sees the same
            if not database.rows(statements.REMEMBERED, key):
                raise
        return False

    def ended(self, aggregate_id: str) -> Tombstone | None:
        """What is kept of a process that has ended."""
        key = (self.saga.name, aggregate_id)
        found = self.database.rows(statements.REMEMBERED, key)
        return Tombstone(*found[0]) if found else None

    def claim(
        self,
        worker: str,
        lease: int,
        most: int,
        now: int,
        barred: Collection[str] = (),
    ) -> list[tuple[Process, Log]]:
        """Take processes that are due and that nobody has, for `lease` milliseconds.

        Those that are `barred` are none of them.
        """
        known = tuple(self.saga.versions)
        row_locks = self.database.dialect.row_locks
        sql = statements.claim(len(known), len(barred), skip_locked=row_locks)
        name = self.saga.name
        values = (now + lease, worker, name, name, now, now, *known, *barred, most)
        claimed = [self._process(row) for row in self.database.rows(sql, values)]
        sound: list[tuple[Process, Log]] = []
        for process in sorted(claimed, key=lambda process: process.due):
            log = self._log(process)
            why = why_damaged(process, log, self.saga)
            if not 0 < process.due <= now:
                why = "an index of the store says that it is due, and its row does not"
            if why:
                key = process.aggregate_id
                told = about(name, key)
                LOGGER.error("%s %s is damaged: %s", name, key, why, extra=told)
            else:
                sound.append((process, log))
        return sound

    def write(self, changes: Sequence[Change]) -> list[bool]:
        """Write what turns want, in a transaction of the caller.

        False, and nothing of it is written, for each whose process is not what it was
        judged by. No two may be of one process.
        """
        logs = [self._appends(change) for change in changes if change.rows]
        added = iter(self.database.append(logs))
        written = [
            next(added) if change.rows else self._write_columns(change)
            for change in changes
        ]
        for change in compress(changes, written):
            self._conclude(change)
        return written

    def tell(self, aggregate_id: str, row: Row) -> None:
        """Put a row of the log into the outbox, if it is one to be published."""
        if row.event not in self.publish:
            return
        key = (self.saga.name, aggregate_id)
        values = (*key, row.seq, row.event, row.step, row.time, row.note)
        self.database.execute(statements.TELL, values)

    def renew(
        self, leases: Iterable[tuple[str, int]], worker: str, lease: int
    ) -> set[str]:
        """Keep processes, each with its fence, for so many milliseconds from now.

        Gives back those that the worker still has.
        """
        sql = statements.RENEW.format(now=self.database.dialect.now)
        kept: set[str] = set()
        # A turn locks rows in an order of its own: who held some while waiting for
        # others could wait for it, and it for them.
        row_locks = self.database.dialect.row_locks
        with nullcontext() if row_locks else self.database.transaction():
            for aggregate_id, fence in leases:
                key = (self.saga.name, aggregate_id, fence, worker)
                with suppress(UnwritableError):  # the others are kept all the same
                    if self.database.execute(sql, (lease, *key)):
                        kept.add(aggregate_id)
        return kept

    def free(self, worker: str) -> int:
        """Give up what a worker of this name had when it ended; how many these are."""
        return self.database.execute(statements.FREE, (self.saga.name, worker))

    def held(self, worker: str) -> dict[str, tuple[int, int]]:
        """The processes that a worker has: how many rows the log of each has, and its
        fence.
        """
        values = (self.saga.name, worker, self.database.now())
        rows = self.database.rows(statements.MOVED, values)
        return {aggregate_id: (seq, fence) for aggregate_id, seq, fence in rows}

    def first_due(self, now: int, barred: Collection[str] = ()) -> tuple[int, str]:
        """When the next process is due that nobody has, and which; 0 if none will be.

        Those that are `barred` are none of them.
        """
        known = tuple(self.saga.versions)
        sql = statements.first_due(len(known), len(barred))
        found = self.database.rows(sql, (self.saga.name, now, *known, *barred))
        return (int(found[0][0]), found[0][1]) if found else (0, "")

    def _write_columns(self, change: Change) -> bool:
        before = change.before
        where = (*before[:2], before.version, before.seq, before.fence)
        values = (*_columns(change), *where)
        return self.database.execute(self.writer.of_columns, values) == 1

    def _appends(self, change: Change) -> list[Append]:
        """What adds the rows of a change, each where the one before has left off."""
        before, after = change.before, change.after
        key, columns = before[:2], _columns(change)
        fixed = (*columns, *key)
        seq, fence, number = before.seq, before.fence, before.version
        appends: list[Append] = []
        for row in change.rows:
            version = self.saga.versions[row.version]
            waived = _waived(change) if row.event == "upgrade" else 0
            update, first = self.writer.of_row(version, row, waived)
            values = (*first, *fixed, number, seq, fence)
            appends.append(Append(update, values, (*key, *row)))
            seq, fence, number = row.seq, after.fence, row.version
        return appends

    def _conclude(self, change: Change) -> None:
        """Tell of the rows that were written, and bury what has ended."""
        for row in change.rows:
            self.tell(change.before.aggregate_id, row)
        if change.end:
            self._bury(change, change.end)
        self.written(change.rows)

    def _process(self, row: Sequence[Any]) -> Process:
        saga, aggregate_id, version, begun, done, closed, control, *rest = row
        record = self.saga.module.Record(begun, done, closed, control)
        return Process(saga, aggregate_id, version, record, *rest)

    def _log(self, process: Process) -> Log:
        """The log of a process; of one that was only started it is known."""
        if process.seq == 1:
            start = ("start", None, 0, "", process.started, "")
            return Log([Row(1, process.version, *start)])
        rows = self.database.rows(statements.LOG, process[:2])
        return Log(Row(*row) for row in rows)

    def _bury(self, change: Change, end: End) -> None:
        """Purge a process that has ended, and leave a tombstone in its place."""
        after, ended = change.after, change.rows[-1].time
        key = after[:2]
        outcome = (end.outcome, after.started, ended, ended + end.remember)
        values = (*key, after.version, *after.record, after.seq, *outcome)
        self.database.execute(statements.BURY, values)
        if self.archive:
            rows = self.database.rows(statements.LOG, key)
            events = json.dumps(rows, separators=(",", ":"))
            kept = (after.version, end.outcome, after.data, events)
            self.database.execute(
                statements.ARCHIVE, (*key, after.started, ended, *kept)
            )
        self.database.execute(statements.PURGE_LOG, key)
        self.database.execute(statements.PURGE, key)


def _waived(change: Change) -> int:
    """The bits that an upgrade sets."""
    return sum(1 << (row.step or 0) for row in change.rows if row.event == "waive")


def _columns(change: Change) -> tuple[Any, ...]:
    """What may change with any row, in the order of the statements.

    A lease that does not change is not written: it may have been renewed meanwhile.
    """
    after = change.after
    lease = after.lease if after.lease != change.before.lease else None
    due = (after.due, after.fence, lease, after.worker)
    return (*due, after.parked, after.stuck, after.data)
