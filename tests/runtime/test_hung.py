"""A worker all of whose threads hang keeps no process that is not in their hands."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from at_work import SHOP, TRIP, made, serving, wait_until
from world import World, outbox, outcome

from sagadsl.runtime import Context, Driver, Store, StoreError, late
from sagadsl.runtime.hands import Hands

TIMED = SHOP.replace("probe pay_status", "in doubt park, timeout 1 second")
ORDERS = [str(number) for number in range(6)]


class Till:
    """Payments, of which some hang until they may go on."""

    def __init__(self, world: World) -> None:
        self.may = threading.Event()
        self.world = world
        self.paid: list[str] = []

    def hang(self, context: Context) -> None:
        assert self.may.wait(60)
        self.pay(context)

    def pay(self, context: Context) -> None:
        with self.world.lock:
            self.paid.append(context.aggregate_id)
        self.world.effects["pay"] += 1


def start_in_order(driver: Driver, *orders: str) -> None:
    """What is due first is called first."""
    for order in orders:
        driver.start(order)
        time.sleep(0.01)


@pytest.mark.parametrize("threads", [1, 2])
def test_another_does_what_waits_for_a_thread_that_hangs(
    tmp_path: Path, store: Store, threads: int, caplog: pytest.LogCaptureFixture
) -> None:
    """What waits was not called, and is in no doubt; what is done is written."""
    saga = made(TIMED, tmp_path)
    world = World(saga.Failed)
    till = Till(world)
    hang = [till.hang] * threads
    world.tell("pay", till.pay, *hang, *[till.pay] * 20)
    with Driver(saga, world, store, threads=threads, lease=2) as driver:
        for order in ORDERS:
            driver.start(order)
        with serving(driver):
            wait_until(lambda: len(world.calls) > threads)
            with Driver(saga, world, store, lease=2) as other, serving(other):
                done = len(ORDERS) - threads
                wait_until(lambda: sum(bool(outcome(store, o)) for o in ORDERS) == done)
                assert len(till.paid) == done
                till.may.set()
                wait_until(lambda: len(till.paid) == len(ORDERS))
                wait_until(lambda: all(outcome(store, order) for order in ORDERS))
    assert sorted(till.paid) == ORDERS
    assert world.effects == {"pay": len(ORDERS), "ship": len(ORDERS)}
    said = [r.getMessage() for r in caplog.records if "given back" in r.getMessage()]
    assert said


def test_what_waits_is_called_again_by_the_worker_that_comes_back(
    tmp_path: Path, store: Store
) -> None:
    saga = made(TIMED, tmp_path)
    world = World(saga.Failed)
    till = Till(world)
    world.tell("pay", *[till.hang] * 2, *[till.pay] * 20)
    with Driver(saga, world, store, threads=2, lease=1) as driver, serving(driver):
        for order in ORDERS:
            driver.start(order)
        of_them = "SELECT count(*) FROM saga_event WHERE event = 'resume'"
        wait_until(lambda: store.database.rows(of_them)[0][0] == len(ORDERS) - 2)
        assert len(world.calls) == 2
        till.may.set()
        wait_until(lambda: all(outcome(store, order) for order in ORDERS))
    assert sorted(till.paid) == ORDERS


def test_what_raised_before_a_handler_hangs_is_asked_about_and_not_repeated(
    tmp_path: Path, store: Store
) -> None:
    """It is told of beside the worker, which does not take it for not called then."""
    asked = SHOP.replace("probe pay_status", "probe pay_status, timeout 1 second")
    saga = made(asked, tmp_path)
    world = World(saga.Failed)
    till = Till(world)
    world.tell("pay", "raise late", till.hang)
    raised = "SELECT count(*) FROM saga_event WHERE event = 'raised'"
    with Driver(saga, world, store, lease=2) as driver:
        start_in_order(driver, "raises", "hangs")
        with serving(driver):
            wait_until(lambda: store.database.rows(raised)[0][0])
            till.may.set()
            wait_until(lambda: outcome(store, "raises") and outcome(store, "hangs"))
    assert world.effects["pay"] == 2
    assert "pay_status" in world.calls


def test_a_worker_that_ends_waits_for_what_is_told_of_beside_it(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If that comes to nothing the worker writes it, and loses no outcome."""
    saga = made(TIMED, tmp_path)
    world = World(saga.Failed)
    may = threading.Event()

    def hang(_: Context) -> None:
        assert may.wait(60)
        raise KeyboardInterrupt

    def tell(*_: Any, **__: Any) -> None:
        may.set()
        time.sleep(1)
        raise StoreError("the line is dead")

    world.tell("pay", "", hang)
    monkeypatch.setattr(late, "tell", tell)
    with Driver(saga, world, store, lease=2) as driver:
        start_in_order(driver, "paid", "hangs")
        with pytest.raises(KeyboardInterrupt):
            driver.run()
        assert driver.look("paid").held == (saga.State.PAID,)
        assert store.database.rows("SELECT sum(lease) FROM saga_process") == [(0,)]


