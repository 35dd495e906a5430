"""Rows of a table in SQLite or PostgreSQL, which puts them in order."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sagadsl.audit.sources import AT_ONCE, Piece, Unreadable, by_columns

PREFIXES = ("sqlite:///", "postgresql://", "postgres://")


class DatabaseTable:
    """The rows of a saga in a table, by aggregate and then as `order` says.

    A table with a column `saga` holds several: then `where` names one.
    """

    def __init__(self, url: str, table: str, saga: str) -> None:
        self.url = url
        self.table = table
        self.saga = saga
        self.order: tuple[str, ...] = ()
        self.postgres = not url.startswith("sqlite:")
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
                yield Piece(by_columns(some), min(1.0, read / (counted[0] or 1)))

    def _connect(self) -> Any:
        if not self.postgres:
            path = Path(self.url.removeprefix("sqlite:///"))
            if not path.is_file():
                raise Unreadable("there is no such file")
            uri = f"file:{quote(str(path))}?mode=ro"
            return sqlite3.connect(uri, uri=True)
        try:
            import psycopg  # noqa: PLC0415  an extra
        except ImportError:
            why = "PostgreSQL needs psycopg: pip install 'sagadsl[postgres]'"
            raise Unreadable(why) from None
        try:
            return psycopg.connect(self.url)
        except psycopg.Error as error:
            raise Unreadable(str(error).strip().partition("\n")[0]) from None

    def _execute(self, store: Any, query: str, *, large: bool = False) -> Any:
        """A cursor; of a large result PostgreSQL sends a part at a time."""
        try:
            cursor = (
                store.cursor("audit") if large and self.postgres else store.cursor()
            )
            return cursor.execute(query)
        except self._errors() as error:
            raise Unreadable(str(error).strip().partition("\n")[0]) from None

    def _fetch(self, rows: Any) -> list[Any]:
        try:
            found: list[Any] = rows.fetchmany(AT_ONCE)
        except self._errors() as error:
            raise Unreadable(str(error).strip().partition("\n")[0]) from None
        return found

    def _errors(self) -> tuple[type[Exception], ...]:
        if not self.postgres:
            return (sqlite3.Error,)
        import psycopg  # noqa: PLC0415  it is there, as it has connected

        return (psycopg.Error,)


def quoted(name: str) -> str:
    """A name in a query, whatever is in it; a dot parts a schema from a table."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))
