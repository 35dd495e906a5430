"""What every engine shares: names of steps, the intent before them, events as values."""

from __future__ import annotations

import secrets
import time
from typing import Any, NamedTuple

from sagadsl.runtime import requests
from sagadsl.runtime.call import Caller
from sagadsl.runtime.decide import Reply
from sagadsl.runtime.requests import Request
from sagadsl.runtime.saga import Saga
from sagadsl.runtime.turn import Call

LIFE = secrets.token_hex(8)  # of this operating system process


class Asked(NamedTuple):
    """An event on its way to a workflow; `time` is in milliseconds since 1970."""

    kind: str
    values: dict[str, Any]
    key: str
    time: int

    def request(self, saga: Saga) -> Request:
        """What it asks."""
        if self.kind == "fire":
            return requests.fire(**self.values)
        if self.kind == "abort":
            return requests.abort(**self.values)
        if self.kind == "resolve":
            return requests.resolve(**self.values)
        if self.kind == "retry":
            return requests.retry(**self.values)
        return requests.upgrade(saga, **self.values)


class Steps:
    """Performs calls for an engine that repeats what it has no result of.

    Before a `once` call the engine stores in which life it is made. Whoever comes to
    the call again, in another life or in this one, knows that it is in doubt.
    """

    def __init__(self, saga: Saga, handlers: object) -> None:
        """Raises `TypeError` if a handler is missing."""
        self.saga = saga
        self._caller = Caller(saga, handlers)
        self._called: set[tuple[str, str, str, int]] = set()

    def name(self, version: int, call: Call) -> str:
        """The name of a call on the engine, as in `order@2/make_payment`."""
        return f"{self.saga.name}@{version}/{call.handler}"

    def perform(self, call: Call, life: str) -> list[Any]:
        """Call the handler; with a life, only if it was never called before.

        What comes of it, as JSON: word, note, values, and the time in milliseconds.
        """
        key = (call.aggregate_id, call.step.name, call.handler, call.attempt)
        if life and (life != LIFE or key in self._called):
            return [*Reply("lost", "its worker is gone"), now()]
        self._called.add(key)
        answer = self._caller.perform(call)
        values = dict(answer.values) if answer.values else None
        return [answer.word, answer.note, values, now()]


def needs_intent(call: Call) -> bool:
    """Whether it must be stored who is about to make a call."""
    return call.work.how == "once" and not call.probe


def now() -> int:
    """The time of this machine, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000
