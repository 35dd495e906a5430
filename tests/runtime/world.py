"""What the tests drive: handlers that do as they are told, and time that passes."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import order_saga

from sagadsl.runtime import Context, Driver, Store

FORWARD = ("validate_payment", "hand_to_courier", "sign_receipt")
ACTOR = {"validate_payment": "ops", "hand_to_courier": "ops", "sign_receipt": "courier"}


class World:
    """Handlers of any saga: what is not told otherwise works, and is counted.

    `tell` lists what the next calls of a handler do: `fail` says that nothing
    happened, `raise` says nothing and did nothing, `raise late` says nothing and did
    it; `yes`, `no` and `unknown` are answers of a probe, which else tells the truth.
    """

    def __init__(self, failed: type[Exception] = order_saga.Failed) -> None:
        self.failed = failed
        self.calls: list[str] = []
        self.contexts: list[Context] = []
        self.effects: Counter[str] = Counter()
        self.told: dict[str, list[Any]] = defaultdict(list)
        self.lock = threading.Lock()

    def tell(self, handler: str, *acts: Any) -> None:
        self.told[handler] += acts

    def __getattr__(self, handler: str) -> Callable[[Context], Any]:
        if handler.startswith("_"):
            raise AttributeError(handler)
        return lambda context: self._call(handler, context)

    def _call(self, handler: str, context: Context) -> Any:
        with self.lock:
            self.calls.append(handler)
            self.contexts.append(context)
            act = self.told[handler].pop(0) if self.told[handler] else ""
        if callable(act):
            return act(context)
        if handler.endswith("_status"):
            happened = bool(self.effects[self._asked_about(context)])
            return {"yes": True, "no": False, "unknown": None}.get(act, happened)
        if act == "fail":
            raise self.failed("it cannot be done")
        if act != "raise":
            with self.lock:
                self.effects[handler] += 1
        if act in ("raise", "raise late"):
            raise OSError("the line is dead")
        return None

    @staticmethod
    def _asked_about(context: Context) -> str:
        return context.idempotency_key.rpartition("/")[2]


def pass_time(store: Store, seconds: float) -> None:
    """Let time pass: everything that is stored happened so much earlier."""
    shift = round(seconds * 1000)
    for column in ("started", "deadline", "due", "lease"):
        store.database.execute(
            f"UPDATE saga_process SET {column} = {column} - ? WHERE {column} > ?",
            (shift, shift),
        )
    store.database.execute("UPDATE saga_event SET time = time - ?", (shift,))
    store.database.execute("UPDATE saga_tombstone SET forget = forget - ?", (shift,))


def paid(driver: Driver, order: str) -> None:
    """An order that is started, checked out and paid."""
    assert driver.start(order).accepted
    assert driver.fire(order, "check_out", by="user").accepted
    assert driver.fire(order, "make_payment", by="user").accepted


def log(store: Store, order: str) -> list[str]:
    """The log of an order, as `kind step`."""
    rows = store.database.rows(
        "SELECT event, step FROM saga_event WHERE aggregate_id = ? ORDER BY seq",
        (order,),
    )
    names = {int(step): step.name.lower() for step in order_saga.Step}
    return [f"{event} {names.get(step, '')}".rstrip() for event, step in rows]


def outcome(store: Store, order: str) -> str:
    """How an order has ended; empty if it has not."""
    rows = store.database.rows(
        "SELECT outcome FROM saga_tombstone WHERE aggregate_id = ?", (order,)
    )
    return str(rows[0][0]) if rows else ""


def outbox(store: Store) -> list[str]:
    """What is to be told of, as `order kind`."""
    rows = store.database.rows(
        "SELECT aggregate_id, event FROM saga_outbox ORDER BY id"
    )
    return [" ".join(row) for row in rows]
