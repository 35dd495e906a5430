"""Databases that are asked what they think of rows: in bulk, with the real triggers.

A judge is a context manager; it has the tables of a store, and whatever script it was
given. Rows are put in before there are triggers, since most are such as no run leads
to.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any, NamedTuple, Self

import psycopg
import pytest

from sagadsl.emit.sql import emit_sql
from sagadsl.model import Pinned
from sagadsl.sql import POSTGRES, SQLITE, schema

LANES = "begun, done, closed, control"


class Row(NamedTuple):
    """What a trigger judges of a process: its version, its lanes and its `seq`."""

    version: int
    begun: int
    done: int
    closed: int
    control: int
    seq: int = 1


class Sqlite:
    """Every judgement in a database in memory."""

    dialect = SQLITE

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        self.tables()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.connection.close()

    def tables(self) -> None:
        for statement in schema(SQLITE):
            self.connection.execute(statement)

    def run(self, script: str) -> None:
        self.connection.executescript(script)

    def fill(self, table: str, columns: str, rows: Iterable[Sequence[Any]]) -> None:
        marks = ", ".join("?" for _ in columns.split(","))
        insert = f"INSERT INTO {table} ({columns}) VALUES ({marks})"
        self.connection.executemany(insert, rows)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()

    def judge(self, saga: str, moves: Iterable[tuple[int, Row]]) -> list[bool]:
        """Which of these changes of a process, by its number, go through."""
        update = (
            f"UPDATE saga_process SET (version, {LANES}, seq) = (?, ?, ?, ?, ?, ?)"
            " WHERE saga = ? AND aggregate_id = ?"
        )
        accepted = []
        execute = self.connection.execute
        for number, row in moves:
            execute("BEGIN")
            try:
                execute(update, (*row, saga, str(number)))
                accepted.append(True)
            except sqlite3.IntegrityError as refused:
                accepted.append(not str(refused).startswith(f"{saga}: "))
            execute("ROLLBACK")
        return accepted


JUDGE = f"""
CREATE FUNCTION judge() RETURNS SETOF boolean LANGUAGE plpgsql AS $$
DECLARE
    move record;
BEGIN
    FOR move IN SELECT * FROM move ORDER BY id LOOP
        BEGIN
            UPDATE saga_process SET (version, {LANES}, seq) = (move.version, move.begun,
                move.done, move.closed, move.control, move.seq)
            WHERE saga = move.saga AND aggregate_id = move.process;
            RAISE EXCEPTION 'it went through';
        EXCEPTION
            WHEN check_violation THEN RETURN NEXT false;
            WHEN raise_exception THEN RETURN NEXT true;
        END;
    END LOOP;
END
$$
"""


class Postgres:
    """Every judgement in a schema of its own, with a loop that runs in the server."""

    dialect = POSTGRES

    def __init__(self, url: str) -> None:
        self.connection = psycopg.connect(url, autocommit=True)
        self.run("DROP SCHEMA IF EXISTS judged CASCADE; CREATE SCHEMA judged")
        self.run("SET search_path = judged; SET client_min_messages = warning")
        self.tables()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.connection.close()

    def tables(self) -> None:
        for statement in schema(POSTGRES):
            self.run(statement)

    def run(self, script: str) -> None:
        self.connection.execute(script.encode())

    def fill(self, table: str, columns: str, rows: Iterable[Sequence[Any]]) -> None:
        with (
            self.connection.cursor() as cursor,
            cursor.copy(f"COPY {table} ({columns}) FROM STDIN".encode()) as copy,
        ):
            for row in rows:
                copy.write_row(row)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query.encode()).fetchall()

    def judge(self, saga: str, moves: Iterable[tuple[int, Row]]) -> list[bool]:
        """Which of these changes of a process, by its number, go through."""
        columns = f"id, saga, process, version, {LANES}, seq"
        self.run(
            "CREATE TABLE move (id bigint, saga text, process text, version bigint,"
            " begun bigint, done bigint, closed bigint, control bigint, seq bigint)"
        )
        self.fill(
            "move",
            columns,
            ((id_, saga, str(n), *row) for id_, (n, row) in enumerate(moves)),
        )
        self.run(JUDGE)
        self.run("ANALYZE")  # else each change would read through all that there are
        return [accepted for (accepted,) in self.rows("SELECT judge()")]


Judge = Sqlite | Postgres
Open = Callable[[], Judge]
DATABASES = ("sqlite", "postgres")


@pytest.fixture
def open_judge(database: str, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Judges in the database that a test asks for; each begins with empty tables."""
    with ExitStack() as stack:
        if database == "sqlite":
            yield lambda: stack.enter_context(Sqlite())
        else:
            url = request.getfixturevalue("postgres_url")
            yield lambda: stack.enter_context(Postgres(url))


def judged(
    judge: Judge, pinned: Pinned, rows: Sequence[Row], moves: Sequence[tuple[int, Row]]
) -> list[bool]:
    """Which changes the triggers of a saga accept; each names a row by its place."""
    saga = pinned.saga.name
    of_one = [(saga, str(number)) for number in range(len(rows))]
    judge.fill(
        "saga_process",
        f"saga, aggregate_id, version, {LANES}, seq",
        ((*key, *row) for key, row in zip(of_one, rows, strict=True)),
    )
    judge.fill(
        "saga_event",
        "saga, aggregate_id, seq, event",
        ((*key, row.seq, "start") for key, row in zip(of_one, rows, strict=True)),
    )
    judge.run(emit_sql(pinned, judge.dialect))
    return judge.judge(saga, moves)
