"""A worker: takes what is due, writes what follows, and calls the handlers.

Each turn is one transaction for all processes that have something to write (group
commit), and the handlers are called only after it.
"""

from __future__ import annotations

import threading
from collections.abc import Container, Iterable
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Self

from sagadsl.runtime.aside import Aside
from sagadsl.runtime.call import Caller
from sagadsl.runtime.database import DamagedError, StoreError, UnwritableError
from sagadsl.runtime.decide import reply, settle
from sagadsl.runtime.hands import Arrived, Hands
from sagadsl.runtime.late import Late
from sagadsl.runtime.lease import Keeper
from sagadsl.runtime.log import LOGGER, about
from sagadsl.runtime.plan import Held, Plan, everything, one_process
from sagadsl.runtime.processes import Processes
from sagadsl.runtime.turn import Call, Change, Turn

LOOK = 20  # milliseconds between two looks for what is due, while there are replies


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
        self._keeper = keeper
        self._most = most
        self._hands = Hands(caller, keeper, threads)
        self._held: dict[str, Held] = {}
        self._calls: list[Call] = []
        self._stopping = False
        self._performs = True
        self._more = True
        self._unread: set[str] = set()
        self._looked = 0
        self._noticed = 0.0
        self._since = 0.0
        self._alone = 0  # turns of one process each, until several have one again
        self._aside = Aside(processes.saga.name, keeper.lease)
        self._late = Late(processes, keeper, self._aside)
        self._beside = partial(self._hands.hand_over, self._late.tell)

    def __enter__(self) -> Self:
        self._keeper.beside.add(self._beside)
        return self

    def __exit__(self, *exception: object) -> None:
        """What was not made goes back; wait for calls, and write what came of them."""
        self._keeper.beside.discard(self._beside)
        self._stopping = True
        for wait in (False, True):
            self._hands.close(wait=wait)
            arrived = self._hands.collect()
            with suppress(StoreError):  # then their leases run out
                while arrived and self._turn(arrived):
                    pass
            self._hands.put_back(arrived)
        self._hands.release(arrived)

    def run(self, stop: threading.Event | None, poll: float = 0.2) -> int:
        """Do what is due until `stop` is set; without it, until nothing is due.

        Gives back how many calls it made. Until it is stopped it outlives a store that
        cannot be reached for a while; without `stop` it raises `StoreError`.
        """
        self._hands.stop = stop
        worked = True
        while not self._stopping or self._held:
            arrived: list[Arrived] = []
            try:
                if not worked:
                    self._rest(stop, poll)
                self._notice(poll)
                arrived += self._hands.collect()
                worked = self._turn(arrived)
            except StoreError as error:
                if stop is None or self._stopping:
                    raise
                told = about(self._processes.saga.name)
                why = "the store cannot be used, trying again: %s"
                LOGGER.warning(why, error, extra=told)
                stop.wait(poll)
                worked = True
            finally:
                self._hands.put_back(arrived)
            self._hands.make(self._calls, self._since)
            self._calls = []
            self._stopping = stop.is_set() if stop else not worked and not self._held
        return self._hands.made

    def _rest(self, stop: threading.Event | None, poll: float) -> None:
        """Wait for a reply, or for something to become due."""
        if self._held or self._hands.hung:
            self._hands.wait(poll)
        elif stop:
            now = self._processes.database.now()
            due, _ = self._processes.first_due(now, self._aside.barred)
            # What is due already was not to be had: another has its row.
            stop.wait(min(max(due - now, LOOK) / 1000, poll) if due else poll)

    def _notice(self, poll: float) -> None:
        """Look now and then for what others have done to the processes held here."""
        if not self._held or monotonic() < self._noticed + poll:
            return
        self._noticed = monotonic()
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
        plan = self._plan(arrived)
        if plan.empty:
            self._alone = 0
            return False
        late: list[Arrived] = []
        turns: dict[str, Turn] = {}
        before = self._held.copy()
        try:
            with self._processes.database.transaction():
                # Others may have been waited for until here.
                self._since, now = monotonic(), self._processes.database.now()
                turns |= self._answered(plan.taken, now, late)
                claimed = self._claim(plan.room, now) if plan.room else []
                # What is late is told first: it may be what a turn would ask for.
                others = {*turns, *(one.key for one in late)}
                turns |= self._going((*plan.due, *claimed), others, now)
                calls, refused = self._write(turns)
        except BaseException as error:
            self._held, self._unread = before, set(before)  # whose logs have changed
            self._late.doubt(turns, arrived)
            if isinstance(error, UnwritableError) and (turns or plan.room):
                self._leave_out([*turns], arrived, error)
                return True
            raise
        self._calls = calls
        self._alone = max(self._alone - 1, 0)
        self._more = len(claimed) == plan.room > 0
        again = [a for a in plan.taken if a.key in refused and a not in late]
        self._hands.release([one for one in plan.taken if one not in again])
        arrived[:] = [*plan.left, *again, *late]
        while late:
            self._late.tell(late.pop())
            arrived.pop()
        return bool(plan.taken or plan.due or claimed)

    def _plan(self, arrived: list[Arrived]) -> Plan:
        """All there is to do; one process of it, where one of many was refused."""
        while self._unread:
            self._reload(min(self._unread))
        now = self._processes.database.now()
        self._performs = not (self._stopping or self._hands.hung)
        due = [key for key, held in self._held.items() if self._goes_on(held, now)]
        room = max(self._most - len(self._held), 0) if self._performs else 0
        if room and not (self._more or self._is_due(now, busy=bool(arrived))):
            room = 0
        planned = one_process if self._alone else everything
        return planned(arrived, due, room)

    def _goes_on(self, held: Held, now: int) -> bool:
        """Whether it is time to; who calls nothing does so when calls are over."""
        return 0 < held.wake <= now and (self._performs or not held.live)

    def _leave_out(
        self, keys: list[str], arrived: list[Arrived], error: UnwritableError
    ) -> None:
        """Leave a process that cannot be written to whoever claims it after its lease.

        Where others are written or claimed with it, it is not known which it is: so
        each has a turn of its own, and as many more where there may be others. Without
        `keys` it is the first that is due, whose claim is refused.
        """
        alone, self._alone = self._alone, self._most
        if not alone:
            return
        now, barred = self._processes.database.now(), self._aside.barred
        key = keys[0] if keys else self._processes.first_due(now, barred)[1]
        if not key:
            return
        self._aside.put(key, error, claimed=bool(keys))
        held = self._held.pop(key, None)
        self._unread.discard(key)
        of = (key, held.process.fence if held else None)
        lost = [one for one in arrived if (one.key, one.call.fence) == of]
        self._hands.release(lost)
        arrived[:] = [one for one in arrived if one not in lost]

    def _is_due(self, now: int, *, busy: bool) -> bool:
        """Whether there is something to be claimed; who is busy looks now and then."""
        if busy and now < self._looked + LOOK:
            return False
        self._looked = now
        return 0 < self._processes.first_due(now, self._aside.barred)[0] <= now

    def _claim(self, room: int, now: int) -> list[str]:
        """Take processes that are due; those left alone are kept so by their leases."""
        at = (self._keeper.worker, self._keeper.lease)
        claimed = self._processes.claim(*at, room, now, self._aside.barred)
        for process, log in claimed:
            if process.aggregate_id not in self._aside:
                self._held[process.aggregate_id] = Held(process, log, set(), 1)
        return [process.aggregate_id for process, _ in claimed]

    def _answered(
        self, arrived: list[Arrived], now: int, late: list[Arrived]
    ) -> dict[str, Turn]:
        """The turns that take replies; those to what was taken away are late."""
        turns: dict[str, Turn] = {}
        for one in arrived:
            held = self._held.get(one.key)
            if held is None or held.process.fence != one.call.fence:
                late.append(one)
                continue
            if one.key not in turns:
                turns[one.key] = self._turn_of(held, now)
            reply(turns[one.key], *one)
        return turns

    def _going(
        self, keys: Iterable[str], others: Container[str], now: int
    ) -> dict[str, Turn]:
        """The turns of those that are held here and go on by themselves."""
        going = [key for key in keys if key in self._held and key not in others]
        return {key: self._turn_of(self._held[key], now) for key in going}

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
            settle(turn, perform=self._performs)
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
        held, why = self._held[key], "was taken by another worker"
        try:
            found = self._processes.load(key)
        except DamagedError as damaged:
            found, why = None, f"is damaged: {damaged.why}"
        del self._held[key]
        self._unread.discard(key)
        saga, fence = self._processes.saga, held.process.fence
        if found and found[0].fence == fence and found[0].version in saga.versions:
            self._held[key] = Held(*found, held.live, 1)
        else:
            told = about(saga.name, key)
            LOGGER.warning("%s %s %s", saga.name, key, why, extra=told)
