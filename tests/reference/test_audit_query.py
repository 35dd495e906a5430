"""The query finds what the reference finds, in each database it is said to run in."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from random import Random
from typing import Any

from judged import by_numpy, found_in, saga_of
from logs import Found, Told, first_bad, write_log
from subjects import pinned_of, random_sagas
from test_audit import upgraded

from sagadsl.emit.audit_sql import emit_audit_sql

COLUMNS = ("aggregate_id", "seq", "version", "event", "step")


def in_sqlite(query: str, rows: Iterable[Told]) -> list[Any]:
    store = sqlite3.connect(":memory:")
    store.execute(f"CREATE TABLE saga_event (saga, {', '.join(COLUMNS)})")
    store.executemany("INSERT INTO saga_event VALUES ('random', ?, ?, ?, ?, ?)", rows)
    return store.execute(query).fetchall()


def in_duckdb(query: str, rows: Iterable[Told]) -> list[Any]:
    import duckdb

    store = duckdb.connect()
    store.execute(
        "CREATE TABLE saga_event (saga TEXT, aggregate_id BIGINT, seq BIGINT,"
        " version BIGINT, event TEXT, step BIGINT)"
    )
    if listed := [list(row) for row in rows]:
        store.executemany(
            "INSERT INTO saga_event VALUES ('random', ?, ?, ?, ?, ?)", listed
        )
    return store.execute(query).fetchall()


def same_as_reference(query_in: Callable[..., list[Any]], seeds: range) -> int:
    count = 0
    for pinned in random_sagas(seeds, 8):
        rows = write_log(pinned, Random(seeds.start), 15)
        expected = sorted(first_bad(pinned, rows, counted=True))
        found = query_in(emit_audit_sql(pinned), rows)
        assert [Found(row[0], row[1], row[-1]) for row in found] == expected, rows
        count += len(expected)
    return count


def test_the_query_finds_the_same_in_sqlite() -> None:
    """In random sagas and corrupted logs of them."""
    assert same_as_reference(in_sqlite, range(500, 600)) > 500


def test_the_query_finds_the_same_in_duckdb() -> None:
    """The same text, unchanged."""
    assert same_as_reference(in_duckdb, range(600, 620)) > 100


def test_the_query_finds_the_same_in_postgresql(postgres_url: str) -> None:
    """The same text, unchanged."""
    import psycopg

    with psycopg.connect(postgres_url) as store:
        store.execute(
            "CREATE TABLE saga_event (saga TEXT, aggregate_id BIGINT, seq BIGINT,"
            " version BIGINT, event TEXT, step BIGINT)"
        )

        def in_postgres(query: str, rows: Iterable[Told]) -> list[Any]:
            store.execute("TRUNCATE saga_event")
            for row in rows:
                store.execute(
                    "INSERT INTO saga_event VALUES ('random', %s, %s, %s, %s, %s)", row
                )
            return store.execute(query.encode()).fetchall()

        assert same_as_reference(in_postgres, range(700, 730)) > 150


def test_a_row_that_comes_a_thousand_times_makes_no_sum_overflow() -> None:
    """Of the last of 63 steps, where two of its bits would be too many."""
    states = "\n".join(f"s{n}" for n in range(1, 63))
    rows = "\n".join(f"s{n} -> s{n + 1} : go_{n}" for n in range(63))
    text = f"saga random {{\naggregate id\nstates {{\ninitial s0\n{states}\n"
    pinned = pinned_of(f"{text}final s63\n}}\ntransitions {{\n{rows}\n}}\n}}\n")
    log = [Told(1, n + 1, 1, "", n) for n in range(63)]
    log += [Told(1, n, 1, "", 62) for n in range(64, 1064)]
    expected = [Found(1, 64, "refused")]
    assert found_in(by_numpy(saga_of(pinned), log, counted=True), log) == expected
    for query_in in (in_sqlite, in_duckdb):
        found = query_in(emit_audit_sql(pinned), log)
        assert [Found(row[0], row[1], row[-1]) for row in found] == expected


MOVED_ON: list[tuple[int, str, int | None]] = [
    (1, "begin", 0),
    (1, "done", 0),
    (1, "begin", 1),
    (1, "done", 1),
]
MOVED_ON += [(2, "upgrade", None), (2, "waive", 2), (2, "finish", None)]


def test_the_query_knows_each_version_and_what_it_waives() -> None:
    """A version changes by an upgrade only; what is waived comes right after."""
    query = emit_audit_sql(upgraded())
    for place, row, kind in (
        (0, None, ""),
        (5, (2, "begin", 2), "version"),
        (5, (1, "upgrade", None), "refused"),
        (6, (2, "waive", 0), "refused"),
        (3, (1, "begin", 2), "step"),
        (7, (3, "finish", None), "version"),
    ):
        rows = list(MOVED_ON)
        if row:
            rows[place - 1] = row
        log = [Told(1, n, *each) for n, each in enumerate(rows, start=1)]
        expected = [Found(1, place, kind)] if kind else []
        for query_in in (in_sqlite, in_duckdb):
            found = query_in(query, log)
            assert [Found(row[0], row[1], row[-1]) for row in found] == expected
