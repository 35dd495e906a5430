"""Calling handlers for an engine that repeats whatever it has no result of.

Before a `once` call the engine stores a token, which only the worker that drew it takes
away, once. Who comes to a call whose token is not his, or is taken, knows that it is in
doubt: so it is not made again but asked about.
"""

from __future__ import annotations

import secrets
import time
from typing import Any

from sagadsl.runtime.call import Caller
from sagadsl.runtime.decide import Reply
from sagadsl.runtime.saga import Saga
from sagadsl.runtime.turn import Call


class Calls:
    """Performs the calls of a saga in one worker."""

    def __init__(self, saga: Saga, handlers: object) -> None:
        """Raises `TypeError` if a handler is missing."""
        self._saga = saga
        self._caller = Caller(saga, handlers)
        self._drawn: set[str] = set()

    def name(self, version: int, call: Call) -> str:
        """The name of a call on the engine."""
        return call_name(self._saga, version, call.handler)

    def draw(self) -> str:
        """A token for one call that is about to be made by this worker."""
        token = secrets.token_hex(8)
        self._drawn.add(token)
        return token

    def perform(self, call: Call, token: str = "") -> list[Any]:
        """Call the handler; where a token is needed, only with one drawn here.

        What comes of it, as JSON: word, note, values, and the time in milliseconds.
        """
        if needs_token(call):
            if token not in self._drawn:
                return [*Reply("lost", "its worker is gone"), now()]
            self._drawn.remove(token)
        answer = self._caller.perform(call)
        values = dict(answer.values) if answer.values else None
        return [answer.word, answer.note, values, now()]

    def close(self) -> None:
        """End the loop of async handlers."""
        self._caller.close()


def call_name(saga: Saga, version: int, handler: str) -> str:
    """The name of a call on an engine, as in `order@2/make_payment`."""
    return f"{saga.name}@{version}/{handler}"


def needs_token(call: Call) -> bool:
    """Whether a call must never be made twice."""
    return call.work.how == "once" and not call.probe


def now() -> int:
    """The time of this machine, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000
