"""What the script of a saga does for the tombstones that keep it from running again."""

from __future__ import annotations

import pytest
from judges import DATABASES, Judge, Open
from test_triggers import BURIED, FAR, ended, finish, guarded, refused, start

START = (
    "INSERT INTO saga_process (saga, aggregate_id, version, seq)"
    " VALUES ('order', '42', 1, 1)"
)


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def store(open_judge: Open) -> Judge:
    return guarded(open_judge())


@pytest.mark.parametrize("forget", [FAR, 1])
def test_what_has_ended_is_remembered(store: Judge, forget: int) -> None:
    """Where its time is over the tombstone goes first, to make place for the next."""
    ended(store, forget)
    refused(store, START, "its tombstone is still there")


def test_what_ends_leaves_a_tombstone(store: Judge) -> None:
    finish(store)
    refused(store, "DELETE FROM saga_process", "leaves a tombstone")
    refused(store, "DELETE FROM saga_event", "until there is a tombstone")


def test_what_ends_leaves_no_log(store: Judge) -> None:
    """The next process of its id would take it for its own."""
    finish(store)
    store.run(BURIED.format(FAR))
    refused(store, "DELETE FROM saga_process", "its log is deleted first")


@pytest.mark.parametrize("database", ["sqlite"])
def test_what_has_ended_is_not_replaced(store: Judge) -> None:
    finish(store)
    replaced = START.replace("INSERT", "INSERT OR REPLACE")
    refused(store, replaced, "already running")
    store.run(BURIED.format(1))
    store.run("DELETE FROM saga_event")
    refused(store, replaced, "its tombstone is still there")


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("UPDATE saga_tombstone SET forget = 1", "stays as it is"),
        ("UPDATE saga_tombstone SET aggregate_id = '43'", "stays as it is"),
        ("UPDATE saga_tombstone SET saga = 'x'", "stays as it is"),
        ("DELETE FROM saga_tombstone", "remembered until its time"),
    ],
)
def test_a_tombstone_stays(store: Judge, statement: str, why: str) -> None:
    ended(store)
    refused(store, statement, why)


def test_a_tombstone_goes_when_its_time_is_over(store: Judge) -> None:
    ended(store, 1)
    store.run("DELETE FROM saga_tombstone")
    start(store)


def test_what_runs_has_no_tombstone(store: Judge) -> None:
    refused(store, BURIED.format(FAR), "has not finished")


def test_what_ran_elsewhere_can_be_remembered(store: Judge) -> None:
    store.run(BURIED.format(FAR).replace("42", "41"))
    refused(store, START.replace("42", "41"), "its tombstone is still there")


@pytest.mark.parametrize("database", ["sqlite"])
def test_a_tombstone_is_not_replaced(store: Judge) -> None:
    ended(store)
    replaced = BURIED.format(1).replace("INSERT", "INSERT OR REPLACE")
    refused(store, replaced, "still remembered")
    store.run(BURIED.format(FAR).replace("42", ""))
    refused(store, replaced.replace("'42'", "NULL"), "has an id")


@pytest.mark.parametrize("database", ["postgres"])
def test_tombstones_are_not_emptied_at_once(store: Judge) -> None:
    ended(store)
    refused(store, "TRUNCATE saga_tombstone", "deleted one by one")
    store.run("TRUNCATE saga_process, saga_event")
