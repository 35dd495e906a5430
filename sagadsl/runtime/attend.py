"""What goes on beside a worker that serves: delivery of the outbox, and forgetting."""

from __future__ import annotations

import math
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
LAST = 2.0  # seconds in which what is left is delivered at the end


@contextmanager
def attending(
    processes: Processes, relay: Relay, send: Send | None, poll: float
) -> Iterator[None]:
    """Deliver every `poll` seconds, and forget now and then, in a thread.

    At the end what is left is delivered for a moment, and not for as long as it takes:
    whoever has told the worker to end does not wait for that.
    """
    relay.until = math.inf
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
        relay.until = monotonic() + LAST
        stop.set()
        thread.join()
        relay.until = math.inf


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
