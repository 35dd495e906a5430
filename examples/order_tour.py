"""Three things that go wrong with orders, and what the runtime makes of them."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from order_service import Shop, driver_of

from sagadsl.runtime import Driver

FORWARD = (
    ("validate_payment", "ops"),
    ("hand_to_courier", "ops"),
    ("sign_receipt", "courier"),
)


class Tour(NamedTuple):
    """Where orders are kept, and what else it takes to let things go wrong."""

    store: str
    """The URL of the store."""
    world: Path
    """The file that stands for the bank, the packers and the courier."""
    pay: Sequence[str]
    """The command of a worker: given those two and an order, it calls `pay_and_die`."""
    show: Callable[[str, str], None]
    """Tell what an operator sees of an order in a store."""


def fail_and_compensate(tour: Tour, order: str) -> None:
    """The payment went through, and then the parcel cannot be packed."""
    print(f"\n== Order {order}: paid, and then the parcel cannot be packed")
    shop = Shop(tour.world, say, broken="parcel")
    with driver_of(tour.store, shop) as driver:
        pay(driver, order)
        ask(driver, order, *FORWARD[0])
        driver.run()
        print(f"=> {driver.start(order).reason}")
    print(f"=> of order {order} we hold {shop.balance(order)} euros")


def crash_and_recover(tour: Tour, order: str) -> None:
    """The worker dies after the bank took the money and before that is written down."""
    print(f"\n== Order {order}: the worker is killed in the middle of the payment")
    command = [*tour.pay, tour.store, str(tour.world), order]
    run = subprocess.run(command, check=False)
    print(f"   the worker is dead, with status {run.returncode}")
    tour.show(tour.store, order)
    print(f"\n== Order {order}: another worker takes it up")
    shop = Shop(tour.world, say)
    with driver_of(tour.store, shop) as driver:
        ask(driver, order, "make_payment", "user")
        print("   (10 seconds pass: the lease of the dead worker is over)")
        let_pass(driver, 10)
        driver.run()
        print("   (30 seconds more: the bank may have been at it still)")
        let_pass(driver, 30)
        driver.run()
        print(f"=> of order {order} we hold {shop.balance(order)} euros: paid once")
        for action, actor in FORWARD:
            ask(driver, order, action, actor)
            driver.run()


def start_again(tour: Tour, order: str) -> None:
    """What is over stays over, even when its log is gone."""
    print(f"\n== Order {order} again: somebody sends it a second time")
    with driver_of(tour.store, Shop(tour.world, say)) as driver:
        print(f"=> refused: {driver.start(order).reason}")


def pay_and_die(store: str, world: str, order: str) -> None:
    """The worker that is killed between the payment and the note about it."""

    def die() -> None:
        print("   the worker is killed", flush=True)
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))

    with driver_of(store, Shop(Path(world), say, after_payment=die)) as driver:
        pay(driver, order)


def pay(driver: Driver, order: str) -> None:
    """The part of an order that the customer sees."""
    driver.start(order, {"customer": "anna"})
    ask(driver, order, "check_out", "user")
    ask(driver, order, "make_payment", "user")


def ask(driver: Driver, order: str, action: str, actor: str) -> None:
    """An event by an actor; what comes of it is a value."""
    result = driver.fire(order, action, by=actor)
    stands = f", it stands in {' and '.join(result.held)}" if result.held else ""
    print(f"   {actor}: {action}? {result.outcome}{stands}")
    if result.reason:
        print(f"      {result.reason}")


def let_pass(driver: Driver, seconds: int) -> None:
    """Set what is stored back instead of waiting."""
    for table, columns in (
        ("saga_process", ("due", "lease", "deadline")),
        ("saga_event", ("time",)),
    ):
        for column in columns:
            driver.store.database.execute(
                f"UPDATE {table} SET {column} = {column} - ? WHERE {column} > 0",  # noqa: S608  our own names
                (seconds * 1000,),
            )


def say(text: str) -> None:
    """One line of what happens; flushed, since the speaker may be killed."""
    print(f"      {text}", flush=True)
