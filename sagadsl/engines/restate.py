"""A saga on Restate: a workflow for each process, a run of its own name for each call.

Restate runs an invocation again from its journal after a crash, and repeats a run that
has left no result there. Before a `once` call another run stores a token, so that who
comes back to the call asks instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

import restate
from restate.retry_policy import InvocationRetryPolicy

from sagadsl.engines.calls import EVER, Answer, Calls, left, needs_token
from sagadsl.engines.flow import Flow, Next
from sagadsl.engines.front import Asked, told
from sagadsl.runtime.ask import Request
from sagadsl.runtime.decide import Reply
from sagadsl.runtime.saga import Saga, SagaModule
from sagadsl.runtime.turn import Call, stored

BAD_REQUEST = 400
FOREVER = InvocationRetryPolicy(max_attempts=2**31 - 1)
"""A server would give an invocation up whose workers are gone for an hour."""
LONGEST_CALL = timedelta(seconds=EVER)
"""A server would break off a call that takes ten minutes, and have it made again."""
TURN = 5.0  # seconds to wait for: a turn saves numbers, and nothing depends on it
NEXT = "next"  # the number of the event that the process waits for
OVER = "over"  # a promise: else who asked too late would be waited for without end


class RestateSaga:
    """The services of one saga, to be bound to an endpoint: `restate.app(services)`.

    There is one, the workflow named as the saga. Its handler `run` is the process, and
    `post` takes requests to it.
    """

    def __init__(self, saga: SagaModule, handlers: object) -> None:
        """Raises `TypeError` if a handler is missing."""
        known = Saga(saga)
        self.services = [_workflow(known, Calls(known, handlers))]


def _workflow(saga: Saga, calls: Calls) -> restate.Workflow:
    """The workflow of a saga."""
    workflow = restate.Workflow(saga.name, invocation_retry_policy=FOREVER)
    remember = timedelta(milliseconds=saga.latest.remember)
    numbers = _Numbers()

    @workflow.main(workflow_retention=remember, abort_timeout=LONGEST_CALL)
    async def run(
        ctx: restate.WorkflowContext, given: dict[str, Any]
    ) -> dict[str, Any]:
        """Drive a process to its end, and return what is kept of it."""
        _check_start(given)
        started = given["time"]
        flow = Flow(saga, given["version"], ctx.key(), given["data"], started)
        return await _Run(calls, flow, ctx).run(started)

    @workflow.handler()
    async def post(ctx: restate.WorkflowSharedContext, asked: list[Any]) -> int:
        """Number a request, in the order they come, and hand it to the process."""
        try:
            Asked.of(saga, asked)
        except TypeError as error:
            raise _bad(str(error)) from error
        return await numbers.give(ctx, asked)

    @workflow.handler()
    async def answer(
        ctx: restate.WorkflowSharedContext, number: int
    ) -> list[Any] | None:
        """What became of a request; nothing if its process was over before."""
        return await _judged(ctx, number)

    @workflow.handler()
    async def answered(
        ctx: restate.WorkflowSharedContext, number: int
    ) -> list[Any] | None:
        """What became of a request, if it was judged."""
        return await _promise(ctx, f"answer {number}").peek()

    return workflow


def _check_start(given: Any) -> None:
    """Refuse what no process can begin with: it would be called again and again.

    A version that is not known here is none of this: a newer worker may come.
    """
    fields = given if isinstance(given, dict) else {}
    types = [type(fields.get(name)) for name in ("version", "data", "time")]
    if types != [int, dict, int]:
        raise _bad(f"{given!r} is no start")


def _bad(why: str) -> restate.TerminalError:
    """What whoever sent something is told, in a text that the server takes."""
    return restate.TerminalError(stored(why), BAD_REQUEST)


class _Numbers:
    """Gives the requests to a process their numbers, one after the other.

    Of a hundred at once each would lose a hundred numbers to the others.
    """

    def __init__(self) -> None:
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def give(self, ctx: restate.WorkflowSharedContext, asked: list[Any]) -> int:
        """Give the next number in its turn, if who has it still hears its server."""
        async with AsyncExitStack() as turn:
            lock = self._turns.setdefault(ctx.key(), asyncio.Lock())
            with suppress(TimeoutError):
                async with asyncio.timeout(TURN):
                    await turn.enter_async_context(lock)
            return await _numbered(ctx, asked)


async def _numbered(ctx: restate.WorkflowSharedContext, asked: list[Any]) -> int:
    """Resolve the first promise of an event that nobody has resolved."""
    number = await ctx.get(NEXT, type_hint=int) or 1
    while True:
        number = await _free(ctx, number)
        with suppress(restate.TerminalError):  # another was faster
            await _promise(ctx, f"event {number}").resolve(asked)
            return number


async def _free(ctx: restate.WorkflowSharedContext, number: int) -> int:
    """The first number from this one on that is free: all are taken in their order."""
    taken, free = number - 1, number
    while await _promise(ctx, f"event {free}").peek() is not None:
        taken, free = free, 2 * free - number + 2
    while free - taken > 1:
        middle = (taken + free) // 2
        if await _promise(ctx, f"event {middle}").peek() is None:
            free = middle
        else:
            taken = middle
    return free


async def _judged(ctx: restate.WorkflowSharedContext, number: int) -> list[Any] | None:
    """Wait until a request is judged, or its process over."""
    judged = _promise(ctx, f"answer {number}")
    await restate.wait_completed(judged.value(), _promise(ctx, OVER).value())
    return await judged.peek()


class _Pending(NamedTuple):
    """What is waited for, what takes it, and whether the process moves on by it."""

    future: Any
    take: Callable[[Any], None]
    moves: bool = True


class _Run:
    """The workflow of one process."""

    def __init__(
        self, calls: Calls, flow: Flow, context: restate.WorkflowContext
    ) -> None:
        self._calls = calls
        self._flow = flow
        self._context = context
        self._pending: list[_Pending] = []
        self._events = 0
        self._wakes: set[int] = set()
        self._now = 0
        self._replies: list[tuple[Call, Reply]] = []
        self._asked: list[tuple[int, Asked]] = []
        self._tokens: list[str] = []

    async def run(self, now: int) -> dict[str, Any]:
        """Drive the process to its end."""
        self._now = now
        self._listen()
        following = self._flow.go_on(now)
        while following.end is None:
            self._begin(following)
            await self._wait()
            replies, self._replies = self._replies, []
            asked, self._asked = self._asked, []
            wanted = [await self._request(one) for _, one in asked]
            following = self._flow.go_on(self._now, replies, wanted)
            for (number, _), result in zip(asked, following.results, strict=True):
                if number:
                    answer = _promise(self._context, f"answer {number}")
                    await self._result(answer.resolve(told(result)))
        self._calls.drop(self._tokens)
        _promise(self._context, OVER).resolve([])
        return following.end

    def _begin(self, following: Next) -> None:
        for call in following.calls:
            name = self._calls.name(self._flow.version.number, call)
            if needs_token(call) and self._tokens:
                self._effect(name, call, self._tokens.pop())
            elif needs_token(call):
                intent = self._context.run_typed(f"{name} intent", self._calls.draw)
                effect = partial(self._effect, name, call)
                self._pending.append(_Pending(intent, effect, moves=False))
            else:
                self._effect(name, call)
        self._calls.drop(self._tokens)
        self._tokens.clear()
        wake = following.wake
        if wake and wake not in self._wakes:  # a sleep cannot be ended before its time
            self._wakes.add(wake)
            sleep = self._context.sleep(timedelta(seconds=left(wake, self._now)))
            self._pending.append(_Pending(sleep, partial(self._woken, wake)))

    async def _wait(self) -> None:
        """Wait until there is something to go on with: an intent alone is not."""
        moved = False
        while not moved and not self._asked:
            done = await self._first(*(one.future for one in self._pending))
            arrived = [one for one in self._pending if one.future in done]
            self._pending = [one for one in self._pending if one.future not in done]
            for one in arrived:
                one.take(await one.future)
                moved = moved or one.moves

    async def _first(self, *futures: Any) -> list[Any]:
        """What is complete first; nothing if the invocation was cancelled before.

        To cancel it is to ask for an abort: else all that is done would be left so.
        """
        try:
            done, _ = await restate.wait_completed(*futures)
        except restate.TerminalError as cancelled:
            values = {"by": "operator", "note": cancelled.message}
            self._asked.append((0, Asked("abort", values, "", self._now)))
            return []
        return done

    async def _result(self, future: Any) -> Any:
        """What comes of a future, also where the invocation is cancelled meanwhile."""
        while not await self._first(future):
            pass
        return await future

    async def _request(self, asked: Asked) -> Request:
        saga = self._flow.saga
        if not asked.of_version:
            return asked.request(saga)
        name = f"{saga.name}@{asked.values['to']} known"
        known = await self._result(
            self._context.run_typed(name, partial(asked.is_known, saga))
        )
        if known:  # by a newer worker, if not by this one: the server calls again
            saga.version(asked.values["to"])
        return asked.request(saga, known=known)

    def _listen(self) -> None:
        self._events += 1
        self._context.set(NEXT, self._events)
        promise = _promise(self._context, f"event {self._events}").value()
        self._pending.append(_Pending(promise, partial(self._posted, self._events)))

    def _effect(self, name: str, call: Call, token: str = "") -> None:
        perform = partial(self._calls.perform, call, token)
        effect = self._context.run(name, perform)
        self._pending.append(_Pending(effect, partial(self._replied, call, token)))

    def _replied(self, call: Call, token: str, result: list[Any]) -> None:
        self._calls.drop([token])
        answer = Answer(*result)
        self._now = max(self._now, answer.time)
        self._tokens.append(answer.token)
        self._replies.append((call, answer.reply))

    def _posted(self, number: int, asked: list[Any]) -> None:
        one = Asked(*asked)
        self._now = max(self._now, one.time)
        self._asked.append((number, one))
        self._listen()

    def _woken(self, wake: int, _: None) -> None:
        self._wakes.discard(wake)
        self._now = max(self._now, wake)


def _promise(
    context: restate.WorkflowContext | restate.WorkflowSharedContext, name: str
) -> restate.DurablePromise[list[Any]]:
    return context.promise(name)
