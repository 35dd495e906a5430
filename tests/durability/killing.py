"""Where a process can be killed: at each SQL statement and each external call."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Points:
    """Counts points, and kills this process at the one with the number `fatal`.

    A point stands before each statement and call, and so behind the one before it.
    `lasting` are the points behind those that may have changed what outlives us: all
    ways to die between two of them leave the same behind.
    """

    def __init__(self, fatal: int = 0) -> None:
        self.fatal = fatal
        self.count = 0
        self.lasting = [1]
        self._aside = False

    def __call__(self, *, lasts: bool = False) -> None:
        """Reach a point; `lasts` says that what comes now outlives us."""
        if self._aside:
            return
        self.count += 1
        if self.count == self.fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        if lasts:
            self.lasting.append(self.count + 1)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What happens here is not of the process that is watched."""
        self._aside = True
        try:
            yield
        finally:
            self._aside = False

    def hook(self, url: str) -> None:
        """Have each statement on the connections that are made from now on a point."""
        if url.startswith("sqlite"):
            self._hook_sqlite()
        else:
            self._hook_postgres()

    def _hook_sqlite(self) -> None:
        """The library tells of each statement just before it begins."""
        connect = sqlite3.connect

        def connected(*args: Any, **options: Any) -> sqlite3.Connection:
            connection: sqlite3.Connection = connect(*args, **options)

            def begins(sql: str) -> None:
                inside = connection.in_transaction
                self(lasts=sql == "COMMIT" or not (inside or _only_reads(sql)))

            connection.set_trace_callback(begins)
            return connection

        sqlite3.connect = connected  # type: ignore[assignment]  # overloads

    def _hook_postgres(self) -> None:
        """Whatever is sent to the server, BEGIN and COMMIT too, is waited for here."""
        from psycopg import Connection
        from psycopg.pq import TransactionStatus

        wait = Connection.wait

        def waited(connection: Any, sent: Any, *args: Any, **options: Any) -> Any:
            inside = connection.info.transaction_status is TransactionStatus.INTRANS
            sql = sent.gi_frame.f_locals.get("query")
            text = sql.decode() if isinstance(sql, bytes) else ""
            self(lasts=not text or not (inside or _only_reads(text)))
            return wait(connection, sent, *args, **options)

        Connection.wait = waited  # type: ignore[method-assign,assignment]  # generic


def _only_reads(sql: str) -> bool:
    return sql.startswith(("SELECT", "BEGIN"))
