"""A worker that is told to end: what waits for a thread is left to others."""

from __future__ import annotations

import threading
import time

import order_saga
import pytest
from world import World, paid

from sagadsl.runtime import Driver, Store

ORDERS = [str(number) for number in range(8)]


@pytest.mark.parametrize("threads", [1, 2])
def test_what_has_not_been_called_is_given_back(
    store: Store, world: World, threads: int
) -> None:
    """So a worker ends with the calls that it is in, however many it has taken."""
    stop = threading.Event()
    world.tell("pack_parcel", *[lambda _: stop.set()] * len(ORDERS))
    world.tell("send_invoice", *[lambda _: stop.wait(60)] * len(ORDERS))
    with Driver(order_saga, world, store, threads=threads) as driver:
        for order in ORDERS:
            paid(driver, order)
            driver.fire(order, "validate_payment", by="ops")
        world.calls.clear()
        called = world.calls
        assert driver.serve(stop) == len(called)
        assert 1 <= len(called) <= threads
        assert store.database.rows("SELECT max(lease) FROM saga_process") == [(0,)]
        world.told.clear()
        driver.run()
        assert sorted(called) == sorted(["pack_parcel", "send_invoice"] * len(ORDERS))
        held = {driver.look(order).held for order in ORDERS}
        assert held == {("order_received",)}


def test_a_worker_that_waits_for_its_last_call_is_at_rest(
    store: Store, world: World, monkeypatch
) -> None:
    """Another of the process has come back meanwhile, and what follows is left."""
    stop, packed, over = threading.Event(), threading.Event(), threading.Event()
    world.tell("pack_parcel", lambda _: packed.wait(60) and None)
    world.tell("send_invoice", lambda _: over.wait(60) and None)
    looks, now = list[int](), store.database.now

    def looked() -> int:
        looks.append(1)
        return now()

    with Driver(order_saga, world, store, threads=2) as driver:
        paid(driver, "1")
        driver.fire("1", "validate_payment", by="ops")
        serving = threading.Thread(target=driver.serve, args=[stop])
        serving.start()
        while not {"pack_parcel", "send_invoice"} <= {*world.calls}:
            time.sleep(0.05)
        stop.set()
        time.sleep(0.5)  # by now the worker knows
        packed.set()
        time.sleep(0.5)
        monkeypatch.setattr(store.database, "now", looked)
        time.sleep(1)
        monkeypatch.undo()
        over.set()
        serving.join()
    assert len(looks) < 50
    assert store.database.rows("SELECT max(lease) FROM saga_process") == [(0,)]
