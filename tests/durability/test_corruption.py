"""Damage is told of in a line and left as it is, or is another record."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import order_saga
import pytest
from world import World, log, outcome, paid

from sagadsl.runtime import Condition, Driver, Store, StoreError, open_store
from sagadsl.runtime.listing import why_damaged

OF_42 = "WHERE aggregate_id = '42'"
KEPT = "version, begun, done, closed, control, seq, started, deadline, data"


@pytest.fixture
def orders(driver: Driver, world: World) -> Driver:
    """An order whose parcel is packed, and a sound one beside it that is due."""
    paid(driver, "42")
    driver.fire("42", "validate_payment", by="ops")
    driver.run()
    paid(driver, "43")
    driver.fire("43", "validate_payment", by="ops")
    world.calls.clear()
    return driver


def stored(store: Store) -> list[tuple[object, ...]]:
    """What a process is, without what workers note beside it."""
    of_process = store.database.rows(f"SELECT {KEPT} FROM saga_process {OF_42}")
    return of_process + store.database.rows(
        f"SELECT * FROM saga_event {OF_42} ORDER BY seq"
    )


def left_alone(driver: Driver, world: World) -> None:
    """Whatever is asked of it is refused, nothing is changed, and others go on."""
    store = driver.store
    store.database.execute(f"UPDATE saga_process SET due = 1 {OF_42}")
    before = stored(store)
    requests: list[Callable[[], object]] = [
        lambda: driver.start("42"),
        lambda: driver.fire("42", "hand_to_courier", by="ops"),
        lambda: driver.abort("42"),
        lambda: driver.retry("42", "make_payment"),
        lambda: driver.upgrade("42"),
    ]
    for request in requests:
        with pytest.raises(StoreError, match="order 42 is damaged"):
            request()
    driver.run()
    assert stored(store) == before
    assert sorted(world.calls) == ["pack_parcel", "send_invoice"], "those of 43"
    assert [one.process.aggregate_id for one, _ in driver.listing.damaged()] == ["42"]


DOUBLE = (
    "INSERT INTO saga_event (saga, aggregate_id, seq, version, event, step)"
    " SELECT saga, aggregate_id, 99, version, event, step FROM saga_event {of}"
    " AND seq = 5"
)
SWAP = (  # the intent and the end of the payment
    "UPDATE saga_event SET seq = -4 {of} AND seq = 4;"
    "UPDATE saga_event SET seq = 4 {of} AND seq = 5;"
    "UPDATE saga_event SET seq = 5 {of} AND seq = -4"
)
NO_TEXT = """CAST(x'7b225cee223a317d' AS TEXT)"""  # `{"\` and no UTF-8
LANES = ("begun", "done", "closed", "control")


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("bit", [0, 6, 40])
def test_a_bit_is_flipped(orders: Driver, world: World, lane: str, bit: int) -> None:
    (value,) = orders.store.database.rows(f"SELECT {lane} FROM saga_process {OF_42}")
    flip = f"UPDATE saga_process SET {lane} = ? {OF_42}"
    orders.store.database.execute(flip, (value[0] ^ 1 << bit,))
    left_alone(orders, world)


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM saga_event {of} AND seq = 1",
        "DELETE FROM saga_event {of} AND seq = 5",
        "DELETE FROM saga_event {of} AND event = 'done' AND step = 1",
        "DELETE FROM saga_event {of}",
        "UPDATE saga_event SET seq = 99 {of} AND seq = 8",
        DOUBLE,
        SWAP,
        "UPDATE saga_event SET event = 'fail' {of} AND event = 'done' AND step = 1",
        "UPDATE saga_event SET event = 'sleeps' {of} AND event = 'done' AND step = 1",
        "UPDATE saga_event SET step = 2 {of} AND event = 'done' AND step = 1",
        "UPDATE saga_event SET step = 200 {of} AND event = 'done' AND step = 1",
        "UPDATE saga_event SET step = -1 {of} AND event = 'done' AND step = 1",
        "UPDATE saga_event SET step = NULL {of} AND event = 'done' AND step = 1",
        "UPDATE saga_process SET seq = seq + 1 {of}",
        "UPDATE saga_process SET seq = seq - 1 {of}",
        "UPDATE saga_process SET data = '[' {of}",
        "UPDATE saga_process SET data = '7' {of}",
        "UPDATE saga_process SET data = {text} {of}",
        "UPDATE saga_event SET event = {text} {of} AND event = 'done' AND step = 1",
    ],
)
def test_rows_are_damaged(orders: Driver, world: World, damage: str) -> None:
    """Deleted, doubled, out of order, of what there is not, or not to be read."""
    if "{text}" in damage and orders.store.database.dialect.row_locks:
        pytest.skip("there is no such text")
    for statement in damage.format(of=OF_42, text=NO_TEXT).split(";"):
        orders.store.database.execute(statement)
    left_alone(orders, world)


def test_what_is_not_told_of_is_a_record_that_some_run_leads_to(
    orders: Driver,
) -> None:
    """Rows of steps that do not wait for each other may change places."""
    database = orders.store.database
    begins = database.rows(
        f"SELECT seq FROM saga_event {OF_42} AND event = 'begin' AND step IN (6, 7)"
    )
    (first,), (second,) = begins
    for old, new in ((first, -1), (second, first), (-1, second)):
        change = f"UPDATE saga_event SET seq = ? {OF_42} AND seq = ?"
        database.execute(change, (new, old))
    found = orders.processes.load("42")
    assert found
    process, rows = found
    assert why_damaged(process, rows, orders.saga) == ""
    assert order_saga.LATEST.is_valid_record(process.record)


def test_an_unknown_version_is_stranded(orders: Driver, world: World) -> None:
    database = orders.store.database
    database.execute(f"UPDATE saga_process SET version = 9, due = 1 {OF_42}")
    before = stored(orders.store)
    refused = orders.fire("42", "hand_to_courier", by="ops")
    assert refused.reason == "version 9 of order is not known here"
    orders.run()
    assert stored(orders.store) == before
    (stranded,) = orders.select(Condition.STRANDED)
    assert stranded.process.aggregate_id == "42"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A SQLite store with orders, that nobody has open."""
    path = tmp_path / "orders.db"
    with (
        open_store(f"sqlite:///{path}") as store,
        Driver(order_saga, World(), store) as driver,
    ):
        for number in range(16):
            paid(driver, str(number))
        driver.abort("7")
        driver.run()
        assert outcome(store, "7")
        assert log(store, "8")
    return path


