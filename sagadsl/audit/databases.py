"""Rows of a table in SQLite or PostgreSQL, which puts them in order."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sagadsl.audit.columns import Encoded, by_value
from sagadsl.audit.sources import AT_ONCE, Piece, Unreadable
from sagadsl.sql.faults import sqlite_fault
from sagadsl.sql.url import (
    POSTGRES_PREFIXES,
    SQLITE_PREFIX,
    SqliteUrl,
    is_postgres,
    why_malformed,
)

PREFIXES = (SQLITE_PREFIX, *POSTGRES_PREFIXES)


class DatabaseTable:
    """The rows of a saga in a table, by aggregate and then as `order` says.

    A table with a column `saga` holds several: then `where` names one.
    """

    def __init__(self, url: str, table: str, saga: str) -> None:
        self.url = url
        self.table = table
        self.saga = saga
        self.order: tuple[str, ...] = ()
        self.postgres = is_postgres(url)
        if self.postgres and (why := why_malformed(url)):
            raise Unreadable(why)
        with closing(self._connect()) as store:
            everything = f"SELECT * FROM {quoted(table)} LIMIT 0"  # noqa: S608  quoted
            found = self._execute(store, everything)
            self.names = [column[0] for column in found.description]

    def pieces(self, columns: Sequence[str]) -> Iterator[Piece]:
        """The rows. Raises `Unreadable`."""
        listed = ", ".join(map(quoted, columns))
        where = f" FROM {quoted(self.table)}"
        if "saga" in self.names:
            where += f" WHERE saga = '{self.saga}'"  # a name of the language
        order = ", ".join(map(quoted, self.order))
        query = f"SELECT {listed}{where} ORDER BY {order}"
        with closing(self._connect()) as store:
            counted = self._execute(store, f"SELECT count(*){where}").fetchone()
            rows, read = self._execute(store, query, large=True), 0
            while some := self._fetch(rows):
                read += len(some)
                found = list(map(_column, columns, zip(*some, strict=True)))
                yield Piece(found, min(1.0, read / (counted[0] or 1)))

    def _connect(self) -> Any:
        return self._told(self._open)

    def _open(self) -> Any:
        if self.postgres:
            import psycopg  # noqa: PLC0415  an extra

            return psycopg.connect(self.url)
        path = Path(SqliteUrl.read(self.url).path)
        if not path.is_file():
            raise Unreadable("there is no such file")
        return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)

    def _execute(self, store: Any, query: str, *, large: bool = False) -> Any:
        """A cursor; of a large result PostgreSQL sends a part at a time."""
        cursor = store.cursor("audit") if large and self.postgres else store.cursor()
        return self._told(lambda: cursor.execute(query))

    def _fetch(self, rows: Any) -> list[Any]:
        found: list[Any] = self._told(lambda: rows.fetchmany(AT_ONCE))
        return found

    def _told(self, ask: Callable[[], Any]) -> Any:
        """What a database gives, or its reason in a line."""
        try:
            return ask()
        except self._errors() as error:
            why = str(error) if self.postgres else sqlite_fault(error)
            raise Unreadable(why.strip().partition("\n")[0]) from None

    def _errors(self) -> tuple[type[Exception], ...]:
        if not self.postgres:
            return (sqlite3.Error, UnicodeDecodeError)
        try:
            import psycopg  # noqa: PLC0415  an extra
        except ImportError:
            why = "PostgreSQL needs psycopg: pip install 'sagadsl[postgres]'"
            raise Unreadable(why) from None
        return (psycopg.Error,)


def _column(name: str, values: Sequence[object]) -> Encoded:
    try:
        return by_value(values)
    except TypeError:  # it cannot be a key, and has values of its own
        raise Unreadable(f"`{name}` is a list or an object") from None


def quoted(name: str) -> str:
    """A name in a query, whatever is in it; a dot parts a schema from a table."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))
