"""What the script of a saga holds off that a client of PostgreSQL may try."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from judges import Judge, Open
from test_triggers import BURIED, FAR, SAGA, finish, pinned, row

from sagadsl.emit.sql import emit_sql

PROCESS = "INSERT INTO {}saga_process (saga, aggregate_id, version, seq)"
ROW = "INSERT INTO {}saga_event (saga, aggregate_id, version, seq, event)"
START = f"{PROCESS.format('judged.')} VALUES ('order', '{{}}', 1, 1)"
ENDED = (
    "INSERT INTO saga_tombstone (saga, aggregate_id, forget)"
    f" VALUES ('order', '{{}}', {FAR})"
)
Refused = psycopg.errors.CheckViolation


@pytest.fixture
def database() -> str:
    return "postgres"


@pytest.fixture
def store(open_judge: Open) -> Judge:
    """A store with the script, that remembers order 41 and has 42, without its log."""
    judge = open_judge()
    judge.run(emit_sql(pinned(SAGA), judge.dialect))
    judge.run(ENDED.format(41))
    judge.run(START.format(42))
    return judge


@pytest.fixture
def client(store: Judge, postgres_url: str) -> Iterator[psycopg.Connection]:
    """Another client of the store."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize(
    ("table", "own", "change", "why"),
    [
        ("saga_tombstone", "", START.format(41), "tombstone is still there"),
        (
            "saga_event",
            f"{ROW.format('')} VALUES ('order', '42', 1, 1, 'start')",
            "UPDATE judged.saga_process SET begun = 1, seq = 2",
            "not yet in its log",
        ),
        (
            "saga_process",
            f"{PROCESS.format('')} VALUES ('order', '43', 1, 1)",
            f"{ROW.format('judged.')} VALUES ('order', '43', 1, 1, 'start')",
            "has not come to this row",
        ),
    ],
)
def test_a_table_of_a_client_is_not_taken_for_ours(
    client: psycopg.Connection, table: str, own: str, change: str, why: str
) -> None:
    """A name without a schema means the temporary table of a client first."""
    made = f"CREATE TEMP TABLE {table} (LIKE judged.{table} INCLUDING DEFAULTS)"
    client.execute(f"{made}; {own}".encode())
    with pytest.raises(Refused, match=why):
        client.execute(change.encode())


LEVELS = pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])


@LEVELS
def test_who_does_not_see_what_has_ended_starts_nothing(
    store: Judge, client: psycopg.Connection, level: str
) -> None:
    """In a snapshot from before it ended there is no tombstone."""
    client.execute(f"BEGIN ISOLATION LEVEL {level}".encode())
    client.execute("SELECT count(*) FROM judged.saga_tombstone")
    store.run(ENDED.format(43))
    with pytest.raises(Refused, match="READ COMMITTED"):
        client.execute(START.format(43).encode())


@LEVELS
@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("saga_process", START),
        ("saga_tombstone", ENDED.replace("INTO ", "INTO judged.")),
    ],
)
def test_who_does_not_see_what_has_come_empties_nothing(
    open_judge: Open, client: psycopg.Connection, table: str, change: str, level: str
) -> None:
    """A table is emptied of rows that a snapshot from before does not show."""
    store = open_judge()
    store.run(emit_sql(pinned(SAGA), store.dialect))
    client.execute(f"BEGIN ISOLATION LEVEL {level}".encode())
    client.execute("SELECT count(*) FROM judged.saga_process")
    store.run(change.format(43))
    with pytest.raises(Refused, match="READ COMMITTED"):
        client.execute(f"TRUNCATE judged.{table}".encode())


@LEVELS
def test_who_does_not_see_what_runs_says_not_that_it_ended(
    store: Judge, client: psycopg.Connection, level: str
) -> None:
    client.execute(f"BEGIN ISOLATION LEVEL {level}; SET search_path = judged".encode())
    client.execute("SELECT count(*) FROM saga_process")
    store.run(START.format(43))
    with pytest.raises(Refused, match="READ COMMITTED"):
        client.execute(ENDED.format(43).encode())


def test_who_adds_to_a_log_holds_its_process(
    store: Judge, client: psycopg.Connection
) -> None:
    """Else a row could come after its process has gone, into the log of the next."""
    start = ROW.format("judged.") + " VALUES ('order', '42', 1, 1, 'start')"
    with client.transaction():
        client.execute(start.encode())
        store.run("SET lock_timeout = 1")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            store.run("DELETE FROM saga_process")


def test_who_does_not_see_what_has_ended_adds_nothing_to_a_log(
    store: Judge, client: psycopg.Connection
) -> None:
    row(store, 1, "start", None)
    finish(store)
    store.run("UPDATE saga_process SET seq = 7")
    client.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    client.execute("SELECT count(*) FROM judged.saga_process")
    store.run(BURIED.format(1))
    for table in ("saga_event", "saga_process", "saga_tombstone"):
        store.run(f"DELETE FROM {table} WHERE aggregate_id = '42'")
    store.run(START.format(42))
    late = ROW.format("judged.") + " VALUES ('order', '42', 1, 7, 'late')"
    with pytest.raises(psycopg.errors.SerializationFailure):
        client.execute(late.encode())


@LEVELS
def test_who_does_not_see_a_log_deletes_no_process(
    store: Judge, client: psycopg.Connection, level: str
) -> None:
    """Its last row may have come since."""
    row(store, 1, "start", None)
    finish(store)
    store.run("UPDATE saga_process SET seq = 7")
    store.run(BURIED.format(1))
    client.execute(f"BEGIN ISOLATION LEVEL {level}".encode())
    client.execute("DELETE FROM judged.saga_event")
    row(store, 7, "late", None)
    with pytest.raises(Refused, match="READ COMMITTED"):
        client.execute("DELETE FROM judged.saga_process")


@pytest.mark.parametrize("first", ["saga_process", "saga_tombstone", "saga_outbox"])
def test_the_script_is_run_again_while_others_write(
    store: Judge, client: psycopg.Connection, postgres_url: str, first: str
) -> None:
    """In whatever order they come to the tables, neither waits for the other."""

    def again() -> None:
        with psycopg.connect(postgres_url, autocommit=True) as another:
            another.execute(b"SET search_path = judged")
            another.execute(emit_sql(pinned(SAGA), store.dialect).encode())

    client.execute(b"BEGIN")
    client.execute(f"DELETE FROM judged.{first} WHERE saga = ''".encode())
    with ThreadPoolExecutor() as threads:
        running = threads.submit(again)
        time.sleep(0.3)
        client.execute(START.format(43).encode())
        client.execute(b"DELETE FROM judged.saga_tombstone WHERE saga = ''")
        client.execute(b"DELETE FROM judged.saga_outbox WHERE saga = ''")
        client.execute(b"COMMIT")
        running.result()
    with pytest.raises(Refused, match="tombstone is still there"):
        client.execute(START.format(41).encode())


@pytest.mark.parametrize("first", ["saga_process", "saga_tombstone"])
def test_the_script_waits_no_longer_than_its_client_would(
    store: Judge, client: psycopg.Connection, postgres_url: str, first: str
) -> None:
    client.execute(b"BEGIN")
    client.execute(f"DELETE FROM judged.{first} WHERE saga = ''".encode())
    with psycopg.connect(postgres_url, autocommit=True) as another:
        another.execute(b"SET search_path = judged")
        another.execute(b"SET lock_timeout = '200ms'")
        another.execute(b"SET statement_timeout = '20s'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            another.execute(emit_sql(pinned(SAGA), store.dialect).encode())
    client.execute(b"ROLLBACK")
