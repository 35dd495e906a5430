"""Orders of twelve steps in a process of their own, by the runtime or by DBOS.

Each line that is read is a command and its numbers; the answer is how many seconds it
took. Both sides have the same commands.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count, islice
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

if TYPE_CHECKING:
    from dbos import WorkflowHandle

STEPS = 12
FATAL = 6  # the step in which an order that is to be killed is killed
THREADS = 8  # of DBOS: with 32 it takes longer


class Orders(Protocol):
    """What both sides can do."""

    def one(self, orders: int) -> None:
        """Start so many, and do the steps of each before the next."""
        ...

    def many(self, orders: int, at_a_time: int) -> None:
        """Start so many, and do the steps of several at a time."""
        ...

    def die(self) -> None:
        """Start an order, and be killed in the middle of a step."""
        ...

    def recover(self) -> None:
        """Bring the order to its end that the process before has left."""
        ...


class Ours:
    """The embedded runtime."""

    def __init__(self, url: str) -> None:
        from importlib import import_module

        from sagadsl.runtime import Driver, open_store

        self.fatal = 0
        self._ids = (f"{uuid4()}" for _ in count())
        saga = import_module("performed_saga")
        self._driver = Driver(saga, self, open_store(url), worker="bench")

    def __getattr__(self, handler: str) -> Callable[[Any], bool | None]:
        number = handler.rpartition("_")[2]
        if not number.isdigit():
            raise AttributeError(handler)
        if handler.startswith("asked"):
            return lambda _: False
        return lambda _: effect(int(number), self.fatal)

    def one(self, orders: int) -> None:
        """Start so many, and do the steps of each before the next."""
        for _ in range(orders):
            self._driver.start(next(self._ids))
            self._driver.run()

    def many(self, orders: int, at_a_time: int) -> None:
        """Start so many, and do the steps of several at a time."""
        self.start(orders)
        self.run(at_a_time)

    def start(self, orders: int) -> None:
        """Start so many, as the requests come that a service has."""
        ids = list(islice(self._ids, orders))
        with ThreadPoolExecutor(THREADS) as pool:
            for started in pool.map(self._driver.start, ids):
                assert started.accepted

    def run(self, at_a_time: int) -> None:
        """Do the steps of those that are started."""
        self._driver.run(at_a_time)

    def die(self) -> None:
        """Start an order, and be killed in the middle of a step."""
        self.fatal = FATAL
        self.one(1)

    def recover(self) -> None:
        """Bring the order to its end that the process before has left."""
        self._driver.run()


class Dbos:
    """A workflow of so many steps."""

    def __init__(self, url: str) -> None:
        from dbos import DBOS, SetWorkflowID

        self.fatal = 0
        self._dbos, self._set_id = DBOS, SetWorkflowID
        if url.startswith("sqlite"):
            log_ahead(url.removeprefix("sqlite:///"))
        DBOS(
            config={
                "name": "orders",
                "system_database_url": url,
                "log_level": "ERROR",
            }
        )
        steps = [self._step(number) for number in range(STEPS)]

        @DBOS.workflow(name="order")
        def order() -> None:
            for step in steps:
                step()

        self._order = order
        DBOS.launch()

    def _step(self, number: int) -> Callable[[], object]:
        step: Callable[[], object] = self._dbos.step(name=f"do_{number}")(
            lambda: effect(number, self.fatal)
        )
        return step

    def one(self, orders: int) -> None:
        """Start so many, and do the steps of each before the next."""
        for _ in range(orders):
            self._order()

    def many(self, orders: int, at_a_time: int) -> None:
        """Start so many, and do the steps of several at a time."""
        with ThreadPoolExecutor(at_a_time) as pool:
            for done in [pool.submit(self._order) for _ in range(orders)]:
                done.result()

    def die(self) -> None:
        """Start an order, and be killed in the middle of a step."""
        self.fatal = FATAL
        self._order()

    def recover(self) -> None:
        """Bring the order to its end that the process before has left."""
        for status in self._dbos.list_workflows(status=["PENDING", "ENQUEUED"]):
            name = status.workflow_id
            handle: WorkflowHandle[None] = self._dbos.retrieve_workflow(name)
            handle.get_result(polling_interval_sec=0.01)


def effect(number: int, fatal: int) -> None:
    """What each step does: nothing, unless it is to be the last."""
    if number == fatal > 0:
        os.kill(os.getpid(), signal.SIGKILL)


def log_ahead(path: str) -> None:
    """Have a file of SQLite be in the mode that the runtime uses, too."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()


def main() -> None:
    """Answer commands until there are no more."""
    side, url = sys.argv[1:]
    orders: Orders = Ours(url) if side == "ours" else Dbos(url)
    print("ready", flush=True)
    for line in sys.stdin:
        command, *numbers = line.split()
        start = perf_counter()
        getattr(orders, command)(*map(int, numbers))
        print(perf_counter() - start, flush=True)
    sys.stdout.flush()
    os._exit(0)  # DBOS would wait for its threads


if __name__ == "__main__":
    main()
