"""What the script of a saga does for whoever writes to its tables by hand."""

from __future__ import annotations

import sqlite3

import psycopg
import pytest
from judges import DATABASES, Judge, Open

from sagadsl.driver import compile_saga, release_text
from sagadsl.emit.sql import emit_sql
from sagadsl.model import Pinned

SAGA = """
saga order {
    aggregate order_id
    states { initial placed, paid, final shipped, final failure lost }
    transitions {
        placed -> paid              : select by user
        paid   -> shipped else lost : ship   by system
    }
    actions { ship: idempotent, no undo }
}
"""
KEY = "WHERE saga = 'order' AND aggregate_id = '42'"
BURIED = (
    "INSERT INTO saga_tombstone (saga, aggregate_id, forget) VALUES ('order', '42', {})"
)
FAR = 4_000_000_000_000  # milliseconds: in the year 2096
Refusal = (sqlite3.IntegrityError, psycopg.errors.CheckViolation)


def pinned(text: str, lock: str | None = None) -> Pinned:
    compiled = compile_saga("order.saga", text.encode(), lock)
    assert compiled.pinned, compiled.findings
    return compiled.pinned


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def store(open_judge: Open) -> Judge:
    return guarded(open_judge())


def guarded(judge: Judge) -> Judge:
    """A store with the script of the saga, run twice, and one process in it."""
    script = emit_sql(pinned(SAGA), judge.dialect)
    judge.run(script)
    judge.run(script)
    start(judge)
    return judge


def start(
    store: Judge, columns: str = "seq", values: str = "1", version: int = 1
) -> None:
    store.run(
        f"INSERT INTO saga_process (saga, aggregate_id, version, {columns})"
        f" VALUES ('order', '42', {version}, {values})"
    )
    row(store, 1, "start", None)


def row(store: Judge, seq: int, event: str, step: int | None, version: int = 1) -> None:
    shown = "NULL" if step is None else step
    store.run(
        "INSERT INTO saga_event (saga, aggregate_id, seq, version, event, step)"
        f" VALUES ('order', '42', {seq}, {version}, '{event}', {shown})"
    )


def happens(
    store: Judge, seq: int, lane: str, bit: int, event: str, step: int | None
) -> None:
    store.run(f"UPDATE saga_process SET {lane} = {lane} | {bit}, seq = {seq} {KEY}")
    row(store, seq, event, step)


def refused(store: Judge, statement: str, why: str) -> None:
    with pytest.raises(Refusal) as caught:
        store.run(statement)
    assert why in str(caught.value)
    assert str(caught.value).startswith("order")


def finish(store: Judge) -> None:
    happens(store, 2, "begun", 1, "begin", 0)
    happens(store, 3, "done", 1, "done", 0)
    happens(store, 4, "begun", 2, "begin", 1)
    happens(store, 5, "done", 2, "done", 1)
    happens(store, 6, "control", 2, "finish", None)


def ended(store: Judge, forget: int = FAR) -> None:
    """A process that has ended and is remembered until a time."""
    finish(store)
    store.run(BURIED.format(forget))
    store.run("DELETE FROM saga_event")
    store.run("DELETE FROM saga_process")


def test_a_process_lives_and_goes(store: Judge) -> None:
    ended(store)
    assert store.rows("SELECT count(*) FROM saga_process") == [(0,)]


def test_the_refusal_names_process_and_reason(store: Judge) -> None:
    with pytest.raises(Refusal) as caught:
        store.run(f"UPDATE saga_process SET begun = 2, seq = 2 {KEY}")
    name = "order" if store.dialect.name == "sqlite" else "order 42"
    said = f"{name}: this is not one event that may happen to it now"
    assert str(caught.value).splitlines()[0] == said


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("begun = 1", "each change is a row of its log"),
        ("begun = 1, seq = 3", "each change is a row of its log"),
        ("seq = 0", "each change is a row of its log"),
        ("begun = 1, done = 1, seq = 2", "not one event"),
        ("done = 1, seq = 2", "not one event"),
        ("control = 3, seq = 2", "not one event"),
        ("begun = 4, seq = 2", "not one event"),
        ("version = 2, seq = 2", "version is not known"),
        ("aggregate_id = '43'", "its id and its start never change"),
        ("saga = 'other'", "its id and its start never change"),
        ("started = 7", "its id and its start never change"),
    ],
)
def test_a_change_is_one_legal_event(store: Judge, change: str, why: str) -> None:
    refused(store, f"UPDATE saga_process SET {change} {KEY}", why)


def test_what_has_happened_stays(store: Judge) -> None:
    happens(store, 2, "begun", 1, "begin", 0)
    change = f"UPDATE saga_process SET begun = 0, seq = 3 {KEY}"
    refused(store, change, "not taken back")


def test_what_is_no_event_may_change(store: Judge) -> None:
    """Leases, timers and data are the driver's own; a note counts too."""
    store.run(
        "UPDATE saga_process SET lease = 9, due = 9, fence = 1, worker = 'w', parked ="
        f" 1, stuck = 1, deadline = 9, data = '{{}}' {KEY}"
    )
    store.run(f"UPDATE saga_process SET seq = seq + 1 {KEY}")
    row(store, 2, "parked", 1)


