"""The driver of a saga: starts processes, takes events, and does all that is due."""

from __future__ import annotations

import inspect
import os
import secrets
import socket
import threading
from collections.abc import Collection, Mapping
from time import monotonic
from typing import Any, Self

from sagadsl.runtime import purge, requests, telemetry
from sagadsl.runtime.ask import Request, ask, missing
from sagadsl.runtime.attend import attending
from sagadsl.runtime.call import Caller
from sagadsl.runtime.given import as_json, as_text, checked_id
from sagadsl.runtime.lease import Keeper
from sagadsl.runtime.listing import Condition, Listed, Listing
from sagadsl.runtime.process import TOLD
from sagadsl.runtime.processes import Processes
from sagadsl.runtime.relay import Message, Relay, Send
from sagadsl.runtime.result import Outcome, Result
from sagadsl.runtime.saga import Saga, SagaModule
from sagadsl.runtime.store import Store
from sagadsl.runtime.worker import Worker

LEASE = 10.0
TRIES = 3  # of a start, where what was in its way is forgotten meanwhile


class Driver:
    """One saga on a store: the only thing that a service needs of the runtime.

    `saga` is the emitted module, `handlers` has a method for each name in its
    `Handlers`. Any number of drivers, in any number of processes, may share a store.
    `worker` names this one: a driver that starts again under the name of one that died
    goes on at once with what that one had; so no two may live under one name. `lease`
    is for how many seconds others leave alone what this one is working on. `threads`
    handlers are called at a time; with 1, `run` calls them itself. With `archive` the
    log of a process that ends is kept in `saga_archive`. `publish` names the events
    that go to the outbox, for `deliver`.

    Raises `TypeError` if a handler is missing or `store` is none, `ValueError` if the
    saga has more steps than a store holds, or there is no event of a name.
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
        publish: Collection[str] = TOLD,
    ) -> None:
        if not isinstance(store, Store):
            raise TypeError("the store is no `Store`: write `open_store(url)`")
        self.saga = Saga(saga)
        self.store = store
        self.worker = worker or f"{socket.gethostname()}-{os.getpid()}-{_token()}"
        self.processes = Processes(store, self.saga, archive=archive, publish=publish)
        self.listing = Listing(store.database, self.saga.name, self.saga)
        self._lease = round(lease * 1000)
        self._caller = Caller(self.saga, handlers)
        if telemetry.INSTALLED:
            told = telemetry.Telemetry(self.saga.name, self.count)
            self._caller.telemetry = told
            self.processes.written = told.written
        self._keeper = Keeper(self.processes, self.worker, self._lease)
        self._relay = Relay(self.processes, self.worker, self._lease)
        self._threads = threads
        if worker:
            self.processes.free(self.worker)

    def start(
        self, aggregate_id: str, data: Mapping[str, Any] | None = None, by: str = ""
    ) -> Result:
        """Start a process: one for each id, once only.

        `data` is JSON that every handler is given. Accepted; already done if it is
        under way; refused if it has ended and is still remembered, with how. Raises
        `ValueError` unless the id is 1 to 255 characters that can be printed.
        """
        key, kept = checked_id(aggregate_id), as_text(data)
        for _ in range(TRIES):
            if self.processes.start(key, by, kept):
                return Result(Outcome.ACCEPTED)
            if self.processes.load(key):
                why = f"{self.saga.name} {key} is under way"
                return Result(Outcome.ALREADY_DONE, why)
            ended = missing(self.processes, key)
            if ended.outcome is not Outcome.UNKNOWN:
                break
        return ended

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
        kept = as_json(data) if data else None
        return self._ask(aggregate_id, requests.fire(action, by, kept, note))

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

    def look(self, aggregate_id: str) -> Result:
        """Where a process stands, if it is under way: its record and its states.

        The reason tells what waits for a person.
        """
        return self._ask(aggregate_id, requests.look())

    def run(self, most: int = 64) -> int:
        """Do all that is due now, and what becomes due by it; how many calls it made.

        `most` processes are taken at a time, and written in one transaction.
        """
        with self._worker(most) as worker:
            return worker.run(None)

    def serve(
        self,
        stop: threading.Event,
        most: int = 64,
        poll: float = 0.2,
        send: Send | None = None,
    ) -> int:
        """Do what is due until `stop` is set; how many calls were made.

        It looks every `poll` seconds for what others have made due, delivers the outbox
        to `send` if there is one, and now and then forgets what need not be remembered.
        """
        sender = self._sender(send) if send else None
        beside = attending(self.processes, self._relay, sender, poll)
        with beside, self._worker(most) as worker:
            return worker.run(stop, poll)

    def deliver(self, send: Send) -> int:
        """Send what waits in the outbox; how many messages were sent.

        Each is sent at least once, those of one process in their order. One whose
        sending raises is kept, with the later ones of its process, and sent again in a
        later call, after a pause. While another worker delivers, this one does not.
        """
        return self._relay.deliver(self._sender(send))

    def select(
        self, *conditions: Condition, state: str = "", limit: int = 100
    ) -> list[Listed]:
        """So many processes in these conditions, or in any, the pressing ones first."""
        return self.listing.select(*conditions, state=state, limit=limit)

    def count(self, state: str = "") -> dict[Condition, int]:
        """How many processes there are in each condition, of those in a state."""
        return self.listing.count(state)

    def purge(self, *, archives: bool = False) -> purge.Purged:
        """Forget the processes that were to be remembered until now.

        What was archived of those that nobody remembers any more goes if asked for.
        """
        database = self.processes.database
        return purge.purge(database, self.saga.name, archives=archives)

    def close(self) -> None:
        """Stop renewing leases, and end the loop of async handlers."""
        self._keeper.close()
        self._caller.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _sender(self, send: Send) -> Send:
        """What sends a message, and waits for it if it is async."""

        def sent(message: Message) -> None:
            answer = send(message)
            if inspect.isawaitable(answer):
                self._caller.wait(answer)

        return sent

    def _worker(self, most: int) -> Worker:
        worker = (self.processes, self._caller, self._keeper, self._threads, most)
        return Worker(*worker)

    def _ask(self, aggregate_id: str, request: Request) -> Result:
        """Ask, make the calls that follow, and take what comes of them."""
        at, since = (self.worker, self._lease), monotonic()
        result, calls = ask(self.processes, aggregate_id, request, *at)
        for call in calls:
            try:
                self._keeper.add(call, since)
                answer = self._keeper.perform(call, self._caller)
                after = requests.tell(self.processes, call, answer, *at)
            finally:
                self._keeper.drop(call)
            result = after._replace(outcome=Outcome.ACCEPTED)
        return result


def _token() -> str:
    return secrets.token_hex(4)
