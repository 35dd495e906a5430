"""Three things that go wrong with orders, and what the compiled saga makes of them."""
# ruff: noqa: T201  it talks

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from order_saga import Context, Kind, Refused, Step
from order_service import EffectFailed, Orders, StartedBefore

FORWARD = (
    Step.VALIDATE_PAYMENT,
    Step.SEND_INVOICE,
    Step.PACK_PARCEL,
    Step.CLOSE_PARCEL,
    Step.HAND_TO_COURIER,
    Step.SIGN_RECEIPT,
)


def tour(folder: Path, worker: Sequence[str]) -> None:
    """Drive orders on databases in the folder; `worker` is a command that pays one."""
    for name in ("orders", "world"):
        (folder / f"{name}.sqlite").unlink(missing_ok=True)
    fail_and_compensate(folder)
    crash_and_recover(folder, worker)
    start_again(folder)


def fail_and_compensate(folder: Path) -> None:
    """The payment went through, and then the parcel cannot be packed."""
    print("\n== Order 1001: paid, and then the parcel cannot be packed")
    world = World(folder, broken="pack_parcel")
    orders = service(folder, world)
    orders.start("1001")
    for step in (Step.CHECK_OUT, Step.MAKE_PAYMENT, *FORWARD[:3]):
        orders.take("1001", step)
    print(f"=> compensated; of order 1001 we hold {world.balance('1001')} euros")


def crash_and_recover(folder: Path, worker: Sequence[str]) -> None:
    """The worker dies after the bank took the money and before that is written down."""
    print("\n== Order 1002: the worker is killed in the middle of the payment")
    run = subprocess.run(worker, check=False)  # noqa: S603  our own file
    print(f"   the worker is dead, with status {run.returncode}")
    world = World(folder)
    orders = service(folder, world)
    try:
        orders.append("1002", Kind.BEGIN, Step.MAKE_PAYMENT)
    except Refused as refused:
        print(f"   a second worker tries to pay and is refused: {refused}")
    orders.recover("1002")
    print(f"   of order 1002 we hold {world.balance('1002')} euros: paid once")
    for step in FORWARD:
        orders.take("1002", step)
    print("=> delivered")


def start_again(folder: Path) -> None:
    """What is over stays over, even when its events are gone."""
    print("\n== Order 1002 again: purged, and then somebody sends it a second time")
    orders = service(folder, World(folder))
    orders.purge("1002", "delivered")
    (row,) = orders.db.execute("SELECT count(*) FROM event WHERE order_id = '1002'")
    print(f"   {row[0]} events are left, and a tombstone for 90 days")
    try:
        orders.start("1002")
    except StartedBefore as refused:
        print(f"=> refused: {refused}")


def pay_and_die(folder: Path) -> None:
    """The worker of order 1002: killed between the payment and the note about it."""

    def die() -> None:
        print("   the worker is killed", flush=True)
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))

    orders = service(folder, World(folder, after_payment=die))
    orders.start("1002")
    orders.take("1002", Step.CHECK_OUT)
    orders.take("1002", Step.MAKE_PAYMENT)


def service(folder: Path, world: World) -> Orders:
    """The orders of the folder."""
    return Orders(folder / "orders.sqlite", world, say)


def say(text: str) -> None:
    """One line of what happens; flushed, since the speaker may be killed."""
    print(f"   {text}", flush=True)


class World:
    """What the service talks to: a bank and a courier, with a database of their own.

    The methods are the `Handlers` of the compiled saga: a missing one is a type error.
    """

    def __init__(
        self,
        folder: Path,
        broken: str = "",
        after_payment: Callable[[], None] = lambda: None,
    ) -> None:
        self.db = sqlite3.connect(folder / "world.sqlite", isolation_level=None)
        self.db.execute("CREATE TABLE IF NOT EXISTS fact (order_id, what, euros)")
        self.broken = broken
        self.after_payment = after_payment

    def make_payment(self, context: Context, /) -> None:
        """Take the money."""
        self._note(context, "payment", 42)
        say("the bank takes 42 euros")
        self.after_payment()

    def pack_parcel(self, context: Context, /) -> None:
        """Pack."""
        if self.broken == "pack_parcel":
            raise EffectFailed("the last one is gone")
        self._note(context, "parcel")

    def send_invoice(self, context: Context, /) -> None:
        """Send the invoice."""
        self._note(context, "invoice")

    def hand_to_courier(self, context: Context, /) -> None:
        """Hand the parcel over."""
        self._note(context, "courier")

    def refund_payment(self, context: Context, /) -> None:
        """Give the money back."""
        self._note(context, "refund", -42)
        say("the bank gives 42 euros back")

    def unpack_parcel(self, context: Context, /) -> None:
        """Unpack."""
        self._note(context, "unpacked")

    def send_credit_note(self, context: Context, /) -> None:
        """Take the invoice back."""
        self._note(context, "credit note")

    def payment_status(self, context: Context, /) -> bool:
        """Whether the bank took the money."""
        return self._happened(context, "payment")

    def parcel_status(self, context: Context, /) -> bool:
        """Whether the courier has the parcel."""
        return self._happened(context, "courier")

    def refund_status(self, context: Context, /) -> bool:
        """Whether the money was given back."""
        return self._happened(context, "refund")

    def balance(self, order: str) -> int:
        """The money of an order that is with us."""
        (row,) = self.db.execute(
            "SELECT sum(euros) FROM fact WHERE order_id = ?", (order,)
        )
        return int(row[0])

    def _note(self, context: Context, what: str, euros: int = 0) -> None:
        self.db.execute(
            "INSERT INTO fact VALUES (?, ?, ?)", (context.aggregate_id, what, euros)
        )

    def _happened(self, context: Context, what: str) -> bool:
        found = self.db.execute(
            "SELECT 1 FROM fact WHERE order_id = ? AND what = ?",
            (context.aggregate_id, what),
        )
        return found.fetchone() is not None
