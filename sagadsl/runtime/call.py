"""Calling a handler: what it is told, and what came of it."""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from sagadsl.runtime.decide import Reply
from sagadsl.runtime.given import as_json
from sagadsl.runtime.log import LOGGER, About, about
from sagadsl.runtime.saga import Saga
from sagadsl.runtime.telemetry import Telemetry
from sagadsl.runtime.turn import Call


class Context(NamedTuple):
    """What a handler is told about the call; it fits `Context` of every emitted module.

    `fence` rises with each claim of the process: a service that keeps the highest it
    has seen can refuse a worker that was thought dead. `deadline` is when the attempt
    times out, in seconds since 1970, or None.
    """

    aggregate_id: str
    step: Any
    attempt: int
    idempotency_key: str
    fence: int
    deadline: float | None
    data: Mapping[str, Any]
    logger: logging.LoggerAdapter[logging.Logger]


class Caller:
    """Calls the handlers of a saga, plain or async; `close` ends what it started."""

    def __init__(self, saga: Saga, handlers: object) -> None:
        """Refuse handlers that lack one that the saga needs with `TypeError`.

        A class has them all, but each call would fail, and leave a step in doubt.
        """
        if isinstance(handlers, type):
            one = f"`{handlers.__name__}()`"
            raise TypeError(f"the handlers of {saga.name} are a class: give {one}")
        missing = [n for n in saga.handlers if not callable(getattr(handlers, n, None))]
        if missing:
            names = ", ".join(missing)
            raise TypeError(f"the handlers of {saga.name} lack {names}")
        self._saga = saga
        self._handlers = handlers
        self.telemetry: Telemetry | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()

    def perform(self, call: Call) -> Reply:
        """Call a handler; whatever it raises becomes a reply."""
        if self.telemetry is None:
            return self._perform(call)
        return self.telemetry.call(call, self._perform)

    def _perform(self, call: Call) -> Reply:
        try:
            answer = getattr(self._handlers, call.handler)(self.context(call))
            if answer is not None and inspect.isawaitable(answer):
                answer = self.wait(answer, call.work.timeout / 1000 or None)
        except self._saga.module.Failed as failed:
            if call.probe:
                return Reply("raised", f"{call.handler} raised {_told(failed, repr)}")
            return Reply("failed", _told(failed))
        except Exception as error:  # noqa: BLE001  a handler may raise any
            told = self._about(call)
            LOGGER.warning("%s raised", call.handler, exc_info=True, extra=told)
            return Reply("raised", f"{type(error).__name__}: {_told(error)}")
        if call.probe:
            return _answer(answer)
        if answer is None:
            return Reply("done")
        try:
            return Reply("done", values=_as_data(answer))
        except Exception as error:  # noqa: BLE001  a mapping may read what is gone
            note = f"what it returned is not kept: {_told(error)}"
            LOGGER.warning("%s: %s", call.handler, note, extra=self._about(call))
            return Reply("done", note)

    def context(self, call: Call) -> Context:
        """What the handler of a call is told."""
        name = self._saga.name
        step = self._saga.module.Step(call.step.step)
        handler = call.work.handler
        key = f"{name}/{call.aggregate_id}/{call.step.name}/{handler}"
        timeout = call.work.timeout
        return Context(
            call.aggregate_id,
            step,
            call.attempt,
            key,
            call.fence,
            (call.began + timeout) / 1000 if timeout else None,
            call.data,
            logging.LoggerAdapter(LOGGER, self._about(call)),
        )

    def close(self) -> None:
        """End the loop of the async handlers, and tell of the store no more.

        One that is still running is cancelled, and has raised for whoever waits for it.
        """
        if self.telemetry is not None:
            self.telemetry.close()
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._loop = None

    def wait(self, answer: Awaitable[Any], seconds: float | None = None) -> Any:
        """Wait for what is async, which is cancelled when its time is out."""

        async def limited() -> Any:
            return await asyncio.wait_for(answer, seconds)

        with self._lock:
            if self._loop is None:
                loop = asyncio.new_event_loop()
                threading.Thread(
                    target=_spin, args=[loop], name="sagadsl-async", daemon=True
                ).start()
                self._loop = loop
        return asyncio.run_coroutine_threadsafe(limited(), self._loop).result()

    def _about(self, call: Call) -> About:
        name, step = self._saga.name, call.step.name
        return about(name, call.aggregate_id, step, call.attempt)


def _spin(loop: asyncio.AbstractEventLoop) -> None:
    """Run a loop until it is stopped; then cancel what is left in it."""
    running = True
    while running:
        # It ends at once if a handler raises these, which are for who waits for it.
        with suppress(SystemExit, KeyboardInterrupt):
            loop.run_forever()
            running = False
    with asyncio.Runner(loop_factory=lambda: loop):
        pass


def _as_data(answer: object) -> dict[str, Any]:
    """What a handler returned, as data; what it raises says why that cannot be."""
    if not isinstance(answer, Mapping):
        raise TypeError(f"{type(answer).__name__} is no mapping")
    return as_json(answer)


def _told(value: object, write: Callable[[object], str] = str) -> str:
    """What a handler gave or raised in words, which may be code of its own."""
    try:
        return write(value)
    except Exception:  # noqa: BLE001  that code may raise any
        return f"{type(value).__name__}, which cannot be written"


def _answer(answer: object) -> Reply:
    """What a probe says."""
    if answer is None:
        return Reply("unknown")
    if isinstance(answer, bool):
        return Reply("yes" if answer else "no")
    said = _told(answer, repr)
    return Reply("raised", f"it answered {said}, which is not True, False or None")
