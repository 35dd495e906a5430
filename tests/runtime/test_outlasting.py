"""A worker outlasts its database, and what others do to the processes it has."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import ModuleType

import psycopg
import pytest
from modules import emitted, load
from world import World, outbox, outcome, pass_time

from sagadsl.driver import compile_saga, release_text
from sagadsl.runtime import Driver, Store, StoreError, open_store

SHOP = """\
saga shop {
    aggregate shop_id
    states {
        initial asked
        paid
        final sent
    }
    transitions {
        asked -> paid : pay by system
        paid -> sent : ship by system
    }
    actions {
        pay : once, probe pay_status, no undo
        ship : once, probe ship_status, no undo
    }
}
"""


@pytest.fixture
def shop(tmp_path: Path) -> ModuleType:
    path = tmp_path / "shop_saga.py"
    path.write_text(emitted(Path("shop.saga"), SHOP.encode()), "utf-8")
    return load(path)


@contextmanager
def serving(driver: Driver) -> Iterator[None]:
    """It serves meanwhile, and ends when it is told to, with nothing to complain of."""
    stop, ended = threading.Event(), threading.Event()

    def serve() -> None:
        driver.serve(stop)
        ended.set()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield
    finally:
        stop.set()
    assert ended.wait(20)


def wait_until(true: Callable[[], object]) -> None:
    late = time.monotonic() + 60
    while not true():
        assert time.monotonic() < late
        time.sleep(0.05)


def test_connections_may_end_while_a_handler_is_called(
    shop: ModuleType, postgres_url: str
) -> None:
    world, over = World(shop.Failed), threading.Event()
    world.tell("ship", lambda _: over.wait(60))
    with (
        open_store(postgres_url) as store,
        Driver(shop, world, store, threads=2) as driver,
        psycopg.connect(postgres_url, autocommit=True) as client,
        serving(driver),
    ):
        driver.start("1")
        wait_until(lambda: "ship" in world.calls)
        for _ in range(20):
            client.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            time.sleep(0.05)
        over.set()
        wait_until(lambda: client.execute("SELECT 1 FROM saga_tombstone").fetchone())
    assert world.calls == ["pay", "ship"]


@pytest.mark.parametrize("kept", [True, False])
def test_nobody_may_know_whether_a_turn_was_committed(
    kept: bool, shop: ModuleType, store: Store, url: str, monkeypatch
) -> None:
    """What was to be called after it was not, and what was done is done once."""
    world, database = World(shop.Failed), store.database
    transaction, broken = database.transaction, threading.Event()

    @contextmanager
    def breaking() -> Iterator[None]:
        with transaction():
            yield
            breaks = world.effects["pay"] and not broken.is_set()
            if breaks and not kept:
                broken.set()
                raise StoreError("the line is dead")
        if breaks:
            broken.set()
            raise StoreError("the line is dead")

    monkeypatch.setattr(database, "transaction", breaking)
    with (
        open_store(url) as another,
        Driver(shop, world, another) as other,
        Driver(shop, world, store, lease=1, threads=2) as driver,
        serving(driver),
    ):
        driver.start("1")
        assert broken.wait(60)
        with serving(other):
            wait_until(lambda: outcome(another, "1") == "sent")
    assert world.effects == {"pay": 1, "ship": 1}
    assert outbox(store) == ["1 finish"]


def test_one_that_is_damaged_meanwhile_holds_up_no_other(
    shop: ModuleType, store: Store
) -> None:
    world, over, another = World(shop.Failed), threading.Event(), threading.Event()
    world.tell("pay", lambda _: over.wait(60), lambda _: another.wait(60))
    with Driver(shop, world, store, threads=2) as driver, serving(driver):
        driver.start("1")
        driver.start("2")
        wait_until(lambda: len(world.calls) == 2)
        key = world.contexts[0].aggregate_id
        damage = "UPDATE saga_process SET seq = seq + 1 WHERE aggregate_id = ?"
        store.database.execute(damage, (key,))
        over.set()
        wait_until(lambda: f"{key} late" in outbox(store))
        another.set()
        other = {"1": "2", "2": "1"}[key]
        wait_until(lambda: outcome(store, other) == "sent")


@contextmanager
def refused(store: Store, order: str, event: str) -> Iterator[None]:
    """The database does not take an event of an order meanwhile."""
    refuse = "CREATE TRIGGER refuse BEFORE INSERT ON saga_event"
    when = f"WHEN (NEW.aggregate_id = '{order}' AND NEW.event = '{event}')"
    if store.database.dialect.row_locks:
        store.database.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql"
            " AS 'BEGIN RAISE EXCEPTION ''not this one''; END'"
        )
        act = "FOR EACH ROW " + when + " EXECUTE FUNCTION refuse()"
        drop = "DROP TRIGGER refuse ON saga_event"
    else:
        act = when + " BEGIN SELECT RAISE(ABORT, 'not this one'); END"
        drop = "DROP TRIGGER refuse"
    store.database.execute(f"{refuse} {act}")
    yield
    store.database.execute(drop)


@pytest.mark.parametrize("threads", [1, 4])
def test_one_that_is_refused_holds_up_no_other(
    shop: ModuleType, store: Store, threads: int, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(shop.Failed)
    with Driver(shop, world, store, threads=threads) as driver:
        for order in "123":
            driver.start(order)
        with refused(store, "1", "begin"):
            driver.run()
            assert [outcome(store, order) for order in "123"] == ["", "sent", "sent"]
        (told,) = [one.getMessage() for one in caplog.records if one.name != "psycopg"]
        assert told.startswith("shop 1 cannot be written, and is left alone: ")
        assert "not this one" in told
        driver.run()
        assert outcome(store, "1") == "", "it is left alone for a while"
        pass_time(store, 11)
        with Driver(shop, world, store) as another:
            another.run()
    assert outcome(store, "1") == "sent"
    assert world.effects == {"pay": 3, "ship": 3}


@pytest.mark.parametrize("threads", [1, 4])
def test_one_whose_outcome_is_refused_holds_up_no_other(
    shop: ModuleType, store: Store, threads: int
) -> None:
    """What came of its call is in doubt then, and asked about."""
    world = World(shop.Failed)
    world.tell("pay_status", "yes")
    with Driver(shop, world, store, threads=threads) as driver:
        for order in "123":
            driver.start(order)
        with refused(store, "2", "done"), serving(driver):
            wait_until(lambda: outcome(store, "1") == outcome(store, "3") == "sent")
        pass_time(store, 11)
        with Driver(shop, world, store) as another:
            another.run()
    assert outcome(store, "2") == "sent"
    assert world.effects == {"pay": 3, "ship": 3}


def test_one_that_is_refused_costs_few_others_a_turn_of_their_own(
    shop: ModuleType, store: Store, monkeypatch
) -> None:
    transaction, turns, world = store.database.transaction, list[int](), World()

    def counted() -> AbstractContextManager[None]:
        turns.append(1)
        return transaction()

    with Driver(shop, world, store) as driver:
        for order in range(200):
            driver.start(str(order))
        with refused(store, "3", "begin"):
            monkeypatch.setattr(store.database, "transaction", counted)
            driver.run(most=20)
    assert world.effects == {"pay": 199, "ship": 199}
    assert len(turns) < 200


def test_one_that_cannot_be_claimed_costs_no_other_its_outcome(
    shop: ModuleType, tmp_path: Path
) -> None:
    world, over = World(shop.Failed), threading.Event()
    world.tell("pay", lambda _: over.wait(60))
    with (
        open_store(f"sqlite:///{tmp_path}/shop.db") as store,
        Driver(shop, world, store, threads=2) as driver,
        serving(driver),
    ):
        driver.start("1")
        wait_until(lambda: world.calls)
        store.database.execute(
            "CREATE TRIGGER refuse BEFORE UPDATE OF lease ON saga_process"
            " WHEN (NEW.aggregate_id = '2')"
            " BEGIN SELECT RAISE(ABORT, 'not this one'); END"
        )
        driver.start("2")
        time.sleep(0.5)  # by now it is due, and to be claimed beside what comes back
        over.set()
        wait_until(lambda: outcome(store, "1") == "sent")
    assert world.calls == ["pay", "ship"]


def test_one_that_moves_to_an_unknown_version_holds_up_no_other(
    shop: ModuleType, tmp_path: Path, store: Store
) -> None:
    """A newer release does that to one whose lease has run out."""
    first, _ = compile_saga("shop.saga", SHOP.encode(), None)
    assert first
    text = SHOP.replace(
        "paid -> sent", "paid -> packed : pack by user\n  packed -> sent"
    )
    text = text.replace("        paid\n", "        paid\n        packed\n")
    path = tmp_path / "newer_saga.py"
    lock = release_text(first).encode()
    path.write_text(emitted(Path("shop.saga"), text.encode(), lock), "utf-8")
    newer, world, over = load(path), World(shop.Failed), threading.Event()
    world.tell("pay", lambda _: over.wait(60))
    with (
        Driver(newer, World(newer.Failed), store) as upgrading,
        Driver(shop, world, store, threads=2) as driver,
        serving(driver),
    ):
        driver.start("1")
        wait_until(lambda: world.calls)
        pass_time(store, 11)
        assert upgrading.upgrade("1").accepted
        over.set()
        driver.start("2")
        wait_until(lambda: outcome(store, "2") == "sent")
        assert "1 late" in outbox(store)


def test_a_worker_that_waits_for_its_calls_is_at_rest(
    shop: ModuleType, store: Store, monkeypatch
) -> None:
    world, over = World(shop.Failed), threading.Event()
    world.tell("pay", lambda _: over.wait(60))
    looks, now = list[int](), store.database.now

    def looked() -> int:
        looks.append(1)
        return now()

    with Driver(shop, world, store, threads=2) as driver:
        with serving(driver):
            driver.start("1")
            wait_until(lambda: world.calls)
            monkeypatch.setattr(store.database, "now", looked)
            threading.Timer(1, over.set).start()
        assert len(looks) < 50
