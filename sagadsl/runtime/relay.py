"""Delivery of the outbox: at least once, and of each process in its order."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from time import monotonic
from typing import NamedTuple

from sagadsl.runtime import statements
from sagadsl.runtime.decide import pause_after
from sagadsl.runtime.log import LOGGER, about
from sagadsl.runtime.processes import Processes

PAGE = 100
MOST_FAILURES = 10  # in a row: then it is the receiver, and not a message
FLUSH = 1.0  # seconds after which what was sent is noted at the latest
IDLE = 1.0  # seconds between two looks at messages that all have to wait


class Message(NamedTuple):
    """Something that happened to a process, told once or, after a crash, again.

    `id` rises: of one process a receiver may pass over what is not above the last it
    has seen. `seq` is the row of the log, `event` its kind; `step` is empty where it
    is of the whole process. `time` is in milliseconds since 1970.
    """

    id: int
    saga: str
    aggregate_id: str
    seq: int
    event: str
    step: str
    time: int
    note: str


Send = Callable[[Message], object]


class _Pause(NamedTuple):
    failures: int
    until: float


class Relay:
    """Sends what is in the outbox of one saga, unless another worker is at it.

    `lease` is in milliseconds: a worker that has not come back by then is taken for
    dead, also in the middle of sending. No message is begun after `until`, a time of
    `monotonic` that may be set while it delivers.
    """

    def __init__(self, processes: Processes, worker: str, lease: int) -> None:
        self.until = math.inf
        self.processes = processes
        self._database = processes.database
        self._worker = worker
        self.lease = lease
        self.pauses: dict[str, _Pause] = {}
        self._lock = threading.Lock()
        self._seen = (0, 0.0)

    def deliver(self, send: Send) -> int:
        """Send all that may be sent now; how many messages were.

        One whose sending raises is kept, with the later ones of its process, and sent
        again after a pause. Raises `StoreError`.
        """
        if not self._lock.acquire(blocking=False):
            return 0
        try:
            last = self._last()
            if not last or (last == self._seen[0] and monotonic() < self._seen[1]):
                return 0
            delivery = self._claim(send, last)
            if delivery is None:
                return 0
            sent = delivery.run()
            all_wait = not sent and not self.is_over()
            self._seen = (last, monotonic() + IDLE) if all_wait else (0, 0.0)
            return sent
        finally:
            self._lock.release()

    def _last(self) -> int:
        ((last,),) = self._database.rows(
            statements.LAST_TOLD, (self.processes.saga.name,)
        )
        return int(last or 0)

    def _claim(self, send: Send, last: int) -> _Delivery | None:
        """Take the outbox up to a message for a while, unless another has it."""
        name, before = self.processes.saga.name, monotonic()
        claim = statements.CLAIM_RELAY.format(now=self._database.dialect.now)
        values = (self.lease, self._worker, name, self._worker)
        found = self._database.rows(claim, values)
        if not found:
            self._database.execute(statements.RELAY, (name,))
            found = self._database.rows(claim, values)
        if not found:
            return None
        ((fence,),) = found
        return _Delivery(self, send, last, fence, before)

    def is_over(self) -> bool:
        """Whether what is not yet sent is left for another time."""
        return monotonic() > self.until


class _Delivery:
    """One way through the outbox up to its `last` message, with a lease on it.

    What comes after that is left for another time. A transaction may be slow to commit
    a message, and the next one of its process follows only then: with a number above
    `last`, so that it is not sent before one that this way has already passed.
    """

    def __init__(
        self, relay: Relay, send: Send, last: int, fence: int, began: float
    ) -> None:
        self._relay = relay
        self._processes = relay.processes
        self._database = relay.processes.database
        self._send = send
        self._pauses = relay.pauses
        self._last = last
        self._fence = fence
        self._lease = lease = relay.lease
        self._sure = began + lease / 2000
        self._flushed = monotonic()
        self._sent: list[int] = []
        self._count = 0
        self._waiting: set[str] = set()
        self._failures = 0

    def run(self) -> int:
        """Send, message by message, until all are sent or have to wait."""
        after = 0
        try:
            while page := self._page(after):
                after = page[-1].id
                if not all(map(self._next, page)) or not self._flush():
                    return self._count
            for key in self._pauses.keys() - self._waiting:
                del self._pauses[key]
        finally:
            self._flush()
            name = self._processes.saga.name
            self._database.execute(statements.FREE_RELAY, (name, self._fence))
        return self._count

    def _page(self, after: int) -> list[Message]:
        name = self._processes.saga.name
        rows = self._database.rows(statements.TO_SEND, (name, after, PAGE))
        return [
            Message(number, name, key, seq, event, self._name(step), time, note)
            for number, key, seq, event, step, time, note in rows
            if number <= self._last
        ]

    def _name(self, step: int | None) -> str:
        """The name of a step in the newest version that has it."""
        if step is None:
            return ""
        versions = reversed(self._processes.saga.versions.values())
        found = (v.steps[step].name for v in versions if step in v.steps)
        return next(found, f"step {step}")

    def _next(self, message: Message) -> bool:
        """Send a message, or let it wait; False if nothing more is to be sent."""
        if self._relay.is_over():
            return False
        key = message.aggregate_id
        pause = self._pauses.get(key)
        if key in self._waiting or (pause and monotonic() < pause.until):
            self._waiting.add(key)
            return True
        now = monotonic()
        if (now > self._sure or now > self._flushed + FLUSH) and not self._flush():
            return False
        try:
            self._send(message)
        except Exception:  # noqa: BLE001  what sends may raise any
            failures = pause.failures + 1 if pause else 1
            until = monotonic() + pause_after(failures) / 1000
            self._pauses[key] = _Pause(failures, until)
            self._waiting.add(key)
            self._failures += 1
            told = about(message.saga, key, message.step)
            LOGGER.warning(
                "message %d was not sent", message.id, exc_info=True, extra=told
            )
            return self._failures < MOST_FAILURES
        self._sent.append(message.id)
        self._failures = 0
        return True

    def _flush(self) -> bool:
        """Note what was sent, and keep the outbox; False if another has taken it."""
        before = monotonic()
        keep = statements.KEEP_RELAY.format(now=self._database.dialect.now)
        values = (self._lease, self._processes.saga.name, self._fence)
        with self._database.transaction():
            for number in self._sent:
                self._database.execute(statements.SENT, (number,))
            kept = self._database.execute(keep, values) == 1
        self._count += len(self._sent)
        self._sent.clear()
        self._flushed, self._sure = monotonic(), before + self._lease / 2000
        return kept
