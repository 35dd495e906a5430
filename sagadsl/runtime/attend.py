"""What goes on beside a worker that serves: delivery of the outbox, and forgetting."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from sagadsl.runtime.database import StoreError
from sagadsl.runtime.log import LOGGER, about
from sagadsl.runtime.processes import Processes
from sagadsl.runtime.purge import purge
from sagadsl.runtime.relay import Relay, Send

PURGE_EVERY = 600.0


@contextmanager
def attending(
    processes: Processes, relay: Relay, send: Send | None, poll: float
) -> Iterator[None]:
    """Deliver every `poll` seconds, and forget now and then, in a thread.

    At the end all that is left is delivered, as far as it can be.
    """
    stop = threading.Event()
    attendant = _Attendant(processes, relay, send)

    def run() -> None:
        while not stop.wait(poll):
            attendant.attend()
        attendant.attend()

    thread = threading.Thread(target=run, name="sagadsl-attendant", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


class _Attendant:
    def __init__(self, processes: Processes, relay: Relay, send: Send | None) -> None:
        self._processes = processes
        self._relay = relay
        self._send = send
        self._purged = 0.0

    def attend(self) -> None:
        """Do what there is to do; a store that cannot be used is only told of."""
        name = self._processes.saga.name
        try:
            if self._send is not None:
                self._relay.deliver(self._send)
            if monotonic() >= self._purged:
                purge(self._processes.database, name)
                self._purged = monotonic() + PURGE_EVERY
        except StoreError as error:
            told = about(name)
            LOGGER.warning("the store cannot be used: %s", error, extra=told)
