"""What a shop writes to run `order.saga`: its handlers, and a driver on a store.

The saga says what may happen, and the runtime sees to it that it does, once. What is
left are the calls to the bank, the packers, the printer and the courier.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import order_saga
from order_saga import Context, Failed, Handlers

from sagadsl.runtime import Driver, open_store


class Shop:
    """The `Handlers` of the saga. A missing one is a type error.

    Here the world is a file; `broken` names a handler that fails, and `after_payment`
    is called when the bank has the money and before it says so.
    """

    def __init__(
        self,
        world: Path,
        say: Callable[[str], None],
        broken: str = "",
        after_payment: Callable[[], None] = lambda: None,
    ) -> None:
        self.db = sqlite3.connect(world, isolation_level=None)
        self.db.execute("CREATE TABLE IF NOT EXISTS fact (order_id, what, euros)")
        self.say = say
        self.broken = broken
        self.after_payment = after_payment

    def make_payment(self, context: Context, /) -> dict[str, str]:
        """Take the money; the receipt is kept with the order."""
        self._do(context, "payment", 42)
        self.after_payment()
        return {"receipt": context.idempotency_key}

    def pack_parcel(self, context: Context, /) -> None:
        """Pack."""
        self._do(context, "parcel")

    def send_invoice(self, context: Context, /) -> None:
        """Send the invoice."""
        self._do(context, "invoice")

    def hand_to_courier(self, context: Context, /) -> None:
        """Hand the parcel over."""
        self._do(context, "courier")

    def refund_payment(self, context: Context, /) -> None:
        """Give the money back."""
        self._do(context, "refund", -42)

    def unpack_parcel(self, context: Context, /) -> None:
        """Unpack."""
        self._do(context, "unpacked")

    def send_credit_note(self, context: Context, /) -> None:
        """Take the invoice back."""
        self._do(context, "credit note")

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
            "SELECT coalesce(sum(euros), 0) FROM fact WHERE order_id = ?", (order,)
        )
        return int(row[0])

    def _do(self, context: Context, what: str, euros: int = 0) -> None:
        if self.broken == what:
            self.say(f"{what}: failed")
            raise Failed(f"no {what} today")
        self.db.execute(
            "INSERT INTO fact VALUES (?, ?, ?)", (context.aggregate_id, what, euros)
        )
        self.say(f"{what}: done")

    def _happened(self, context: Context, what: str) -> bool:
        found = self.db.execute(
            "SELECT 1 FROM fact WHERE order_id = ? AND what = ?",
            (context.aggregate_id, what),
        )
        answer = found.fetchone() is not None
        self.say(f"is there a {what}? {'yes' if answer else 'no'}")
        return answer


def driver_of(url: str, handlers: Handlers) -> Driver:
    """The driver of all orders; one that starts again goes on where it was killed."""
    return Driver(order_saga, handlers, open_store(url), worker="shop")