def use(path: Path) -> bool:
    """Whether a store can be used without a word; every word is a `StoreError`."""
    try:
        with (
            open_store(f"sqlite:///{path}") as store,
            Driver(order_saga, World(), store) as driver,
        ):
            driver.count()
            for listed in driver.select():
                driver.listing.find(listed.process.aggregate_id)
            damaged = list(driver.listing.damaged())
            for number in range(16):
                driver.fire(str(number), "validate_payment", by="ops")
            driver.run()
            driver.deliver(lambda _: None)
            return not damaged
    except StoreError:
        return False


def test_a_file_that_is_no_database_is_refused_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "orders.db"
    rng = Random(1)
    for data in (b"# orders\n" * 400, rng.randbytes(8192), b"SQLite format 3"):
        path.write_bytes(data)
        with pytest.raises(StoreError, match="file is not a database"):
            open_store(f"sqlite:///{path}")
        assert path.read_bytes() == data


@pytest.mark.parametrize("part", [0.02, 0.1, 0.35, 0.5, 0.7, 0.85])
def test_a_file_that_is_cut_short_is_told_of_and_stays(file: Path, part: float) -> None:
    data = file.read_bytes()
    cut = data[: int(len(data) * part)]
    file.write_bytes(cut)
    assert not use(file)
    assert file.read_bytes() == cut


@pytest.mark.parametrize("seed", range(12))
def test_random_bytes_are_told_of_or_change_nothing_that_is_read(
    file: Path, seed: int
) -> None:
    rng = Random(seed)
    data = bytearray(file.read_bytes())
    at = rng.randrange(len(data) - 64)
    data[at : at + 64] = rng.randbytes(64)
    file.write_bytes(data)
    if use(file):
        with sqlite3.connect(file) as connection:
            assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)


def sagac(*arguments: object) -> tuple[int, str]:
    """The status of the command, and what it says is wrong."""
    done = subprocess.run(
        [sys.executable, "-m", "sagadsl", *map(str, arguments)],
        capture_output=True,
        check=False,
        cwd=Path(order_saga.__file__).parent,
    )
    said = done.stderr.decode()
    assert "Traceback" not in said, said
    return done.returncode, said


@pytest.mark.parametrize("command", [("ps",), ("show", "8")])
def test_the_command_tells_of_a_damaged_file(file: Path, command: tuple[str]) -> None:
    data = file.read_bytes()
    for damaged in (data[: len(data) // 3], b"# orders" * 400):
        file.write_bytes(damaged)
        status, said = sagac(*command, "--store", f"sqlite:///{file}")
        assert status == 2
        assert said.startswith("sagac: cannot use the store: ")
        assert said.count("\n") == 1
        assert file.read_bytes() == damaged


def test_the_command_shows_a_damaged_process(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE saga_process SET done = 99 WHERE aggregate_id = '8'")
    before = sqlite3.connect(file).execute("SELECT * FROM saga_process").fetchall()
    for command in (("ps",), ("show", "8")):
        assert sagac(*command, "--store", f"sqlite:///{file}")[0] in (0, 1)
    after = sqlite3.connect(file).execute("SELECT * FROM saga_process").fetchall()
    assert before == after


def test_an_index_that_disagrees_with_its_row_keeps_no_worker_busy(file: Path) -> None:
    """It says that a process is due, so it was taken again and again, for nothing."""
    index = "FROM sqlite_master WHERE name = 'saga_process_due'"
    with sqlite3.connect(file) as connection:
        entry = connection.execute(f"SELECT * {index}").fetchone()
        connection.execute("UPDATE saga_process SET due = 1")
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(f"DELETE {index}")
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE saga_process SET due = 0")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("INSERT INTO sqlite_master VALUES (?, ?, ?, ?, ?)", entry)
    with sqlite3.connect(file) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() != ("ok",)
    store = open_store(f"sqlite:///{file}")
    with store, Driver(order_saga, World(), store) as driver:
        assert driver.run() == 0
