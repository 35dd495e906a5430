"""Listing processes: how each is, how many there are, and which are damaged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from sagadsl.runtime.database import Database, StoreError, storable
from sagadsl.runtime.process import Log, Process, Row
from sagadsl.runtime.saga import Saga
from sagadsl.runtime.statements import EVENT, PROCESS
from sagadsl.sql import held_guard

GRACE = 60_000
PAGE = 500


class Condition(StrEnum):
    """How a process is; the first that fits, and what needs somebody comes first.

    STRANDED: of a version that is not known here, so no worker takes it. STUCK: a step
    has failed for good and nothing leads on. PARKED: nobody knows whether a step has
    happened. OVERDUE: due for a minute and more, and no worker has come. RUNNING: a
    worker has it. WAITING: for an event, for a timer, or for a worker to come.
    """

    STRANDED = "stranded"
    STUCK = "stuck"
    PARKED = "parked"
    OVERDUE = "overdue"
    RUNNING = "running"
    WAITING = "waiting"


class Listed(NamedTuple):
    """A process in a list; `since` is when its last event was, in ms since 1970.

    `record` of the process has its four words, and is a plain tuple if the saga is not
    known.
    """

    process: Process
    condition: Condition
    since: int


class Listing:
    """The processes of one saga; without the saga itself none of them is stranded.

    Counts and filters are the work of the database, so that a million processes are no
    more to read than the ones that are shown. Every method may raise `StoreError`.
    """

    def __init__(self, database: Database, name: str, saga: Saga | None = None) -> None:
        self._database = database
        self._name = name
        self._saga = saga

    def count(self, state: str = "") -> dict[Condition, int]:
        """How many processes there are in each condition, of those in a state."""
        where, values = self._of(state)
        now = self._database.now()
        sums, marks = list[str](), list[int]()
        for guard, times in self._conditions(now).values():
            sums.append(f"sum(CASE WHEN {guard} THEN 1 ELSE 0 END)")
            marks += times
        sql = f"SELECT {', '.join(sums)} FROM saga_process WHERE {where}"
        (found,) = self._database.rows(sql, (*marks, *values))
        numbers = (int(number or 0) for number in found)
        return dict(zip(Condition, numbers, strict=True))

    def select(
        self, *conditions: Condition, state: str = "", limit: int = 100
    ) -> list[Listed]:
        """So many processes in these conditions, or in any, the pressing ones first."""
        where, values = self._of(state)
        now = self._database.now()
        listed: list[Listed] = []
        for condition, (guard, times) in self._conditions(now).items():
            if conditions and condition not in conditions:
                continue
            source, order = self._source(condition)
            rows = self._database.rows(
                f"SELECT {PROCESS}, {_SINCE} FROM {source}"
                f" WHERE {where} AND {guard} ORDER BY saga, {order} LIMIT ?",
                (*values, *times, max(limit - len(listed), 0)),
            )
            for *row, since in rows:
                listed.append(Listed(self._process(row), condition, int(since or 0)))
        return listed

    def find(self, aggregate_id: str) -> tuple[Listed, list[Row]] | None:
        """One process as it is, damaged or not, and the rows of its log."""
        key, last = (self._name, aggregate_id), -1
        conditions = self._conditions(self._database.now())
        cases, marks = list[str](), list[int]()
        for condition, (guard, times) in conditions.items():
            cases.append(f"WHEN {guard} THEN '{condition}'")
            marks += times
        sql = (
            f"SELECT {PROCESS}, CASE {' '.join(cases)} END FROM saga_process p"
            " WHERE saga = ? AND aggregate_id = ?"
        )
        while found := self._database.rows(sql, (*marks, *key)):
            *row, condition = found[0]
            if condition is None:
                raise StoreError(f"{self._name} {aggregate_id} is damaged: it has gaps")
            process = self._process(row)
            rows = self._logs(aggregate_id, aggregate_id).get(aggregate_id, [])
            if len(rows) == process.seq or process.seq == last:
                since = rows[-1].time if rows else 0
                return Listed(process, Condition(condition), since), rows
            last = process.seq  # it may have been moved on between the two readings
        return None

    def has(self, aggregate_id: str) -> bool:
        """Whether anything is known of an id: a process, or what is kept of one."""
        key = (self._name, aggregate_id)
        sql = "SELECT 1 FROM {} WHERE saga = ? AND aggregate_id = ? LIMIT 1"
        return storable(aggregate_id) and any(
            self._database.rows(sql.format(table), key) for table in _KEPT
        )

    def damaged(self) -> Iterator[tuple[Listed, str]]:
        """Every process that no run leads to, or whose log tells something else.

        Each with the reason. This reads all logs, some hundred processes at a time.
        """
        last, passed = "", set[str]()
        while page := self._page(last):
            first, last = page[0].aggregate_id, page[-1].aggregate_id
            # What comes after what is for the database to say, in its language.
            if type(last) is not str or last in passed:
                raise StoreError(f"{self._name} is damaged: its ids are out of order")
            passed.add(last)
            logs = self._logs(first, last)
            for process in page:
                log = Log(logs.get(process.aggregate_id, []))
                if why_damaged(process, log, self._saga):
                    yield from self._still_damaged(process.aggregate_id)

    def _still_damaged(self, aggregate_id: str) -> Iterator[tuple[Listed, str]]:
        """Look again: it may have been moved on between two readings."""
        found = self.find(aggregate_id)
        if found:
            listed, rows = found
            if why := why_damaged(listed.process, Log(rows), self._saga):
                yield listed, why

    def _page(self, last: str) -> list[Process]:
        sql = (
            f"SELECT {PROCESS} FROM saga_process WHERE saga = ? AND aggregate_id > ?"
            " ORDER BY saga, aggregate_id LIMIT ?"
        )
        rows = self._database.rows(sql, (self._name, last, PAGE))
        return [self._process(row) for row in rows]

    def _logs(self, first: str, last: str) -> dict[str, list[Row]]:
        sql = (
            f"SELECT aggregate_id, {EVENT} FROM saga_event WHERE saga = ?"
            " AND aggregate_id BETWEEN ? AND ? ORDER BY saga, aggregate_id, seq"
        )
        logs: dict[str, list[Row]] = {}
        for key, *row in self._database.rows(sql, (self._name, first, last)):
            logs.setdefault(key, []).append(Row(*row))
        return logs

    def _process(self, row: Sequence[Any]) -> Process:
        saga, aggregate_id, version, *lanes, seq, parked = row[:9]
        record = self._saga.module.Record(*lanes) if self._saga else tuple(lanes)
        return Process(saga, aggregate_id, version, record, seq, parked, *row[9:])

    def _source(self, condition: Condition) -> tuple[str, str]:
        """Where the processes are found soonest, and in which order."""
        order = "due" if condition is Condition.OVERDUE else "aggregate_id"
        waits = condition in (Condition.STUCK, Condition.PARKED)
        if waits and self._database.dialect.name == "sqlite":
            # It keeps no statistics of its own accord, and would read them all.
            return "saga_process p INDEXED BY saga_process_parked", order
        return "saga_process p", order

    def _of(self, state: str) -> tuple[str, tuple[Any, ...]]:
        """The processes of the saga, or those of them that stand in a state."""
        if not state:
            return "saga = ?", (self._name,)
        versions = self._saga.versions.values() if self._saga else ()
        held = [
            f"version = {version.number} AND ({held_guard(place)})"
            for version in versions
            for place in version.guards.places
            if place.state == state
        ]
        if not held:
            raise ValueError(f"{self._name} has no state {state!r}")
        return f"saga = ? AND ({' OR '.join(held)})", (self._name,)

    def _conditions(self, now: int) -> Mapping[Condition, tuple[str, tuple[int, ...]]]:
        """The guard of each condition, which shuts out those before it."""
        known = ", ".join(map(str, self._saga.versions)) if self._saga else "version"
        # The database knows by the very words that an index holds the rows.
        waits = f"version IN ({known}) AND (parked > 0 OR stuck > 0)"
        goes = f"version IN ({known}) AND parked <= 0 AND stuck <= 0"
        late = "due > 0 AND due <= ?"
        times = (now - GRACE, now)
        free = f"NOT ({late})"
        return {
            Condition.STRANDED: (f"version NOT IN ({known})", ()),
            Condition.STUCK: (f"{waits} AND stuck > 0", ()),
            Condition.PARKED: (f"{waits} AND stuck = 0", ()),
            Condition.OVERDUE: (f"{goes} AND {late} AND lease <= ?", times),
            Condition.RUNNING: (f"{goes} AND lease > ?", (now,)),
            Condition.WAITING: (f"{goes} AND {free} AND lease <= ?", times),
        }


_KEPT = ("saga_process", "saga_tombstone", "saga_archive")
_SINCE = (
    "(SELECT time FROM saga_event e WHERE e.saga = p.saga"
    " AND e.aggregate_id = p.aggregate_id AND e.seq = p.seq)"
)


def why_damaged(process: Process, log: Log, saga: Saga | None) -> str:
    """Why no run leads to what was read; empty if one does, or if none can tell."""
    version = saga.versions.get(process.version) if saga else None
    if why := log.why_damaged(process):
        return why
    if version is None or process.seq == 1:
        return ""
    why = version.machine.why_invalid(process.record)
    return str(why)


def sagas_in(database: Database) -> list[str]:
    """The names of the sagas that a store has processes of, or what is kept of them."""
    names: set[str] = set()
    for table in _KEPT:
        last = ""
        sql = f"SELECT min(saga) FROM {table} WHERE saga > ?"
        while name := database.rows(sql, (last,))[0][0]:
            names.add(name)
            last = name
    return sorted(names)


def waiting_messages(database: Database, names: Iterable[str]) -> int:
    """How many messages of the outbox have not been delivered."""
    sql = "SELECT count(*) FROM saga_outbox WHERE saga = ?"
    return sum(int(database.rows(sql, (name,))[0][0]) for name in names)
