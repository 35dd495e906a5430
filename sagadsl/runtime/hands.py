"""The hands of a worker: they call the handlers, and hold what came of that."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from sagadsl.runtime.call import Caller
from sagadsl.runtime.decide import Reply
from sagadsl.runtime.lease import Keeper
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
        self._caller = caller
        self._keeper = keeper
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None
        self._arrived: queue.SimpleQueue[Arrived] = queue.SimpleQueue()
        self._counting = threading.Lock()

    def make(self, calls: Sequence[Call], since: float) -> None:
        """Make calls, whose leases count from `since`; without threads, wait for them.

        That is a time of `monotonic`.
        """
        make, made = self._submit if self._pool else self._perform, 0
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
        arrived: list[Arrived] = []
        while not self._arrived.empty():
            arrived.append(self._arrived.get())
        return arrived

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

    def close(self) -> None:
        """Wait for what was begun; the rest arrives as not called."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def _submit(self, call: Call) -> None:
        assert self._pool is not None
        made = self._pool.submit(self._perform, call)
        made.add_done_callback(partial(self._dropped, call))

    def _dropped(self, call: Call, made: Future[None]) -> None:
        if made.cancelled():
            self._drop(call)

    def _drop(self, call: Call) -> None:
        """Give a call back that will not be made."""
        why = "it was not called: the worker was stopped"
        self._arrived.put(Arrived(call, Reply("idle", why)))

    def _perform(self, call: Call) -> None:
        if self.stop and self.stop.is_set():
            self._drop(call)
            return
        with self._counting:
            self.made += 1
        answer = Reply("raised", "the worker was stopped")
        try:
            answer = self._keeper.perform(call, self._caller)
        finally:
            self._arrived.put(Arrived(call, answer))
