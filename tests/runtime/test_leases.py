"""Leases: a worker that lives, with handlers in time, is not taken for dead."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import pytest
from at_work import SHOP, made, serving, shop, wait_until
from world import World, outbox, outcome, pass_time

from sagadsl.runtime import Driver, Store, StoreError, open_store
from sagadsl.runtime.ask import ask
from sagadsl.runtime.turn import Turn
from sagadsl.sql.url import SqliteUrl, is_postgres

__all__ = ["shop"]
TIMED = SHOP.replace("pay_status", "pay_status, timeout 2 seconds")
TIMED = TIMED.replace("probe ship_status", "in doubt park")


@contextmanager
def another(shop: ModuleType, world: World, url: str) -> Iterator[None]:
    """A second worker, on connections of its own."""
    with (
        open_store(url) as store,
        Driver(shop, world, store) as driver,
        serving(driver),
    ):
        yield


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Nobody else can write meanwhile."""
    if is_postgres(url):
        with psycopg.connect(url) as client:
            client.execute("LOCK TABLE saga_process IN EXCLUSIVE MODE")
            yield
        return
    with closing(sqlite3.connect(SqliteUrl.read(url).path)) as client:
        client.execute("BEGIN IMMEDIATE")
        yield


def nap(_: object) -> None:
    time.sleep(1)


def test_what_came_of_a_call_may_wait_for_other_calls(
    tmp_path: Path, store: Store, url: str
) -> None:
    """And so may a call: no process is in doubt by that, then or later."""
    shop, orders = made(TIMED, tmp_path), "12345"
    world = World(shop.Failed)
    world.tell("pay", *[lambda _: time.sleep(0.1)] * len(orders))
    world.tell("ship", *[nap] * len(orders))
    with Driver(shop, world, store, lease=1.2) as driver:
        for order in orders:
            driver.start(order)
        running = threading.Thread(target=driver.run)
        running.start()
        time.sleep(0.3)  # by now it has taken all of them
        with another(shop, world, url):
            running.join()
    assert sorted(world.calls) == ["pay"] * len(orders) + ["ship"] * len(orders)
    assert sorted(outbox(store)) == [f"{order} finish" for order in orders]


def test_a_call_that_hangs_holds_up_no_later_one_of_its_process(
    tmp_path: Path, store: Store, url: str
) -> None:
    shop = made(TIMED.replace("2 seconds", "1 second"), tmp_path)
    world, over, shipping = World(shop.Failed), threading.Event(), threading.Event()

    def ship(_: object) -> None:
        shipping.set()
        time.sleep(2)
        over.set()

    world.tell("pay", lambda _: over.wait(60))
    world.tell("pay_status", "yes")
    world.tell("ship", ship)
    with Driver(shop, world, store, lease=0.8, threads=2) as driver:
        driver.start("1")
        stop = threading.Event()
        serving = threading.Thread(target=driver.serve, args=[stop])
        serving.start()
        assert shipping.wait(60)
        with another(shop, world, url):
            assert over.wait(60)
        stop.set()
        serving.join()
    assert world.calls == ["pay", "pay_status", "ship"]
    assert "1 parked" not in outbox(store)


@pytest.mark.parametrize("by", ["system", "user"])
def test_nobody_calls_whose_lease_ran_out_while_it_was_written(
    by: str, tmp_path: Path, store: Store, url: str
) -> None:
    """Others may have taken the process at once, and asked whether it is done."""
    text = TIMED.replace(", timeout 2 seconds", "")
    shop = made(text.replace("pay by system", f"pay by {by}"), tmp_path)
    world = World(shop.Failed)

    def pay(_: object) -> None:
        time.sleep(1)
        world.effects["pay"] += 1

    world.tell("pay", pay, pay)
    with Driver(shop, world, store, lease=1) as driver:
        driver.start("1")

        def work() -> None:
            driver.fire("1", "pay", by=by)
            driver.run()

        with locked(url):
            working = threading.Thread(target=work)
            working.start()
            time.sleep(1.2)
        time.sleep(0.3)  # it is at it
        with another(shop, world, url):
            working.join()
            wait_until(lambda: outcome(store, "1") == "sent")
    assert world.effects == {"pay": 1, "ship": 1}


