"""A store in one SQLite file: the standard library, write-ahead log, full sync."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from sagadsl.runtime.database import StoreError, Values
from sagadsl.runtime.statements import APPEND
from sagadsl.sql import SQLITE

BUSY = 30.0  # seconds that a writer waits for another


class SqliteDatabase:
    """A SQLite file; every thread has a connection of its own.

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
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One writer at a time: the lock is taken at the start, so nobody is let down
        half-way.
        """
        connection = self._connection()
        with _told(self.path):
            connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        with _told(self.path):
            try:
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def rows(self, sql: str, values: Values = ()) -> list[tuple[Any, ...]]:
        """The rows that a statement gives."""
        with _told(self.path):
            return self._connection().execute(sql, values).fetchall()

    def execute(self, sql: str, values: Values = ()) -> int:
        """How many rows a statement changed."""
        with _told(self.path):
            return self._connection().execute(sql, values).rowcount

    def append(self, update: str, values: Values, row: Values) -> bool:
        """Add a row to a log if the update changes its process."""
        with _told(self.path):
            connection = self._connection()
            if connection.execute(update, values).rowcount != 1:
                return False
            connection.execute(APPEND, row)
            return True

    def now(self) -> int:
        """The time by the clock of the database, in milliseconds since 1970."""
        ((now,),) = self.rows(f"SELECT {SQLITE.now}")
        return int(now)

    def close(self) -> None:
        """Close the connections of all threads."""
        while self._open:
            self._open.pop().close()
        self._local = threading.local()

    def _connection(self) -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = self._local.connection = self._connect()
            self._open.append(found)
        return found

    def _connect(self) -> sqlite3.Connection:
        if not Path(self.path).absolute().parent.is_dir():
            raise StoreError(f"{self.path}: its folder does not exist")
        with _told(self.path):
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
        return connection


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


@contextmanager
def _told(path: str) -> Iterator[None]:
    """Say what is wrong with a file in one line."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{path}: {error}") from error
