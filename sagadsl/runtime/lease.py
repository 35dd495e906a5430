"""Keeping what a worker has, as long as it lives and its handlers are in time."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from time import monotonic

from sagadsl.runtime.call import Caller
from sagadsl.runtime.database import StoreError
from sagadsl.runtime.decide import Reply
from sagadsl.runtime.log import LOGGER, about
from sagadsl.runtime.processes import Processes
from sagadsl.runtime.turn import Call


@dataclass
class _Kept:
    """A call: since when it waits, till when its lease is sure, and when it is over."""

    call: Call
    since: float
    sure: float
    until: float = math.inf
    begun: bool = False


class Keeper:
    """Renews the leases of processes from a call until what came of it is written.

    A handler that overruns its timeout is not waited for: the lease ends when no other
    of the process is in its time, and whoever claims it finds out what became of the
    step. The timeout counts from the moment in which the handler is called: until then
    the call may wait for a thread. `lease` is in milliseconds. What is in `beside` is
    done each time after that, in the same thread.
    """

    def __init__(self, processes: Processes, worker: str, lease: int) -> None:
        self.worker = worker
        self.lease = lease
        self.saga = processes.saga.name
        self.beside: set[Callable[[], None]] = set()
        self._processes = processes
        self._kept: dict[int, _Kept] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, call: Call, since: float) -> None:
        """Keep the process of a call, whose lease was written as one from `since` on.

        That is a time of `monotonic`: whoever wrote may have waited for others.
        """
        with self._lock:
            self._kept[id(call)] = _Kept(call, since, since + self.lease / 2000)
            if self._thread is None:
                thread = threading.Thread(
                    target=self._run, name="sagadsl-lease", daemon=True
                )
                thread.start()
                self._thread = thread

    def perform(self, call: Call, caller: Caller) -> Reply:
        """Call a handler, unless the lease may have run out while it waited.

        The call is kept until it is dropped, since what came of it is not yet written.
        """
        kept, now = self._kept[id(call)], monotonic()
        if now > kept.sure:
            return Reply("idle", "it was not called: its lease had run out")
        if call.work.timeout and not call.probe:
            kept.until = now + call.work.timeout / 1000
        waited, kept.begun = round((now - kept.since) * 1000), True
        try:
            return caller.perform(call._replace(began=call.began + waited))
        finally:
            kept.until, kept.begun = math.inf, False

    def drop(self, call: Call) -> None:
        """Keep a call no more: what came of it is written, or never will be."""
        with self._lock:
            self._kept.pop(id(call), None)

    def has_another(self, call: Call) -> bool:
        """Whether one more call is kept of what a process was taken for."""
        of = (call.aggregate_id, call.fence)
        with self._lock:
            others = [one.call for one in self._kept.values() if one.call is not call]
        return any((one.aggregate_id, one.fence) == of for one in others)

    def close(self) -> None:
        """Stop renewing."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self.lease / 4000):
            with self._lock:
                kept = list(self._kept.values())
            if not kept:
                continue
            try:
                self._renew(kept)
                for do in self.beside.copy():
                    do()
            except StoreError as error:
                told = about(self.saga)
                LOGGER.warning("leases could not be renewed: %s", error, extra=told)

    def _renew(self, kept: Sequence[_Kept]) -> None:
        before = monotonic()
        wanted = _in_time(kept, before)
        renewed = self._processes.renew(wanted, self.worker, self.lease)
        ours = {(key, fence) for key, fence in wanted if key in renewed}
        for one in kept:
            if (one.call.aggregate_id, one.call.fence) in ours:
                one.sure = before + self.lease / 2000


def _in_time(kept: Iterable[_Kept], now: float) -> list[tuple[str, int]]:
    """The processes, with their fences, that are not to be taken by others.

    Of one with a call that has timed out it is so while another goes on, which would be
    held to be lost as well. One from before a process was taken again counts for none.
    """
    late: set[tuple[str, int]] = set()
    going: set[tuple[str, int]] = set()
    fences: dict[str, int] = {}
    for one in kept:
        key, fence = one.call.aggregate_id, one.call.fence
        if one.until < now:
            late.add((key, fence))
        elif one.begun:
            going.add((key, fence))
        fences[key] = max(fences.get(key, 0), fence)
    return [held for held in fences.items() if held in going or held not in late]
