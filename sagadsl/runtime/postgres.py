"""A store in PostgreSQL, through psycopg 3 (the extra `postgres`)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from sagadsl.runtime.database import StoreError, Values
from sagadsl.runtime.statements import APPEND_WHERE
from sagadsl.sql import POSTGRES

try:
    import psycopg
except ImportError as missing:
    raise StoreError(
        "a store in PostgreSQL needs psycopg: pip install 'sagadsl[postgres]'"
    ) from missing


class PostgresDatabase:
    """A PostgreSQL database; every thread has a connection of its own."""

    def __init__(self, url: str) -> None:
        self.dialect = POSTGRES
        self.url = url
        self._local = threading.local()
        self._open: list[psycopg.Connection[Any]] = []

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, durable at its end; others see nothing of it before."""
        with self._told():
            connection = self._connection()
            with connection.transaction():
                yield

    def rows(self, sql: str, values: Values = ()) -> list[tuple[Any, ...]]:
        """The rows that a statement gives."""
        with self._told():
            return self._connection().execute(_marked(sql), values).fetchall()

    def execute(self, sql: str, values: Values = ()) -> int:
        """How many rows a statement changed."""
        with self._told():
            return self._connection().execute(_marked(sql), values).rowcount

    def append(self, update: str, values: Values, row: Values) -> bool:
        """Add a row to a log if the update changes its process, in one round trip."""
        text = APPEND_WHERE.format(update=update)
        return self.execute(text, (*values, *row)) == 1

    def now(self) -> int:
        """The time by the clock of the database, in milliseconds since 1970."""
        ((now,),) = self.rows(f"SELECT {POSTGRES.now}")
        return int(now)

    def close(self) -> None:
        """Close the connections of all threads."""
        while self._open:
            self._open.pop().close()
        self._local = threading.local()

    def _connection(self) -> psycopg.Connection[Any]:
        """The connection of this thread; a broken one is replaced."""
        found = getattr(self._local, "connection", None)
        if isinstance(found, psycopg.Connection) and not found.closed:
            return found
        made: psycopg.Connection[Any] = psycopg.connect(self.url, autocommit=True)
        made.prepare_threshold = 2
        self._local.connection = made
        self._open.append(made)
        return made

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say what is wrong in one line, without the URL: it may hold a password."""
        try:
            yield
        except psycopg.Error as error:
            why = " ".join(str(error).split()) or type(error).__name__
            raise StoreError(f"postgresql: {why}") from error


@cache
def _marked(sql: str) -> bytes:
    """A statement with the marks of psycopg; no other `%` or `?` stands in ours."""
    return sql.replace("%", "%%").replace("?", "%s").encode()
