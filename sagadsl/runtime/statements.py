"""The statements that a store runs, with `?` for each value.

Every event is one compare-and-set: it is written where the row is still the one that
was judged, and where the guard of its version holds in the database too.
"""

from __future__ import annotations

from functools import cache

from sagadsl.runtime.process import BITS, Row
from sagadsl.runtime.saga import Version
from sagadsl.sql import Dialect, event_guard, sets

PROCESS = (
    "saga, aggregate_id, version, begun, done, closed, control, seq, parked, stuck,"
    " started, deadline, due, fence, lease, worker, data"
)
EVENT = "seq, version, event, step, attempt, actor, time, note"
OF_ONE = "WHERE saga = ? AND aggregate_id = ?"

LOAD = f"SELECT {PROCESS} FROM saga_process {OF_ONE}"
LOG = f"SELECT {EVENT} FROM saga_event {OF_ONE} ORDER BY seq"
# PostgreSQL must be told the types of values that go nowhere directly.
_OF_TEXT, _OF_NUMBER = "CAST(? AS TEXT)", "CAST(? AS BIGINT)"
START = (
    f"INSERT INTO saga_process ({PROCESS})"
    f" SELECT {_OF_TEXT}, {_OF_TEXT}, {_OF_NUMBER}, 0, 0, 0, 0, 1, 0, 0,"
    f" {_OF_NUMBER}, {_OF_NUMBER}, {_OF_NUMBER}, 0, 0, '', {_OF_TEXT}"
    f" WHERE NOT EXISTS (SELECT 1 FROM saga_tombstone {OF_ONE})"
    " ON CONFLICT DO NOTHING"
)
REMEMBERED = (
    f"SELECT outcome, version, started, ended, forget FROM saga_tombstone {OF_ONE}"
)
FORGET_ONE = f"DELETE FROM saga_tombstone {OF_ONE} AND forget <= {{now}}"
_INTO_LOG = f"INSERT INTO saga_event (saga, aggregate_id, {EVENT})"
APPEND = f"{_INTO_LOG} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
# Both at once, where a database can.
APPEND_WHERE = (
    f"WITH moved AS ({{update}} RETURNING 1) {_INTO_LOG}"
    f" SELECT {_OF_TEXT}, {_OF_TEXT}, {_OF_NUMBER}, {_OF_NUMBER}, {_OF_TEXT},"
    f" {_OF_NUMBER}, {_OF_NUMBER}, {_OF_TEXT}, {_OF_NUMBER}, {_OF_TEXT} FROM moved"
)
BURY = (
    "INSERT INTO saga_tombstone (saga, aggregate_id, version, begun, done, closed,"
    " control, events, outcome, started, ended, forget)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
ARCHIVE = (
    "INSERT INTO saga_archive (saga, aggregate_id, started, ended, version, outcome,"
    " data, events) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
PURGE_LOG = f"DELETE FROM saga_event {OF_ONE}"
PURGE = f"DELETE FROM saga_process {OF_ONE}"
TELL = (
    "INSERT INTO saga_outbox (saga, aggregate_id, seq, event, step, time, note)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)
TO_SEND = (
    "SELECT id, aggregate_id, seq, event, step, time, note FROM saga_outbox"
    " WHERE saga = ? AND id > ? ORDER BY id LIMIT ?"
)
LAST_TOLD = "SELECT max(id) FROM saga_outbox WHERE saga = ?"
SENT = "DELETE FROM saga_outbox WHERE id = ?"
RELAY = "INSERT INTO saga_relay (saga) VALUES (?) ON CONFLICT DO NOTHING"
CLAIM_RELAY = (
    "UPDATE saga_relay SET fence = fence + 1, lease = {now} + ?, worker = ?"
    " WHERE saga = ? AND (lease <= {now} OR worker = ?) RETURNING fence"
)
KEEP_RELAY = "UPDATE saga_relay SET lease = {now} + ? WHERE saga = ? AND fence = ?"
FREE_RELAY = "UPDATE saga_relay SET lease = 0 WHERE saga = ? AND fence = ?"
RENEW = (
    f"UPDATE saga_process SET lease = {{now}} + ? {OF_ONE} AND fence = ? AND worker = ?"
)
FREE = "UPDATE saga_process SET lease = 0 WHERE saga = ? AND worker = ? AND lease > 0"
# Who has a process has found it due, which an index knows.
MOVED = (
    "SELECT aggregate_id, seq, fence FROM saga_process WHERE saga = ? AND worker = ?"
    " AND due > 0 AND due <= ?"
)
_MUTABLE = (
    "due = ?, fence = ?, lease = coalesce(?, lease), worker = ?, parked = ?, stuck = ?,"
    " data = ?"
)
_UNCHANGED = f"{OF_ONE} AND version = ? AND seq = ? AND fence = ?"


def first_due(versions: int, barred: int) -> str:
    """When the first is due of those that are free, of so many known versions.

    Values: saga, now, versions, those that are barred.
    """
    return (
        "SELECT due, aggregate_id FROM saga_process WHERE saga = ? AND due > 0"
        f" AND lease <= ? AND {_eligible(versions, barred)} ORDER BY due LIMIT 1"
    )


def claim(versions: int, barred: int, *, skip_locked: bool) -> str:
    """Take what is due and free, of so many known versions, for one worker.

    Values: lease, worker, saga, now, now, versions, those that are barred, most; a row
    for each process.
    """
    due = (
        "SELECT aggregate_id FROM saga_process WHERE saga = ? AND due > 0 AND due <= ?"
        f" AND lease <= ? AND {_eligible(versions, barred)} ORDER BY due LIMIT ?"
    )
    if skip_locked:
        due += " FOR UPDATE SKIP LOCKED"
    return (
        "UPDATE saga_process SET fence = fence + 1, lease = ?, worker = ?"
        f" WHERE saga = ? AND aggregate_id IN ({due}) RETURNING {PROCESS}"
    )


def _eligible(versions: int, barred: int) -> str:
    of_version = f"version IN ({_marks(versions)})"
    if not barred:
        return of_version
    return f"{of_version} AND aggregate_id NOT IN ({_marks(barred)})"


def _marks(values: int) -> str:
    return ", ".join("?" * values)


class Writer:
    """The statements that write a row of the log, of one saga in one database."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.of_columns = f"UPDATE saga_process SET {_MUTABLE} {_UNCHANGED}"
        self._of_note = (
            f"UPDATE saga_process SET seq = seq + 1, {_MUTABLE} {_UNCHANGED}"
        )
        self._of_upgrade = (
            "UPDATE saga_process SET seq = seq + 1, version = ?, done = done | ?,"
            f" {_MUTABLE} {_UNCHANGED}"
        )
        self._of_event = cache(_of_event)

    def of_row(
        self, version: Version, row: Row, waived: int
    ) -> tuple[str, tuple[int, ...]]:
        """The statement that makes room for a row, and the first of its values."""
        if row.event == "upgrade":
            return self._of_upgrade, (row.version, waived)
        if row.event == "waive" or row.event not in BITS:
            return self._of_note, ()
        return self._of_event(version, row.event, row.step), ()


def _of_event(version: Version, kind: str, position: int | None) -> str:
    """Add the bit of an event where its guard holds."""
    step = None if position is None else version.steps[position]
    plan = step.plan if step else None
    guard = event_guard(version.guards, kind, plan)
    adds = sets(kind, step.bit if step else 0)
    lanes = ", ".join(f"{lane} = {lane} | {bit}" for lane, bit in adds.items())
    return (
        f"UPDATE saga_process SET seq = seq + 1, {lanes}, {_MUTABLE}"
        f" {_UNCHANGED} AND ({guard})"
    )