def test_nobody_calls_by_a_lease_from_before_a_process_was_taken_again(
    tmp_path: Path, store: Store, monkeypatch
) -> None:
    """The call waited for a thread meanwhile, and was held to be lost."""
    shop = made(TIMED.replace(", timeout 2 seconds", ""), tmp_path)
    world, over, broken = World(shop.Failed), threading.Event(), threading.Event()
    world.tell("pay", *[lambda _: over.wait(60)] * 2)

    def renewed(*wanted: Any) -> set[str]:
        if broken.is_set():
            raise StoreError("the line is dead")
        return renew(*wanted)

    def fence() -> int:
        sql = "SELECT fence FROM saga_process WHERE aggregate_id = '3'"
        return int(store.database.rows(sql)[0][0])

    with Driver(shop, world, store, lease=1, threads=2) as driver:
        renew = driver.processes.renew
        monkeypatch.setattr(driver.processes, "renew", renewed)
        stop = threading.Event()
        serving = threading.Thread(target=driver.serve, args=[stop])
        serving.start()
        driver.start("1")
        driver.start("2")
        wait_until(lambda: len(world.calls) == 2)
        driver.start("3")
        wait_until(lambda: fence() == 1)
        broken.set()
        wait_until(lambda: fence() == 2)
        broken.clear()
        time.sleep(1)
        over.set()
        wait_until(lambda: outcome(store, "3") == "sent")
        stop.set()
        serving.join()
    fences = [one.fence for one in world.contexts if one.aggregate_id == "3"]
    assert min(fences) == 2


def test_who_asks_slowly_takes_no_renewed_lease_back(
    tmp_path: Path, store: Store
) -> None:
    """Else another would take the process while calls of it wait for a thread."""
    shop = made(SHOP, tmp_path)
    with Driver(shop, World(shop.Failed), store) as driver:
        driver.start("1")
        processes, now = driver.processes, store.database.now()
        processes.claim("worker", 1_000, 1, now)

        def slowly(turn: Turn) -> None:
            assert processes.renew([("1", 1)], "worker", 60_000) == {"1"}
            turn.note("failed", note="whatever it may be")

        result, _ = ask(processes, "1", slowly, driver.worker, 10_000)
        assert result.accepted
    ((lease, seq),) = store.database.rows("SELECT lease, seq FROM saga_process")
    assert lease > now + 50_000
    assert seq == 2


def test_what_comes_as_its_lease_runs_out_is_taken_before_it_is_held_to_be_lost(
    tmp_path: Path, store: Store
) -> None:
    """The worker takes the process again in the very turn that it comes in."""
    text = SHOP.replace("pay : once, probe pay_status", "pay : idempotent")
    shop = made(text, tmp_path)
    world = World(shop.Failed)

    def pay(_: object) -> None:
        time.sleep(0.3)  # it is some time since the worker has looked
        pass_time(store, 11)

    world.tell("pay", pay)
    with Driver(shop, world, store, threads=2) as driver, serving(driver):
        driver.start("1")
        wait_until(lambda: outcome(store, "1") == "sent")
    assert world.calls == ["pay", "ship"]
    assert outbox(store) == ["1 finish"]


def test_a_call_that_was_not_made_is_not_told_of_as_late(
    shop: ModuleType, store: Store, url: str, monkeypatch
) -> None:
    """Another has made it, and the process has ended."""
    world, over = World(shop.Failed), threading.Event()
    world.tell("pay", lambda _: over.wait(60))
    with Driver(shop, world, store, lease=1) as driver:
        monkeypatch.setattr(driver.processes, "renew", lambda *_: set())
        for order in "12":
            driver.start(order)
        with serving(driver):
            wait_until(lambda: world.calls)
            other = {"1": "2", "2": "1"}[world.contexts[0].aggregate_id]
            with another(shop, World(shop.Failed), url):
                wait_until(lambda: outcome(store, other) == "sent")
            over.set()
    assert [told for told in outbox(store) if told.startswith(other)] == [
        f"{other} finish"
    ]
