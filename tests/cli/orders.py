"""Orders that the tests operate: one is parked, one stuck, one stranded, one ended."""

from __future__ import annotations

from pathlib import Path

import order_saga
from world import World, paid, pass_time

from sagadsl.runtime import Driver, open_store

ORDER = (Path(order_saga.__file__).parent / "order.saga").read_text(encoding="utf-8")


def fill(url):
    world = World()
    with (
        open_store(url) as store,
        Driver(order_saga, world, store, archive=True) as driver,
    ):
        paid(driver, "ended")
        driver.abort("ended", by="ann")
        driver.run()
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
        driver.start("waiting", {"card": "4711"})
        driver.fire("waiting", "check_out", by="user")
        driver.start("stranded")
        store.database.execute(
            "UPDATE saga_process SET version = 9 WHERE aggregate_id = 'stranded'"
        )
