"""Three things that go wrong with orders, and what the runtime makes of them."""
# ruff: noqa: T201  it talks

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from order_service import Shop, driver_of

from sagadsl.runtime import Driver

FORWARD = (
    ("validate_payment", "ops"),
    ("hand_to_courier", "ops"),
    ("sign_receipt", "courier"),
)


def tour(folder: Path, worker: Sequence[str], show: Callable[[str], None]) -> None:
    """Drive orders on a store in the folder.

    `worker` is a command that pays one, and `show` what tells an operator of one.
    """
    for left in (*folder.glob("orders.db*"), *folder.glob("world.sqlite*")):
        left.unlink()
    fail_and_compensate(folder)
    crash_and_recover(folder, worker, show)
    start_again(folder)


def fail_and_compensate(folder: Path) -> None:
    """The payment went through, and then the parcel cannot be packed."""
    print("\n== Order 1001: paid, and then the parcel cannot be packed")
    shop = Shop(folder, say, broken="parcel")
    with driver_of(folder, shop) as driver:
        pay(driver, "1001")
        ask(driver, "1001", *FORWARD[0])
        driver.run()
        print(f"=> {driver.start('1001').reason}")
    print(f"=> of order 1001 we hold {shop.balance('1001')} euros")


def crash_and_recover(
    folder: Path, worker: Sequence[str], show: Callable[[str], None]
) -> None:
    """The worker dies after the bank took the money and before that is written down."""
    print("\n== Order 1002: the worker is killed in the middle of the payment")
    run = subprocess.run(worker, check=False)  # noqa: S603  our own file
    print(f"   the worker is dead, with status {run.returncode}")
    show("1002")
    print("\n== Order 1002: another worker takes it up")
    shop = Shop(folder, say)
    with driver_of(folder, shop) as driver:
        ask(driver, "1002", "make_payment", "user")
        print("   (its 30 seconds pass: the bank may have been at it still)")
        let_pass(driver, 30)
        driver.run()
        print(f"=> of order 1002 we hold {shop.balance('1002')} euros: paid once")
        for action, actor in FORWARD:
            ask(driver, "1002", action, actor)
            driver.run()


def start_again(folder: Path) -> None:
    """What is over stays over, even when its log is gone."""
    print("\n== Order 1002 again: somebody sends it a second time")
    with driver_of(folder, Shop(folder, say)) as driver:
        print(f"=> refused: {driver.start('1002').reason}")


def pay_and_die(folder: Path) -> None:
    """The worker of order 1002: killed between the payment and the note about it."""

    def die() -> None:
        print("   the worker is killed", flush=True)
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))

    with driver_of(folder, Shop(folder, say, after_payment=die)) as driver:
        pay(driver, "1002")


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
