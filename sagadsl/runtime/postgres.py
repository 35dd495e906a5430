"""A store in PostgreSQL, through psycopg 3 (the extra `postgres`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from time import monotonic
from typing import Any

from sagadsl.runtime.database import Append, StoreError, UnwritableError, Values, split
from sagadsl.runtime.pool import Pool
from sagadsl.runtime.statements import APPEND_WHERE
from sagadsl.sql import POSTGRES

try:
    import psycopg
    from psycopg.pq import TransactionStatus
except ImportError as missing:
    raise StoreError(
        "a store in PostgreSQL needs psycopg: pip install 'sagadsl[postgres]'"
    ) from missing

EXACT = 1.0  # seconds for which our clock is taken to run like that of the database


class PostgresDatabase:
    """A PostgreSQL database; for any number of threads."""

    def __init__(self, url: str) -> None:
        self.dialect = POSTGRES
        self.url = url
        self._pool = Pool(self._connect, _is_idle)
        self._clock = (0, -EXACT)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, durable at its end; others see nothing of it before."""
        with self._connection() as connection, connection.transaction():
            yield

    def rows(self, sql: str, values: Values = ()) -> list[tuple[Any, ...]]:
        """The rows that a statement gives."""
        with self._connection() as connection:
            return connection.execute(_marked(sql), values).fetchall()

    def execute(self, sql: str, values: Values = ()) -> int:
        """How many rows a statement changed."""
        with self._connection() as connection:
            return connection.execute(_marked(sql), values).rowcount

    def append(self, logs: Sequence[Sequence[Append]]) -> list[bool]:
        """Add rows to the logs of different processes; whether those of each were.

        They go in waves, of one row for each process.
        """
        added = [True] * len(logs)
        for number in range(max(map(len, logs), default=0)):
            wave = [
                index
                for index, log in enumerate(logs)
                if number < len(log) and added[index]
            ]
            moved = self._wave([logs[index][number] for index in wave])
            for index, ok in zip(wave, moved, strict=True):
                assert ok or not number, split(logs[index][number])
                added[index] = ok
        return added

    def _wave(self, wave: Sequence[Append]) -> list[bool]:
        """Add a row to each of different logs; those of one kind are sent together."""
        kinds: dict[str, list[int]] = {}
        for number, one in enumerate(wave):
            kinds.setdefault(one.update, []).append(number)
        added = [False] * len(wave)
        with self._connection() as connection, connection.cursor() as cursor:
            for update, numbers in kinds.items():
                sql = _marked(APPEND_WHERE.format(update=update))
                values = [(*wave[n].values, *wave[n].row) for n in numbers]
                if len(numbers) == 1:
                    cursor.execute(sql, *values)
                else:
                    cursor.executemany(sql, values, returning=True)
                for number in numbers:
                    added[number] = cursor.rowcount == 1
                    cursor.nextset()
        return added

    def now(self) -> int:
        """The time by the clock of the database, in milliseconds since 1970.

        It is read now and then, and counted on from there.
        """
        read, at = self._clock
        passed = monotonic() - at
        if passed >= EXACT:
            ((read,),) = self.rows(f"SELECT {POSTGRES.now}")
            self._clock, passed = (read, monotonic()), 0.0
        return int(read + passed * 1000)

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()

    def _connect(self) -> psycopg.Connection[Any]:
        made: psycopg.Connection[Any] = psycopg.connect(self.url, autocommit=True)
        made.prepare_threshold = 1
        # Where a snapshot outlives a statement who loses a race is told of an error.
        made.execute("SET default_transaction_isolation = 'read committed'")
        return made

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection; what is wrong is said in one line, without the URL: it may
        hold a password.
        """
        try:
            with self._pool.lend() as connection:
                yield connection
        except psycopg.Error as error:
            why = " ".join(str(error).split()) or type(error).__name__
            kind = UnwritableError if _is_refusal(error) else StoreError
            raise kind(f"postgresql: {why}") from error


def _is_idle(connection: psycopg.Connection[Any]) -> bool:
    """Whether it is in no transaction, which who was interrupted may have left open."""
    return connection.info.transaction_status == TransactionStatus.IDLE


def _is_refusal(error: psycopg.Error) -> bool:
    """Whether it is about what was to be written: a rule of a column or of a trigger.

    A trigger raises P0001, or with a code of its own, for which psycopg has no class.
    """
    if isinstance(error, psycopg.IntegrityError | psycopg.DataError):
        return True
    code = error.sqlstate or ""
    return code.startswith("P0") or (
        bool(code) and type(error) is psycopg.DatabaseError
    )


@cache
def _marked(sql: str) -> bytes:
    """A statement with the marks of psycopg; no other `%` or `?` stands in ours."""
    return sql.replace("%", "%%").replace("?", "%s").encode()
