"""Orders of twelve steps in a process of their own: by the runtime, DBOS or Restate.

Each line that is read is a command and its numbers; the answer is how many seconds it
took. All sides have the same commands, but Restate's only those about a death.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count, islice
from time import perf_counter, sleep
from typing import TYPE_CHECKING, Any, Protocol
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import uuid4

if TYPE_CHECKING:
    from dbos import WorkflowHandle

STEPS = 12
FATAL = 6  # the step in which an order that is to be killed is killed
THREADS = 8  # of DBOS: with 32 it takes longer


class Orders(Protocol):
    """What all sides can do."""

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


class Restate:
    """A workflow of so many steps, on a server: `url` tells where, and which order."""

    def __init__(self, url: str) -> None:
        import restate
        from engine_workers import serve

        self.fatal = 0
        self._at = json.loads(url)
        workflow = restate.Workflow("order")

        async def run(context: restate.WorkflowContext, given: dict[str, Any]) -> None:
            del given
            for number in range(STEPS):
                step = partial(effect, number, self.fatal)
                await context.run_typed(f"do_{number}", step)

        run.__annotations__["context"] = restate.WorkflowContext
        workflow.main()(run)
        served = serve([workflow], int(self._at["port"]), asyncio.Event())
        threading.Thread(target=asyncio.run, args=(served,), daemon=True).start()

    def die(self) -> None:
        """Start an order, and be killed in the middle of a step."""
        self.fatal = FATAL
        worker = {"uri": f"http://127.0.0.1:{self._at['port']}", "force": True}
        while not self._asked(f"{self._at['admin']}/deployments", worker):
            sleep(0.1)  # it does not listen yet
        self._asked(f"{self._at['ingress']}/order/{self._at['order']}/run", {})

    def recover(self) -> None:
        """Bring the order to its end that the process before has left."""
        order = f"restate/workflow/order/{self._at['order']}/attach"
        assert self._asked(f"{self._at['ingress']}/{order}")

    def _asked(self, url: str, given: object = None) -> bool:
        """Whether the server does as it is asked, which it says when it is done."""
        body = None if given is None else json.dumps(given).encode()
        request = Request(url, body, {"content-type": "application/json"})
        try:
            urlopen(request).close()
        except HTTPError:
            return False
        return True


def effect(number: int, fatal: int) -> None:
    """What each step does: nothing, unless it is to be the last."""
    if number == fatal > 0:
        os.kill(os.getpid(), signal.SIGKILL)


def log_ahead(path: str) -> None:
    """Have a file of SQLite be in the mode that the runtime uses, too."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()


SIDES: dict[str, Callable[[str], Orders]] = {
    "ours": Ours,
    "dbos": Dbos,
    "restate": Restate,
}


def main() -> None:
    """Answer commands until there are no more."""
    side, url = sys.argv[1:]
    orders: Orders = SIDES[side](url)
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
