"""A worker: takes what is due, writes what follows, and calls the handlers.

Each turn is one transaction for all processes that have something to write (group
commit), and the handlers are called only after it.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import NamedTuple, Self

from sagadsl.runtime.call import Caller
from sagadsl.runtime.database import StoreError
from sagadsl.runtime.decide import Reply, reply, settle
from sagadsl.runtime.lease import Keeper
from sagadsl.runtime.log import LOGGER, about
from sagadsl.runtime.process import Log, Process
from sagadsl.runtime.processes import Processes
from sagadsl.runtime.requests import tell
from sagadsl.runtime.turn import Call, Change, Turn

Arrived = tuple[Call, Reply]
LOOK = 20  # milliseconds between two looks for what is due, while there are replies


class Held(NamedTuple):
    """A process that a worker has: `live` are the steps whose handler is called.

    It is looked at again at the time `wake`, 0 for never.
    """

    process: Process
    log: Log
    live: set[int]
    wake: int


class Worker:
    """Does what is due; times are in milliseconds, `poll` in seconds."""

    def __init__(
        self,
        processes: Processes,
        caller: Caller,
        keeper: Keeper,
        threads: int,
        most: int,
    ) -> None:
        self._processes = processes
        self._caller = caller
        self._keeper = keeper
        self._most = most
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None
        self._held: dict[str, Held] = {}
        self._arrived: queue.SimpleQueue[Arrived] = queue.SimpleQueue()
        self._calls: list[Call] = []
        self._made = 0
        self._counting = threading.Lock()
        self._stop: threading.Event | None = None
        self._stopping = False
        self._more = True
        self._unread: set[str] = set()
        self._looked = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        """Wait for calls, and write what came of them; what was not made goes back."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
        self._stopping = True
        if not self._arrived.empty():
            with suppress(StoreError):  # then their leases run out
                self._turn(self._collect())

    def run(self, stop: threading.Event | None, poll: float = 0.2) -> int:
        """Do what is due until `stop` is set; without it, until nothing is due.

        Gives back how many calls it made. Until it is stopped it outlives a store that
        cannot be reached for a while; without `stop` it raises `StoreError`.
        """
        self._stop = stop
        while not self._stopping or self._held:
            arrived = self._collect()
            try:
                worked = self._turn(arrived)
            except StoreError as error:
                if stop is None or self._stopping:
                    raise
                told = about(self._processes.saga.name)
                why = "the store cannot be used, trying again: %s"
                LOGGER.warning(why, error, extra=told)
                self._unread = set(self._held)  # a turn had changed what is in memory
                stop.wait(poll)
                worked = True
            for one in arrived:
                self._arrived.put(one)
            self._dispatch()
            self._stopping = stop.is_set() if stop else not worked and not self._held
            if not worked and not self._stopping:
                self._rest(stop, poll)
        return self._made

    def _collect(self) -> list[Arrived]:
        arrived: list[Arrived] = []
        while not self._arrived.empty():
            arrived.append(self._arrived.get())
        return arrived

    def _rest(self, stop: threading.Event | None, poll: float) -> None:
        """Wait for a reply, or for something to become due."""
        if self._held:
            try:
                self._arrived.put(self._arrived.get(timeout=poll))
            except queue.Empty:
                self._notice()
        elif stop:
            now = self._processes.database.now()
            due = self._processes.next_due(now)
            stop.wait(min(max(due - now, 0) / 1000, poll) if due else poll)

    def _notice(self) -> None:
        """Look for what others have done to the processes that are held here."""
        now_held = self._processes.held(self._keeper.worker)
        for key, held in list(self._held.items()):
            seq, fence = now_held.get(key, (0, 0))
            if fence == held.process.fence and seq != held.process.seq:
                self._reload(key)

    def _turn(self, arrived: list[Arrived]) -> bool:
        """Write what follows from replies and from what is due; whether there was any.

        The handlers that are to be called are called when all of it is durable. The
        replies that are left in `arrived` are to be taken again.
        """
        database = self._processes.database
        while self._unread:
            self._reload(min(self._unread))
        now = database.now()
        due = [key for key, held in self._held.items() if 0 < held.wake <= now]
        room = 0 if self._stopping else self._most - len(self._held)
        claim = room > 0 and (self._more or self._is_due(now, busy=bool(arrived)))
        if not arrived and not due and not claim:
            return False
        late: list[Arrived] = []
        with database.transaction():
            turns = self._answered(arrived, now, late)
            claimed = self._claim(room, now) if claim else []
            for key in (*due, *claimed):
                if key not in turns:
                    turns[key] = self._turn_of(self._held[key], now)
            calls, refused = self._write(turns)
        self._calls = calls
        self._more = len(claimed) == room > 0
        worked = bool(arrived or due or claimed)
        again = [a for a in arrived if a[0].aggregate_id in refused and a not in late]
        arrived[:] = [*again, *late]
        while late:
            call, answer = late.pop()
            tell(self._processes, call, answer, self._keeper.worker, self._keeper.lease)
            arrived.pop()
        return worked

    def _is_due(self, now: int, *, busy: bool) -> bool:
        """Whether there is something to be claimed; who is busy looks now and then."""
        if busy and now < self._looked + LOOK:
            return False
        self._looked = now
        return 0 < self._processes.next_due(now) <= now

    def _claim(self, room: int, now: int) -> list[str]:
        """Take processes that are due."""
        keeper = self._keeper
        claimed = self._processes.claim(keeper.worker, keeper.lease, room, now)
        for process, log in claimed:
            self._held[process.aggregate_id] = Held(process, log, set(), 0)
        return [process.aggregate_id for process, _ in claimed]

    def _answered(
        self, arrived: list[Arrived], now: int, late: list[Arrived]
    ) -> dict[str, Turn]:
        """The turns that take replies; those to what was taken away are late."""
        turns: dict[str, Turn] = {}
        for call, answer in arrived:
            key = call.aggregate_id
            held = self._held.get(key)
            if held is None or held.process.fence != call.fence:
                late.append((call, answer))
                continue
            if key not in turns:
                turns[key] = self._turn_of(held, now)
            reply(turns[key], call, answer)
        return turns

    def _turn_of(self, held: Held, now: int) -> Turn:
        version = self._processes.saga.versions[held.process.version]
        turn = Turn(version, held.process, held.log, set(held.live), now)
        turn.owned = True
        return turn

    def _write(self, turns: dict[str, Turn]) -> tuple[list[Call], set[str]]:
        """Go on as far as it leads, and write that.

        Gives back the calls that follow, and the processes that others had changed.
        """
        keeper = self._keeper
        changes: list[Change] = []
        for turn in turns.values():
            settle(turn, perform=not self._stopping)
            changes.append(turn.change(turn.now + keeper.lease, keeper.worker))
        calls: list[Call] = []
        refused: set[str] = set()
        written = self._processes.write(changes)
        for key, change, ok in zip(turns, changes, written, strict=True):
            turn = turns[key]
            if not ok:
                refused.add(key)
                self._reload(key)
                continue
            calls += turn.calls
            if turn.ended or not turn.live:
                del self._held[key]
            else:
                wake = min(turn.wakes, default=0)
                self._held[key] = Held(change.after, turn.log, turn.live, wake)
        return calls, refused

    def _reload(self, key: str) -> None:
        """Read a process again that another has changed; drop it if it was taken."""
        held = self._held[key]
        found = self._processes.load(key)
        del self._held[key]
        self._unread.discard(key)
        if found and found[0].fence == held.process.fence:
            self._held[key] = Held(*found, held.live, 1)
        else:
            name, told = self._processes.saga.name, about(*held.process[:2])
            LOGGER.warning("%s %s was taken by another worker", name, key, extra=told)

    def _dispatch(self) -> None:
        """Call handlers: one after the other here, or several in threads."""
        for call in self._calls:
            self._keeper.add(call)
        if self._pool is None:
            self._in_turn(self._calls)
        else:
            for call in self._calls:
                made = self._pool.submit(self._perform, call)
                made.add_done_callback(partial(self._dropped, call))
        self._calls.clear()

    def _in_turn(self, calls: Sequence[Call]) -> None:
        made = 0
        try:
            for made, call in enumerate(calls, 1):  # noqa: B007  read where it breaks off
                self._perform(call)
        finally:
            for call in calls[made:]:
                self._drop(call)

    def _dropped(self, call: Call, made: Future[None]) -> None:
        if made.cancelled():
            self._drop(call)

    def _drop(self, call: Call) -> None:
        """Give a call back that will not be made."""
        self._keeper.drop(call)
        why = "it was not called: the worker was stopped"
        self._arrived.put((call, Reply("idle", why)))

    def _perform(self, call: Call) -> None:
        if self._stop and self._stop.is_set():
            self._drop(call)
            return
        with self._counting:
            self._made += 1
        answer = Reply("raised", "the worker was stopped")
        try:
            answer = self._keeper.perform(call, self._caller)
        finally:
            self._arrived.put((call, answer))
