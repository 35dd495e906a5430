"""Where processes are kept: the tables of a store, opened by its URL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from sagadsl.runtime.database import Database, StoreError
from sagadsl.sql import MIGRATIONS, SCHEMA_VERSION, schema
from sagadsl.sql.url import SQLITE_PREFIX, SqliteUrl, is_postgres, why_malformed

_UNDEFINED_TABLE = "42P01"  # the code of the error in PostgreSQL
_PREPARES = 0x73616761  # of the locks that have no table, the one that we take


class Store:
    """A database with the tables of a store, for any number of sagas.

    Threads may share it.
    """

    def __init__(self, database: Database, *, create: bool = True) -> None:
        """Make the tables where there are none, and migrate older ones.

        Without `create` both are left as they are, and `StoreError` is raised.
        """
        self.database = database
        found = self._version()
        if found < SCHEMA_VERSION and create:
            with self._alone():
                found = self._version()  # by now another may have made them
                if found < SCHEMA_VERSION:
                    found = self._prepare(found)
        if not found:
            raise StoreError("there are no tables of a store in it")
        if found < SCHEMA_VERSION:
            raise StoreError(
                f"the store has tables of version {found}, and this release of sagadsl"
                f" works on {SCHEMA_VERSION}: a worker migrates them when it starts"
            )
        if found > SCHEMA_VERSION:
            raise StoreError(
                f"the store has tables of version {found}, and this release of"
                f" sagadsl knows {SCHEMA_VERSION}: a newer release wrote it"
            )

    def close(self) -> None:
        """Close every connection."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _version(self) -> int:
        """The version of the tables that there are, 0 if there are none."""
        try:
            ((version,),) = self.database.rows("SELECT max(version) FROM saga_schema")
        except StoreError as error:
            undefined = getattr(error.__cause__, "sqlstate", "") == _UNDEFINED_TABLE
            if undefined or "no such table: saga_schema" in str(error):
                return 0
            raise
        return int(version or 0)

    def _prepare(self, found: int) -> int:
        """Make the tables, or what those of version `found` lack; their version.

        This is not for every start: it would wait for all who write, and they for it.
        """
        database = self.database
        insert = "INSERT INTO saga_schema (version) VALUES (?)"
        with database.transaction():
            if found:
                found = self._version()
                while found < SCHEMA_VERSION:
                    found += 1
                    for statement in MIGRATIONS[found](database.dialect):
                        database.execute(statement)
                    database.execute(insert, (found,))
            # After that, since an index may be of a column that was added.
            for statement in schema(database.dialect):
                database.execute(statement)
            if not self._version():
                database.execute(insert, (SCHEMA_VERSION,))
            return self._version()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One makes tables while others wait; SQLite sees to that by itself."""
        if self.database.dialect.name != "postgres":
            yield
            return
        self.database.rows("SELECT pg_advisory_lock(?)", (_PREPARES,))
        try:
            yield
        finally:
            self.database.rows("SELECT pg_advisory_unlock(?)", (_PREPARES,))


def open_store(url: str, *, create: bool = True) -> Store:
    """Open the store at a URL, and make its tables if there are none and `create`.

    `sqlite:///orders.db` is a file in the current folder, `sqlite:////srv/orders.db`
    one by its whole path; `?synchronous=NORMAL` trades the last commits before a loss
    of power for speed. `postgresql://user@host/name` needs the extra `postgres`.
    Raises `StoreError` if it cannot be opened, `ValueError` for another kind of URL.
    """
    if is_postgres(url):
        if why := why_malformed(url):
            raise ValueError(why)
        from sagadsl.runtime.postgres import PostgresDatabase  # noqa: PLC0415  an extra

        return Store(PostgresDatabase(url), create=create)
    path, options = SqliteUrl.read(url)
    if not url.startswith(SQLITE_PREFIX) or not path or path == ":memory:":
        raise ValueError(
            "the URL is no store; write sqlite:///file.db or postgresql://host/name"
        )
    from sagadsl.runtime.sqlite import SqliteDatabase  # noqa: PLC0415  one of two

    if unknown := options.keys() - {"synchronous"}:
        raise ValueError(f"{min(unknown)} is no option of a store")
    (synchronous,) = options.get("synchronous", ["FULL"])[-1:]
    if not create and not Path(path).is_file():
        raise StoreError(f"{path}: there is no such file")
    return Store(SqliteDatabase(path, synchronous, create=create), create=create)
