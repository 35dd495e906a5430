"""Which processes there are, and how each is; and forgetting those that have ended."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import order_saga
import pytest
from world import World, outcome, paid, pass_time

from sagadsl.runtime import Condition, Driver, Store, listing, open_store
from sagadsl.runtime.listing import sagas_in
from sagadsl.sql import SQLITE, schema


@pytest.fixture
def driver(store: Store, world: World):
    with Driver(order_saga, world, store, archive=True) as made:
        yield made


def conditions(driver: Driver) -> dict[str, str]:
    return {one.process.aggregate_id: str(one.condition) for one in driver.select()}


def one_of_each(driver: Driver, store: Store, world: World) -> None:
    """A process in each condition, named after it."""
    world.tell("send_invoice", "raise")
    paid(driver, "parked")
    driver.fire("parked", "validate_payment", by="ops")
    driver.run()
    world.tell("refund_payment", *["fail"] * 10)
    paid(driver, "stuck")
    driver.abort("stuck")
    for _ in range(10):
        driver.run()
        pass_time(store, 3600)
    driver.start("waiting")
    driver.fire("waiting", "check_out", by="user")
    for name, columns in {
        "stranded": "version = 99",
        "overdue": "due = 1",
        "running": "due = 1, worker = 'w', lease = 4000000000000",
    }.items():
        driver.start(name)
        store.database.execute(
            f"UPDATE saga_process SET {columns} WHERE aggregate_id = ?", (name,)
        )


def test_each_process_is_in_one_condition_and_the_pressing_ones_come_first(
    driver: Driver, store: Store, world: World
) -> None:
    one_of_each(driver, store, world)
    store.database.execute(
        "UPDATE saga_process SET due = 0 WHERE aggregate_id IN ('waiting', 'parked')"
    )
    assert conditions(driver) == {str(name): str(name) for name in Condition}
    assert list(conditions(driver)) == [str(name) for name in Condition]
    assert driver.count() == dict.fromkeys(Condition, 1)
    (stuck,) = driver.select(Condition.STUCK)
    assert stuck.process.aggregate_id == "stuck"
    rows = "SELECT max(time) FROM saga_event WHERE aggregate_id = 'stuck'"
    assert stuck.since == store.database.rows(rows)[0][0]
    two = driver.select(limit=2)
    assert [str(one.condition) for one in two] == ["stranded", "stuck"]


def test_processes_can_be_asked_for_by_where_they_stand(driver: Driver) -> None:
    for number in range(3):
        driver.start(str(number))
    driver.fire("1", "check_out", by="user")
    paid(driver, "9")
    assert [p.process.aggregate_id for p in driver.select(state="checkout")] == ["1"]
    assert sum(driver.count(state="initialised").values()) == 2
    with pytest.raises(ValueError, match="no state 'check'"):
        driver.select(state="check")


def test_damage_is_found_and_told(driver: Driver, store: Store) -> None:
    for order in ("good", "bit", "row", "gone"):
        paid(driver, order)
    execute = store.database.execute
    execute("UPDATE saga_process SET done = 64 WHERE aggregate_id = 'bit'")
    execute("UPDATE saga_event SET step = 2 WHERE aggregate_id = 'row' AND seq = 4")
    execute("DELETE FROM saga_event WHERE aggregate_id = 'gone' AND seq = 2")
    found = {one.process.aggregate_id: why for one, why in driver.listing.damaged()}
    assert set(found) == {"bit", "row", "gone"}
    assert found["gone"] == "its log has not the rows 1 to 5"


def test_damage_is_found_where_ids_are_sorted_as_in_a_language(
    tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in most databases of PostgreSQL: `a`, `B`, `c`, and not by their codes."""
    monkeypatch.setattr(listing, "PAGE", 1)
    usual, sorted_so = "aggregate_id TEXT", "aggregate_id TEXT COLLATE NOCASE"
    with closing(sqlite3.connect(tmp_path / "orders.db")) as made:
        for statement in schema(SQLITE):
            made.execute(statement.replace(usual, sorted_so))
    with (
        open_store(f"sqlite:///{tmp_path}/orders.db") as store,
        Driver(order_saga, world, store) as driver,
    ):
        for order in ("c", "B", "a"):
            driver.start(order)
        change = "UPDATE saga_process SET done = 64 WHERE aggregate_id = 'B'"
        store.database.execute(change)
        found = [one.process.aggregate_id for one, _ in driver.listing.damaged()]
    assert found == ["B"]


@pytest.mark.parametrize("archives", [False, True])
def test_what_is_over_is_forgotten(
    driver: Driver, store: Store, archives: bool
) -> None:
    for order in ("old", "new"):
        paid(driver, order)
        driver.abort(order)
    driver.run()
    assert driver.purge(archives=archives) == (0, 0)
    store.database.execute(
        "UPDATE saga_tombstone SET forget = 1 WHERE aggregate_id = 'old'"
    )
    assert driver.purge(archives=archives) == (1, 1 if archives else 0)
    assert outcome(store, "old") == ""
    assert outcome(store, "new") == "compensated"
    kept = store.database.rows("SELECT aggregate_id FROM saga_archive ORDER BY 1")
    assert kept == ([("new",)] if archives else [("new",), ("old",)])


def test_the_sagas_of_a_store_are_known_without_their_sources(
    driver: Driver, store: Store
) -> None:
    assert sagas_in(store.database) == []
    driver.start("1")
    store.database.execute(
        "INSERT INTO saga_tombstone (saga, aggregate_id) VALUES ('parcel', '7')"
    )
    assert sagas_in(store.database) == ["order", "parcel"]


def test_a_hundred_thousand_processes_are_counted_and_listed_in_a_moment(
    tmp_path,
) -> None:
    """The pressing ones by an index, whatever else there is."""
    with open_store(f"sqlite:///{tmp_path}/many.db?synchronous=NORMAL") as store:
        database = store.database
        with database.transaction():
            database.execute(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
                " WHERE i < 100000) INSERT INTO saga_process"
                " (saga, aggregate_id, version, seq) SELECT 'order', i, 1, 1 FROM n"
            )
            database.execute(
                "UPDATE saga_process SET stuck = 2 WHERE seq = 1"
                " AND aggregate_id = '777'"
            )
        with Driver(order_saga, World(), store) as driver:
            assert driver.count()[Condition.WAITING] == 99_999
            (stuck,) = driver.select(Condition.STUCK, Condition.PARKED)
            assert stuck.process.aggregate_id == "777"
            began = time.monotonic()
            for _ in range(100):
                driver.select(Condition.STUCK, Condition.PARKED, Condition.OVERDUE)
            assert time.monotonic() - began < 1, "it reads no more than there is"
