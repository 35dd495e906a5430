"""Calling handlers for an engine that repeats whatever it has no result of.

Before a `once` call the engine stores a token, which only the worker that drew it takes
away, once. Who comes to a call whose token is not his knows that it is in doubt: so it
is not made again but asked about. Who comes back to one that he has made himself waits
for it. Each result brings a token along, for a call that follows from it: so both are
stored in one write.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Any, NamedTuple

from sagadsl.runtime.call import Caller
from sagadsl.runtime.decide import Reply
from sagadsl.runtime.given import as_json
from sagadsl.runtime.log import LOGGER, about
from sagadsl.runtime.saga import Saga
from sagadsl.runtime.turn import LONGEST_NOTE, Call

CALLS = 1_000  # at once in a worker: threads, which begin as they are needed
LARGEST = 16_000_000  # characters of JSON: Restate takes no message of 32 MB
EVER = 3e8  # seconds: what has no timeout takes as long as it takes
PATIENCE = 1.0  # seconds that a call is waited for before anything else is heard
RUNNING = "running"


class Answer(NamedTuple):
    """What came of a call, all of it JSON: the time is in milliseconds since 1970.

    `word` is that of a `Reply`, and `token` is for a call that follows; or `word` is
    `RUNNING`, and `token` stands for the call, whose end is yet to be waited for.
    """

    word: str
    note: str
    values: Mapping[str, Any] | None
    time: int
    token: str

    @property
    def reply(self) -> Reply:
        """It, as the rules take it."""
        return Reply(self.word, self.note, self.values)


class Made(NamedTuple):
    """A call that has begun, and when it is not waited for any more (`monotonic`)."""

    call: Call
    outcome: Future[Reply]
    until: float

    @property
    def left(self) -> float:
        """How many seconds to wait for it."""
        return max(self.until - monotonic(), 0)

    def late(self, outcome: Future[Reply]) -> None:
        """Tell of an outcome that came too late."""
        name, call = self.call.handler, self.call
        told = about("", call.aggregate_id, call.step.name, call.attempt)
        LOGGER.warning("%s came too late: %s", name, reply_of(outcome), extra=told)


class Calls:
    """Performs the calls of a saga in one worker; what it gives is JSON."""

    def __init__(self, saga: Saga, handlers: object) -> None:
        """Raises `TypeError` if a handler is missing."""
        self._saga = saga
        self._caller = Caller(saga, handlers)
        self._threads = ThreadPoolExecutor(CALLS, f"{saga.name}-call")
        self._drawn: set[str] = set()
        self._made: dict[str, Made] = {}
        self._going: dict[tuple[object, ...], Made] = {}
        self._lock = threading.RLock()  # a call may be over as soon as it is made

    def name(self, version: int, call: Call) -> str:
        """The name of a call on the engine."""
        return call_name(self._saga, version, call.handler)

    def draw(self) -> str:
        """A token for one call that is about to be made by this worker."""
        token = secrets.token_hex(8)
        self._drawn.add(token)
        return token

    def drop(self, tokens: Iterable[str]) -> None:
        """Forget tokens that no call needs, or whose result is stored."""
        for token in tokens:
            self._drawn.discard(token)
            self._made.pop(token, None)

    def begin(self, call: Call, token: str = "") -> list[Any]:
        """Call the handler, and wait a moment for it: an `Answer`.

        Where a token is needed, it is called only with one that was drawn here.
        """
        made = self._make(call, token)
        with suppress(TimeoutError, CancelledError):
            made.outcome.exception(min(made.left, PATIENCE))
        if made.outcome.done() or not made.left:
            return self._answer(made)
        running = secrets.token_hex(8)
        self._made[running] = made
        return [*Answer(RUNNING, "", None, now(), running)]

    async def end(self, call: Call, running: str) -> list[Any]:
        """Wait for a call that `begin` has begun; what was begun elsewhere is lost."""
        return await self._end(self._made.get(running) or self._make(call, ""))

    async def perform(self, call: Call, token: str = "") -> list[Any]:
        """Call the handler, as `begin` does, and wait for its end."""
        return await self._end(self._make(call, token))

    def _make(self, call: Call, token: str) -> Made:
        """Call the handler, or come back to the call, or know that it may be made."""
        if not needs_token(call):
            return self._joined(call)
        with self._lock:
            if token in self._drawn:
                self._drawn.remove(token)
                self._made[token] = self._submitted(call)
            made = self._made.get(token)
        return made or _made(call, _LOST)

    def _joined(self, call: Call) -> Made:
        """Call the handler, or come back to what goes on: else that could end later.

        It would then be done again after it was taken back.
        """
        of = (call.aggregate_id, call.step.step, call.attempt, call.undo, call.probe)
        with self._lock:
            made = self._going.get(of)
            if made is None or made.outcome.done() or not made.left:
                made = self._going[of] = self._submitted(call)
                made.outcome.add_done_callback(partial(self._ended, of))
        return made

    def _ended(self, of: tuple[object, ...], outcome: Future[Reply]) -> None:
        with self._lock:
            made = self._going.get(of)
            if made is not None and made.outcome is outcome:
                del self._going[of]

    def _submitted(self, call: Call) -> Made:
        """Call the handler, unless its time is over, as where no worker was there.

        It begins anew then, with a deadline that it can keep.
        """
        if not call.probe and 0 < call.work.timeout <= now() - call.began:
            late: Future[Reply] = Future()
            late.set_result(_unmade(call, "its time was over"))
            return _made(call, late)
        made = _made(call, Future())
        try:
            self._threads.submit(self._perform, made)
        except RuntimeError as why:
            # Else no thread could be started: the next that there is comes to it.
            if "shutdown" in str(why):
                # An error would be stored as what came of it, and end the process.
                raise asyncio.CancelledError("this worker ends") from why
        return made

    def _perform(self, made: Made) -> None:
        """Call the handler in a thread, which may come to it when its time is over.

        Nobody may wait for it any more, and another worker have asked about it.
        """
        if not made.left:
            made.outcome.cancel()
        into(made.outcome, self._caller.perform, made.call)

    async def _end(self, made: Made) -> list[Any]:
        try:
            await asyncio.wait([asyncio.wrap_future(made.outcome)], timeout=made.left)
        except asyncio.CancelledError:
            made.outcome.cancel()  # no thread comes to it: another worker may ask first
            raise
        return self._answer(made)

    def _answer(self, made: Made) -> list[Any]:
        if not made.outcome.done():
            made.outcome.cancel()  # no thread comes to it when its time is over
        if made.outcome.cancelled():
            reply = _unmade(made.call, "no thread was free in its time")
        elif made.outcome.done():
            reply = small(made.call, reply_of(made.outcome), LARGEST)
        else:
            reply = Reply("lost", "it did not answer in time")
            made.outcome.add_done_callback(made.late)
        return [*Answer(*reply, now(), self.draw())]


def _made(call: Call, outcome: Future[Reply]) -> Made:
    timeout = call.work.timeout / 1000 or EVER
    return Made(call, outcome, monotonic() + timeout)


_LOST: Future[Reply] = Future()
_LOST.set_result(Reply("lost", "its worker is gone"))


def into(outcome: Future[Reply], perform: Callable[[Call], Reply], call: Call) -> None:
    """Make a call, unless its outcome was cancelled before a thread came to it.

    An executor keeps what it could start no thread for, but gives nothing to cancel it.
    """
    if outcome.set_running_or_notify_cancel():
        try:
            outcome.set_result(perform(call))
        except BaseException as error:  # noqa: BLE001  a handler may end a program
            outcome.set_exception(error)


def _unmade(call: Call, why: str) -> Reply:
    """What is known of a call that this worker did not make.

    Only its token tells that no other has: what needs none may have happened, and would
    be left standing if it were held to be undone.
    """
    return Reply("idle" if needs_token(call) else "lost", f"it was not called: {why}")


def reply_of(outcome: Future[Reply]) -> Reply:
    """What came of a call, in plain JSON: each engine has a way of its own to store it.

    What ends a program ends no engine, and tells nothing.
    """
    error = outcome.exception()
    if error is not None:
        return Reply("raised", f"{type(error).__name__}: {error}")
    reply = outcome.result()
    return reply._replace(values=as_json(reply.values) or None)


def small(call: Call, reply: Reply, largest: int) -> Reply:
    """A reply that an engine can store: else it would call again for ever."""
    note = reply.note[:LONGEST_NOTE]
    if reply.values is None or len(json.dumps(reply.values)) <= largest:
        return reply._replace(note=note)
    why = "what it returned is not kept: it is too large"
    told = about("", call.aggregate_id, call.step.name, call.attempt)
    LOGGER.warning("%s: %s", call.handler, why, extra=told)
    return Reply(reply.word, why)


def call_name(saga: Saga, version: int, handler: str) -> str:
    """The name of a call on an engine, as in `order@2/make_payment`."""
    return f"{saga.name}@{version}/{handler}"


def needs_token(call: Call) -> bool:
    """Whether a call must never be made twice."""
    return call.work.how == "once" and not call.probe


def now() -> int:
    """The time of this machine, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def left(wake: int, known: int) -> float:
    """The seconds until a time; `known` is the last time that a process knows.

    It may have waited for a worker since then.
    """
    return max(wake - max(known, now()), 0) / 1000
