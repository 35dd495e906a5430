"""Keeping what a worker has, as long as it lives and its handlers are in time."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from time import monotonic

from sagadsl.runtime.call import Caller
from sagadsl.runtime.database import StoreError
from sagadsl.runtime.decide import Reply
from sagadsl.runtime.log import LOGGER, about
from sagadsl.runtime.processes import Processes
from sagadsl.runtime.turn import Call


class Keeper:
    """Renews the leases of the processes whose handlers are being called.

    A handler that overruns its timeout is not waited for: its lease ends, and whoever
    claims the process finds out what became of the step. `lease` is in milliseconds.
    """

    def __init__(self, processes: Processes, worker: str, lease: int) -> None:
        self.worker = worker
        self.lease = lease
        self._processes = processes
        self._calls: dict[int, Call] = {}
        self._sure: dict[int, float] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, call: Call) -> None:
        """Keep the process of a call, whose lease has just been written."""
        with self._lock:
            self._calls[id(call)] = call
            self._sure[id(call)] = monotonic() + self.lease / 2000
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="sagadsl-lease", daemon=True
                )
                self._thread.start()

    def perform(self, call: Call, caller: Caller) -> Reply:
        """Call a handler, unless the lease may have run out while it waited."""
        try:
            if monotonic() > self._sure[id(call)]:
                return Reply("idle", "it was not called: its lease had run out")
            return caller.perform(call)
        finally:
            with self._lock:
                self._calls.pop(id(call), None)
                self._sure.pop(id(call), None)

    def close(self) -> None:
        """Stop renewing."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self.lease / 4000):
            with self._lock:
                calls = dict(self._calls)
            if not calls:
                continue
            try:
                self._renew(calls)
            except StoreError as error:
                told = about(self._processes.saga.name)
                LOGGER.warning("leases could not be renewed: %s", error, extra=told)

    def _renew(self, calls: dict[int, Call]) -> None:
        before = monotonic()
        now = self._processes.database.now()
        kept = _in_time(calls.values(), now)
        renewed = self._processes.renew(kept, self.worker, self.lease)
        with self._lock:
            for number, call in calls.items():
                if call.aggregate_id in renewed and number in self._sure:
                    self._sure[number] = before + self.lease / 2000


def _in_time(calls: Iterable[Call], now: int) -> list[tuple[str, int]]:
    """The processes, with their fences, none of whose calls has timed out."""
    late: set[str] = set()
    kept: dict[str, int] = {}
    for call in calls:
        timeout = call.work.timeout
        if timeout and not call.probe and call.began + timeout < now:
            late.add(call.aggregate_id)
        kept[call.aggregate_id] = max(kept.get(call.aggregate_id, 0), call.fence)
    return [(key, fence) for key, fence in kept.items() if key not in late]
