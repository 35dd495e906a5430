"""The driver of a saga: starts processes, takes events, and does all that is due."""

from __future__ import annotations

import json
import os
import secrets
import socket
import threading
from collections.abc import Mapping
from typing import Any, Self

from sagadsl.runtime import requests
from sagadsl.runtime.ask import Request, ask, missing
from sagadsl.runtime.call import Caller
from sagadsl.runtime.lease import Keeper
from sagadsl.runtime.processes import Processes
from sagadsl.runtime.result import Outcome, Result
from sagadsl.runtime.saga import Saga, SagaModule
from sagadsl.runtime.store import Store
from sagadsl.runtime.worker import Worker

LEASE = 10.0


class Driver:
    """One saga on a store: the only thing that a service needs of the runtime.

    `saga` is the emitted module, `handlers` has a method for each name in its
    `Handlers`. Any number of drivers, in any number of processes, may share a store.
    `worker` names this one: a driver that starts again under the name of one that died
    goes on at once with what that one had; so no two may live under one name. `lease`
    is for how many seconds others leave alone what this one is working on. `threads`
    handlers are called at a time; with 1, `run` calls them itself. With `archive` the
    log of a process that ends is kept in `saga_archive`.

    Raises `TypeError` if a handler is missing, `ValueError` if the saga has more steps
    than a store holds.
    """

    def __init__(
        self,
        saga: SagaModule,
        handlers: object,
        store: Store,
        *,
        worker: str = "",
        lease: float = LEASE,
        threads: int = 1,
        archive: bool = False,
    ) -> None:
        self.saga = Saga(saga)
        self.store = store
        self.worker = worker or f"{socket.gethostname()}-{os.getpid()}-{_token()}"
        self.processes = Processes(store, self.saga, archive=archive)
        self._lease = round(lease * 1000)
        self._caller = Caller(self.saga, handlers)
        self._keeper = Keeper(self.processes, self.worker, self._lease)
        self._threads = threads
        if worker:
            self.processes.free(self.worker)

    def start(
        self, aggregate_id: str, data: Mapping[str, Any] | None = None, by: str = ""
    ) -> Result:
        """Start a process: one for each id, once only.

        `data` is JSON that every handler is given. Accepted; already done if it is
        under way; refused if it has ended and is still remembered, with how. Raises
        `ValueError` if the id is empty or has characters that cannot be printed.
        """
        if not aggregate_id or not aggregate_id.isprintable():
            raise ValueError(f"the id of a process cannot be {aggregate_id!a}")
        text = json.dumps(data, separators=(",", ":")) if data else ""
        if self.processes.start(aggregate_id, by, text):
            return Result(Outcome.ACCEPTED)
        if self.processes.load(aggregate_id):
            why = f"{self.saga.name} {aggregate_id} is under way"
            return Result(Outcome.ALREADY_DONE, why)
        return missing(self.processes, aggregate_id)

    def fire(
        self,
        aggregate_id: str,
        action: str,
        by: str = "",
        data: Mapping[str, Any] | None = None,
        note: str = "",
    ) -> Result:
        """Take a step that an actor asks for or reports, or the saga's abort.

        An action of ours is performed before this returns, unless a worker has the
        process: then that one performs it. `data` is kept with the process. The result
        tells where it stands after that; an effect that failed is no refusal.
        """
        return self._ask(aggregate_id, requests.fire(action, by, data, note))

    def abort(self, aggregate_id: str, by: str = "operator", note: str = "") -> Result:
        """Give a process up, and have a worker take back what is done."""
        return self._ask(aggregate_id, requests.abort(by, note))

    def resolve(
        self,
        aggregate_id: str,
        action: str,
        *,
        happened: bool,
        by: str = "operator",
        note: str = "",
    ) -> Result:
        """Say whether a step that waits for a person has happened."""
        request = requests.resolve(action, happened, by, note)
        return self._ask(aggregate_id, request)

    def retry(
        self, aggregate_id: str, action: str, by: str = "operator", note: str = ""
    ) -> Result:
        """Have a step that waits for a person go on."""
        return self._ask(aggregate_id, requests.retry(action, by, note))

    def upgrade(
        self, aggregate_id: str, to: int | None = None, by: str = "operator"
    ) -> Result:
        """Move a process to another version, the newest if none is named."""
        return self._ask(aggregate_id, requests.upgrade(self.saga, to, by))

    def run(self, most: int = 64) -> int:
        """Do all that is due now, and what becomes due by it; how many calls it made.

        `most` processes are taken at a time, and written in one transaction.
        """
        with self._worker(most) as worker:
            return worker.run(None)

    def serve(self, stop: threading.Event, most: int = 64, poll: float = 0.2) -> int:
        """Do what is due until `stop` is set; how many calls were made.

        It looks every `poll` seconds for what others have made due.
        """
        with self._worker(most) as worker:
            return worker.run(stop, poll)

    def close(self) -> None:
        """Stop renewing leases, and end the loop of async handlers."""
        self._keeper.close()
        self._caller.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _worker(self, most: int) -> Worker:
        worker = (self.processes, self._caller, self._keeper, self._threads, most)
        return Worker(*worker)

    def _ask(self, aggregate_id: str, request: Request) -> Result:
        """Ask, make the calls that follow, and take what comes of them."""
        at = (self.worker, self._lease)
        result, calls = ask(self.processes, aggregate_id, request, *at)
        for call in calls:
            self._keeper.add(call)
            answer = self._keeper.perform(call, self._caller)
            after = requests.tell(self.processes, call, answer, *at)
            result = after._replace(outcome=Outcome.ACCEPTED)
        return result


def _token() -> str:
    return secrets.token_hex(4)