def test_the_log_keeps_up(store: Judge) -> None:
    store.run(f"UPDATE saga_process SET begun = 1, seq = 2 {KEY}")
    change = f"UPDATE saga_process SET done = 1, seq = 3 {KEY}"
    refused(store, change, "not yet in its log")


@pytest.mark.parametrize(
    ("columns", "values", "why"),
    [
        ("version, seq", "2, 1", "version is not known"),
        ("version, seq", "1, 2", "starts with nothing done"),
        ("version, seq, begun", "1, 1, 1", "starts with nothing done"),
        ("version, seq, control", "1, 1, 2", "starts with nothing done"),
    ],
)
def test_a_process_starts_from_nothing(
    store: Judge, columns: str, values: str, why: str
) -> None:
    insert = (
        f"INSERT INTO saga_process (saga, aggregate_id, {columns})"
        f" VALUES ('order', '43', {values})"
    )
    refused(store, insert, why)


@pytest.mark.parametrize("table", ["saga_event", "saga_process"])
def test_what_runs_is_not_deleted(store: Judge, table: str) -> None:
    refused(store, f"DELETE FROM {table}", "finished")


@pytest.mark.parametrize(
    ("seq", "event", "step", "version", "why"),
    [
        (3, "parked", 0, 1, "no gap"),
        (1, "parked", 0, 1, "no gap"),
        (2, "parked", 0, 1, "has not come to this row"),
        (2, "parked", 2, 1, "no such step"),
        (2, "begin", None, 1, "no such event"),
        (2, "finish", 0, 1, "no such event"),
        (2, "sleeps", 0, 1, "no such event"),
        (2, "parked", 0, 3, "version is not known"),
    ],
)
def test_a_log_is_what_a_machine_says(
    store: Judge, seq: int, event: str, step: int | None, version: int, why: str
) -> None:
    with pytest.raises(Refusal, match=why):
        row(store, seq, event, step, version)


def test_a_log_is_not_rewritten(store: Judge) -> None:
    refused(store, "UPDATE saga_event SET note = 'x'", "only appended to")


def test_other_sagas_are_left_alone(store: Judge) -> None:
    """What is not of this saga is not judged by it."""
    store.run(
        "INSERT INTO saga_process (saga, aggregate_id, begun, seq)"
        " VALUES ('x', '1', 9, 9)"
    )
    store.run("UPDATE saga_process SET begun = 1 WHERE saga = 'x'")
    theft = "UPDATE saga_process SET saga = 'order' WHERE saga = 'x'"
    refused(store, theft, "its id and its start never change")
    store.run("DELETE FROM saga_process WHERE saga = 'x'")


@pytest.mark.parametrize("database", ["sqlite"])
@pytest.mark.parametrize(
    "statement",
    [
        (
            "INSERT OR REPLACE INTO saga_process (saga, aggregate_id, version, seq)"
            " VALUES ('order', '42', 1, 1)"
        ),
        (
            "INSERT OR REPLACE INTO saga_event (saga, aggregate_id, seq, version,"
            " event) VALUES ('order', '42', 1, 1, 'late')"
        ),
        "UPDATE OR REPLACE saga_process SET begun = NULL, seq = 3",
        "UPDATE OR IGNORE saga_process SET begun = 3, seq = 3",
        "UPDATE OR REPLACE saga_process SET aggregate_id = '41'",
    ],
)
def test_no_way_round_by_a_conflict(store: Judge, statement: str) -> None:
    happens(store, 2, "begun", 1, "begin", 0)
    refused(store, statement, "")
    assert store.rows("SELECT begun, seq FROM saga_process") == [(1, 2)]


@pytest.mark.parametrize("database", ["sqlite"])
def test_a_start_that_comes_second_changes_nothing(store: Judge) -> None:
    insert = "INSERT INTO saga_process (saga, aggregate_id, version, seq)"
    store.run(f"{insert} VALUES ('order', '42', 1, 1) ON CONFLICT DO NOTHING")
    assert store.rows("SELECT seq FROM saga_process") == [(1,)]


@pytest.mark.parametrize("database", ["postgres"])
@pytest.mark.parametrize("table", ["saga_process", "saga_event"])
def test_tables_are_not_emptied_at_once(store: Judge, table: str) -> None:
    refused(store, f"TRUNCATE {table}", "deleted one by one")


def test_a_new_version_replaces_the_triggers(store: Judge) -> None:
    """The script of the next version is run on the same database."""
    text = SAGA.replace("paid, final", "paid, packed, final").replace(
        "paid   -> shipped else lost",
        "paid -> packed : pack\n packed -> shipped else lost",
    )
    store.run(emit_sql(pinned(text, release_text(pinned(SAGA))), store.dialect))
    store.run(f"UPDATE saga_process SET version = 2, seq = 2 {KEY}")
    row(store, 2, "upgrade", None, version=2)
    back = f"UPDATE saga_process SET version = 1, seq = 3 {KEY}"
    refused(store, back, "may not move to this version")
    for table, kind in (("order_process", "version"), ("order_event", "max(version)")):
        assert store.rows(f"SELECT {kind} FROM {table}") == [(2,)]
