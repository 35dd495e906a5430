"""A store in one SQLite file: the standard library, write-ahead log, full sync."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep, time_ns
from typing import Any

from sagadsl.runtime.database import Append, StoreError, UnwritableError, Values, split
from sagadsl.runtime.pool import Pool
from sagadsl.runtime.statements import APPEND
from sagadsl.sql import SQLITE
from sagadsl.sql.faults import sqlite_fault

BUSY = 30.0  # seconds that a writer waits for another
_FAULTS = (sqlite3.Error, UnicodeDecodeError)


class SqliteDatabase:
    """A SQLite file; for any number of threads.

    `synchronous` is SQLite's: `FULL` keeps each commit through a loss of power, with
    `NORMAL` the last ones may be lost, though never half of one. A file that is not to
    be made is opened as it is.
    """

    def __init__(
        self, path: str, synchronous: str = "FULL", *, create: bool = True
    ) -> None:
        if synchronous.upper() not in ("FULL", "NORMAL", "EXTRA"):
            raise StoreError(f"synchronous={synchronous}: it is FULL, NORMAL or EXTRA")
        self.dialect = SQLITE
        self.path = path
        self.synchronous = synchronous.upper()
        self._create = create
        self._writing = threading.RLock()
        self._pool = Pool(self._connect, lambda lent: not lent.in_transaction)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One writer at a time: the lock is taken at the start, so nobody is let down
        half-way. Threads queue here, as SQLite has those who wait sleep for longer.
        """
        with self._writing:
            connection = self._pool.take()
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield
                connection.execute("COMMIT")
            except BaseException as error:
                with suppress(sqlite3.Error):  # the first error is the one to tell
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                if isinstance(error, _FAULTS):
                    raise self._told(error) from error
                raise
            finally:
                self._pool.give(connection)

    def rows(self, sql: str, values: Values = ()) -> list[tuple[Any, ...]]:
        """The rows that a statement gives."""
        return self._run(sql, values)[0]

    def execute(self, sql: str, values: Values = ()) -> int:
        """How many rows a statement changed."""
        return self._run(sql, values)[1]

    def append(self, logs: Sequence[Sequence[Append]]) -> list[bool]:
        """Add rows to the logs of different processes; whether those of each were."""
        connection = self._pool.lent
        assert connection is not None, "rows are added in a transaction"
        cursor = connection.cursor()
        try:
            return [_append(cursor, log) for log in logs]
        except _FAULTS as error:
            raise self._told(error) from error

    def now(self) -> int:
        """The time by the clock of the machine, which is the clock of the database."""
        return time_ns() // 1_000_000

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()

    def _run(self, sql: str, values: Values = ()) -> tuple[list[tuple[Any, ...]], int]:
        """The rows that a statement gives, and how many it changed."""
        connection = self._pool.lent
        if connection is None:
            with self._pool.lend():
                return self._run(sql, values)
        try:
            cursor = connection.execute(sql, values)
            return cursor.fetchall(), cursor.rowcount
        except _FAULTS as error:
            raise self._told(error) from error

    def _connect(self) -> sqlite3.Connection:
        if not Path(self.path).absolute().parent.is_dir():
            raise StoreError(f"{self.path}: its folder does not exist")
        try:
            connection = sqlite3.connect(
                self.path,
                timeout=BUSY,
                isolation_level=None,
                cached_statements=1_000,
                check_same_thread=False,
            )
            if self._create:
                _log_ahead(connection)
            connection.execute(f"PRAGMA synchronous = {self.synchronous}")
            connection.text_factory = _text
        except _FAULTS as error:
            raise self._told(error) from error
        return connection

    def _told(self, error: Exception) -> StoreError:
        """What is wrong with the file, in one line."""
        refused = isinstance(error, sqlite3.IntegrityError)
        kind = UnwritableError if refused else StoreError
        return kind(f"{self.path}: {sqlite_fault(error)}")


def _append(cursor: sqlite3.Cursor, log: Sequence[Append]) -> bool:
    for number, one in enumerate(log):
        if cursor.execute(one.update, one.values).rowcount != 1:
            assert not number, split(one)
            return False
        cursor.execute(APPEND, one.row)
    return True


def _log_ahead(connection: sqlite3.Connection) -> None:
    """Turn the write-ahead log on; SQLite itself does not wait here for another that
    is at it.
    """
    late = monotonic() + BUSY
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            if monotonic() > late:
                raise
            sleep(0.01)
        else:
            return


def _text(stored: bytes) -> str:
    """A text; one that is damaged is for who judges its row, so it is none of ours."""
    try:
        return stored.decode()
    except UnicodeDecodeError:
        return f"damaged: {stored.decode(errors='backslashreplace')}"