def test_what_is_due_while_all_threads_hang_is_called_when_one_comes_back(
    tmp_path: Path, store: Store
) -> None:
    """Also beside a probe that does not come back, and keeps the process."""
    text = TRIP.replace("fly_status", "fly_status, timeout 1 second")
    often = "in doubt park, retry 9 times every 2 seconds"
    saga = made(text.replace("probe stay_status", often), tmp_path)
    world = World(saga.Failed)
    may, end = threading.Event(), threading.Event()
    stayed: list[str] = []

    def fly(context: Context) -> None:
        if context.aggregate_id == "hangs":
            assert may.wait(60)
        else:
            raise OSError("the line is dead")

    def stay(context: Context) -> None:
        stayed.append(context.aggregate_id)
        if len(stayed) == 1:
            raise saga.Failed("no room")

    world.tell("fly", fly, fly)
    world.tell("fly_status", lambda _: end.wait(60))
    world.tell("stay", *[stay] * 9)
    with Driver(saga, world, store, threads=2, lease=2) as driver, serving(driver):
        driver.start("asked")
        wait_until(lambda: "fly_status" in world.calls)
        driver.start("hangs")
        wait_until(lambda: world.calls.count("fly") == 2)
        time.sleep(3)  # both have overrun their second, and the pause is over
        assert stayed == ["asked"]
        may.set()
        try:
            wait_until(lambda: stayed.count("asked") == 2)
        finally:
            end.set()


def test_an_end_that_is_told_of_beside_a_handler_that_hangs_is_not_late(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It came about, and nobody could know; it is told of again."""
    how = "in doubt park, timeout 1 second"
    saga = made(TIMED.replace("probe ship_status", how), tmp_path)
    world, database = World(saga.Failed), store.database
    till = Till(world)
    transaction, broken = database.transaction, threading.Event()

    @contextmanager
    def breaking() -> Iterator[None]:
        with transaction():
            yield
        if outcome(store, "ends") and not broken.is_set():
            broken.set()
            raise StoreError("the line is dead")

    monkeypatch.setattr(database, "transaction", breaking)
    world.tell("ship", "", till.hang)
    with Driver(saga, world, store, lease=1) as driver:
        start_in_order(driver, "ends", "hangs")
        with serving(driver):
            wait_until(broken.is_set)
            time.sleep(1)
            till.may.set()
            wait_until(lambda: outcome(store, "hangs"))
    assert not [told for told in outbox(store) if told.endswith("late")]


def test_a_worker_that_is_interrupted_keeps_nothing_while_its_handlers_hang(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits goes back before what is under way is waited for."""
    saga = made(TIMED, tmp_path)
    world = World(saga.Failed)
    till = Till(world)
    ended = threading.Event()

    def wait(_: Hands, seconds: float) -> None:
        wait_until(lambda: len(world.calls) == 2)
        raise KeyboardInterrupt

    def run() -> None:
        with pytest.raises(KeyboardInterrupt):
            driver.run()
        ended.set()

    monkeypatch.setattr(Hands, "wait", wait)
    world.tell("pay", *[till.hang] * 2, *[till.pay] * 20)
    with Driver(saga, world, store, threads=2, lease=2) as driver:
        for order in ORDERS:
            driver.start(order)
        threading.Thread(target=run, daemon=True).start()
        with Driver(saga, world, store, lease=2) as other, serving(other):
            try:
                done = len(ORDERS) - 2
                wait_until(lambda: sum(bool(outcome(store, o)) for o in ORDERS) == done)
            finally:
                till.may.set()
            assert ended.wait(20)
            wait_until(lambda: all(outcome(store, order) for order in ORDERS))
    assert sorted(till.paid) == ORDERS
