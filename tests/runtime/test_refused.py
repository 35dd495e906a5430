"""A process of which the database refuses something holds up no other."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import ModuleType

import pytest
from at_work import refused, serving, shop, wait_until
from world import World, outbox, outcome, pass_time

from sagadsl.runtime import Driver, Store, open_store
from sagadsl.runtime.hands import Arrived, Hands

__all__ = ["shop"]


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


@contextmanager
def unclaimed(store: Store, order: str) -> Iterator[None]:
    """The database has no lease of an order written meanwhile."""
    refuse = "CREATE TRIGGER refuse BEFORE UPDATE OF lease ON saga_process"
    when = f"WHEN (NEW.aggregate_id = '{order}')"
    drop = "DROP TRIGGER refuse"
    if store.database.dialect.row_locks:
        store.database.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql"
            " AS 'BEGIN RAISE EXCEPTION ''not this one''; END'"
        )
        act = f"FOR EACH ROW {when} EXECUTE FUNCTION refuse()"
        drop = f"{drop} ON saga_process"
    else:
        act = f"{when} BEGIN SELECT RAISE(ABORT, 'not this one'); END"
    store.database.execute(f"{refuse} {act}")
    yield
    store.database.execute(drop)


@pytest.mark.parametrize("threads", [1, 4])
def test_one_that_cannot_be_claimed_holds_up_no_other(
    shop: ModuleType, store: Store, threads: int, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(shop.Failed)
    with Driver(shop, world, store, threads=threads, lease=1) as driver:
        for order in "123":
            driver.start(order)
            pass_time(store, 1)  # the first of them is due first
        with unclaimed(store, "1"):
            driver.run()
            assert [outcome(store, order) for order in "123"] == ["", "sent", "sent"]
            (told,) = [o.getMessage() for o in caplog.records if o.name != "psycopg"]
            assert told.startswith("shop 1 cannot be written, and is left alone: ")
            driver.start("4")
            with serving(driver):
                wait_until(lambda: outcome(store, "4") == "sent")
        with serving(driver):
            wait_until(lambda: outcome(store, "1") == "sent")
    assert world.effects == {"pay": 4, "ship": 4}


def test_one_whose_lease_is_refused_costs_no_other_its_lease(
    shop: ModuleType, store: Store
) -> None:
    with Driver(shop, World(shop.Failed), store) as driver:
        for order in "123":
            driver.start(order)
        processes = driver.processes
        processes.claim("worker", 1_000, 3, store.database.now())
        with unclaimed(store, "2"):
            leases = [(order, 1) for order in "123"]
            assert processes.renew(leases, "worker", 1_000) == {"1", "3"}


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


def test_what_is_late_is_told_of_beside_an_outcome_that_is_refused(
    shop: ModuleType, store: Store, monkeypatch
) -> None:
    """Both come in together, one from before its worker took the process again."""
    world, over, both = World(shop.Failed), threading.Event(), threading.Event()
    world.tell("pay", *[lambda _: over.wait(60)] * 2)
    world.tell("pay_status", "no")
    collect, come = Hands.collect, list[Arrived]()

    def together(hands: Hands) -> list[Arrived]:
        come.extend(collect(hands))
        if over.is_set() and len(come) < 2 and not both.is_set():
            return []
        if over.is_set():
            both.set()
        arrived, come[:] = come[:], []
        return arrived

    monkeypatch.setattr(Hands, "collect", together)
    with Driver(shop, world, store, threads=4, lease=1) as driver:
        monkeypatch.setattr(driver.processes, "renew", lambda *_: set())
        with refused(store, "1", "done"), serving(driver):
            driver.start("1")
            wait_until(lambda: world.calls == ["pay", "pay_status", "pay"])
            over.set()
            wait_until(lambda: "1 late" in outbox(store))
