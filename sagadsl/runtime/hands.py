"""The hands of a worker: they call the handlers, and hold what came of that."""

from __future__ import annotations

import math
import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import NamedTuple

from sagadsl.runtime.call import Caller
from sagadsl.runtime.decide import Reply
from sagadsl.runtime.lease import Keeper
from sagadsl.runtime.log import LOGGER, about
from sagadsl.runtime.turn import Call


class Arrived(NamedTuple):
    """What came of a call."""

    call: Call
    reply: Reply

    @property
    def key(self) -> str:
        """The process that it is of."""
        return self.call.aggregate_id


class Hands:
    """Makes calls one after the other, or as many at a time as there are threads.

    Once `stop` is set none is begun; `made` counts those that were.
    """

    def __init__(self, caller: Caller, keeper: Keeper, threads: int) -> None:
        self.stop: threading.Event | None = None
        self.made = 0
        self.several = threads > 1
        self._caller = caller
        self._keeper = keeper
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads) if self.several else None
        self._arrived: queue.SimpleQueue[Arrived] = queue.SimpleQueue()
        self._told: list[Arrived] = []
        self._handing = threading.Lock()  # what is told of is not collected meanwhile
        self._lock = threading.Lock()
        self._waiting: dict[int, Call] = {}  # whoever takes one out answers for it
        self._ends: dict[int, float] = {}  # till when each handler is in time

    @property
    def hung(self) -> bool:
        """Whether no thread is left but for handlers that have overrun their time."""
        now = monotonic()
        with self._lock:
            return sum(end < now for end in self._ends.values()) >= self._threads

    def make(self, calls: Sequence[Call], since: float) -> None:
        """Make calls, whose leases count from `since`; without threads, wait for them.

        That is a time of `monotonic`.
        """
        make, made = self._submit if self._pool else self._perform, 0
        with self._lock:
            self._waiting.update((id(call), call) for call in calls)
        try:
            for call in calls:
                self._keeper.add(call, since)
            for made, call in enumerate(calls, 1):  # noqa: B007  read where it breaks off
                make(call)
        finally:
            for call in calls[made:]:
                self._drop(call)

    def collect(self) -> list[Arrived]:
        """Take what has arrived; it is kept until it is released."""
        if self.hung:
            self._give_back()
        with self._handing:
            told, self._told = self._told, []
            return [*told, *self._drain()]

    def put_back(self, arrived: Iterable[Arrived]) -> None:
        """Have it collected again."""
        for one in arrived:
            self._arrived.put(one)

    def wait(self, seconds: float) -> None:
        """Wait until something arrives, and leave it there."""
        with suppress(queue.Empty):
            self._arrived.put(self._arrived.get(timeout=seconds))

    def release(self, arrived: Iterable[Arrived]) -> None:
        """Keep no more what has been written, or cannot be."""
        for call, _ in arrived:
            self._keeper.drop(call)

    def hand_over(self, tell: Callable[[Arrived], None]) -> None:
        """Tell of what waits for the one thread there is, if that does not come back.

        It is for another thread; the worker collects that it was told of, and finds
        that there is nothing to write of it.
        """
        if self.several or not self.hung:
            return
        with self._handing:
            self._give_back()
            arrived = self._drain()
            try:
                while arrived:
                    tell(arrived[0])
                    call, _ = arrived.pop(0)
                    self._keeper.drop(call)
                    self._told.append(Arrived(call, Reply("told")))
            finally:
                self.put_back(arrived)

    def close(self, *, wait: bool) -> None:
        """Begin nothing more, which arrives as not called; wait for what was begun."""
        if self._pool is not None:
            self._pool.shutdown(wait=wait, cancel_futures=True)

    def _drain(self) -> list[Arrived]:
        arrived: list[Arrived] = []
        while not self._arrived.empty():
            with suppress(queue.Empty):  # another thread was faster
                arrived.append(self._arrived.get_nowait())
        return arrived

    def _give_back(self) -> None:
        """Have what still waits for a thread arrive as not called."""
        with self._lock:
            waiting = [*self._waiting.values()]
        if waiting:
            why = "calls given back, each thread has one out of time: %d"
            LOGGER.error(why, len(waiting), extra=about(self._keeper.saga))
        for call in waiting:
            self._drop(call, "no thread was free: each had a call out of time")

    def _submit(self, call: Call) -> None:
        assert self._pool is not None
        made = self._pool.submit(self._perform, call)
        made.add_done_callback(partial(self._dropped, call))

    def _dropped(self, call: Call, made: Future[None]) -> None:
        if made.cancelled():
            self._drop(call)

    def _drop(self, call: Call, why: str = "the worker was stopped") -> None:
        """Give a call back that will not be made."""
        if self._take(call):
            self._arrived.put(Arrived(call, Reply("idle", f"it was not called: {why}")))

    def _take(self, call: Call) -> bool:
        """Take a call that waits, unless another has."""
        with self._lock:
            return self._waiting.pop(id(call), None) is not None

    def _perform(self, call: Call) -> None:
        if self.stop and self.stop.is_set():
            self._drop(call)
        if not self._take(call):
            return
        timeout = call.work.timeout / 1000 or math.inf
        with self._lock:
            self.made += 1
            self._ends[id(call)] = monotonic() + timeout
        answer = Reply("raised", "the worker was stopped")
        try:
            answer = self._keeper.perform(call, self._caller)
        finally:
            with self._lock:
                del self._ends[id(call)]
            self._arrived.put(Arrived(call, answer))
