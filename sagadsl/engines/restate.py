"""A saga on Restate: a workflow for each process, a run of its own name for each call.

Restate runs an invocation again from its journal after a crash, and repeats a run that
has left no result there. Before a `once` call another run stores a token, so that who
comes back to the call asks instead.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import restate
from restate.retry_policy import InvocationRetryPolicy

from sagadsl.engines.calls import Answer, Calls, left, needs_token, now
from sagadsl.engines.flow import Flow, Next
from sagadsl.engines.front import Asked, Front, heard, over, told, under_way, unknown
from sagadsl.runtime.ask import Request
from sagadsl.runtime.decide import Reply
from sagadsl.runtime.given import as_json, checked_id, is_id
from sagadsl.runtime.requests import no_version
from sagadsl.runtime.result import Outcome, Result
from sagadsl.runtime.saga import Saga, SagaModule
from sagadsl.runtime.turn import Call

if TYPE_CHECKING:
    import httpx

OK, BAD_REQUEST, NOT_FOUND = 200, 400, 404
FOREVER = InvocationRetryPolicy(max_attempts=2**31 - 1)
"""A server would give an invocation up whose workers are gone for an hour."""
NEXT = "next"  # the number of the event that the process waits for


class RestateSaga:
    """The services of one saga, to be bound to an endpoint: `restate.app(services)`.

    There is one, the workflow named as the saga. Its handler `run` is the process, and
    `post` takes requests to it.
    """

    def __init__(self, saga: SagaModule, handlers: object) -> None:
        """Raises `TypeError` if a handler is missing."""
        known = Saga(saga)
        self.services = [_workflow(known, Calls(known, handlers))]


class RestateFront(Front[Awaitable[Result]]):
    """Asks processes by the ingress of a Restate server, the base URL of `http`."""

    def __init__(self, saga: SagaModule, http: httpx.AsyncClient) -> None:
        self.saga = Saga(saga)
        self._http = http

    async def start(
        self, aggregate_id: str, data: Mapping[str, Any] | None = None
    ) -> Result:
        """Start a process: one for each id, once only, with the newest version.

        Raises `ValueError` or `TypeError` for an id or data that a driver refuses.
        """
        version = self.saga.latest.number
        given = {"version": version, "data": as_json(data), "time": now()}
        path = f"{self.saga.name}/{_key(checked_id(aggregate_id))}/run/send"
        sent = await self._post(path, given)
        if sent["status"] == "Accepted":
            return Result(Outcome.ACCEPTED)
        ended = await self._over(aggregate_id, "output")
        return ended or under_way(self.saga, aggregate_id)

    async def _ask(self, aggregate_id: str, asked: Asked) -> Result:
        if not is_id(aggregate_id):
            return unknown(self.saga, aggregate_id)
        if ended := await self._over(aggregate_id, "output"):
            return ended
        path = f"{self.saga.name}/{_key(aggregate_id)}/post"
        number = await self._post(path, list(asked))
        ways = [
            asyncio.create_task(self._answer(aggregate_id, number, "answer")),
            asyncio.create_task(self._over(aggregate_id, "attach")),
        ]
        first = asyncio.FIRST_COMPLETED
        done, late = await asyncio.wait(ways, timeout=self.timeout, return_when=first)
        for way in late:
            way.cancel()
        if judged := await self._answer(aggregate_id, number, "answered"):
            return judged
        if ways[1] in done and (ended := ways[1].result()):
            return ended
        why = f"it was not judged within {self.timeout:g} seconds"
        return Result(Outcome.REFUSED, why)

    async def _answer(self, aggregate_id: str, number: int, how: str) -> Result | None:
        path = f"{self.saga.name}/{_key(aggregate_id)}/{how}"
        answer = await self._post(path, number)
        return heard(self.saga, answer) if answer else None

    async def _over(self, aggregate_id: str, how: str) -> Result | None:
        """What comes of asking a process that has ended, or that there is not."""
        path = f"restate/workflow/{self.saga.name}/{_key(aggregate_id)}/{how}"
        response = await self._http.get(path, timeout=None)
        if response.status_code == NOT_FOUND:
            return unknown(self.saga, aggregate_id)
        if response.status_code != OK:
            return None
        return over(self.saga, aggregate_id, response.json())

    async def _post(self, path: str, given: object) -> Any:
        headers = {"content-type": "application/json"}
        response = await self._http.post(
            path, content=json.dumps(given), headers=headers, timeout=None
        )
        try:
            response.raise_for_status()
        except Exception as error:
            error.add_note(response.text)
            raise
        return response.json() if response.content else None


def _workflow(saga: Saga, calls: Calls) -> restate.Workflow:
    """The workflow of a saga."""
    workflow = restate.Workflow(saga.name, invocation_retry_policy=FOREVER)
    remember = timedelta(milliseconds=saga.latest.remember)

    @workflow.main(workflow_retention=remember)
    async def run(
        ctx: restate.WorkflowContext, given: dict[str, Any]
    ) -> dict[str, Any]:
        """Drive a process to its end, and return what is kept of it."""
        started = given["time"]
        _must_know(saga, given["version"])
        flow = Flow(saga, given["version"], ctx.key(), given["data"], started)
        return await _Run(calls, flow, ctx).run(started)

    @workflow.handler()
    async def post(ctx: restate.WorkflowSharedContext, asked: list[Any]) -> int:
        """Number a request, in the order they come, and hand it to the process."""
        try:
            Asked.of(saga, asked)
        except TypeError as error:
            raise restate.TerminalError(str(error), BAD_REQUEST) from error
        return await _numbered(ctx, asked)

    @workflow.handler()
    async def answer(ctx: restate.WorkflowSharedContext, number: int) -> list[Any]:
        """What became of a request."""
        return await _promise(ctx, f"answer {number}")

    @workflow.handler()
    async def answered(
        ctx: restate.WorkflowSharedContext, number: int
    ) -> list[Any] | None:
        """What became of a request, if it was judged."""
        return await _promise(ctx, f"answer {number}").peek()

    return workflow


async def _numbered(ctx: restate.WorkflowSharedContext, asked: list[Any]) -> int:
    """Resolve the first promise of an event that nobody has resolved."""
    number = await ctx.get(NEXT, type_hint=int) or 1
    while True:
        event = _promise(ctx, f"event {number}")
        if await event.peek() is None:
            with suppress(restate.TerminalError):  # another was faster
                await event.resolve(asked)
                return number
        number += 1


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
        self._wake = 0
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
                await _promise(self._context, f"answer {number}").resolve(told(result))
        self._calls.drop(self._tokens)
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
        if following.wake and following.wake != self._wake:
            self._wake = following.wake
            sleep = self._context.sleep(timedelta(seconds=left(self._wake, self._now)))
            self._pending.append(_Pending(sleep, partial(self._woken, self._wake)))

    async def _wait(self) -> None:
        """Wait until there is something to go on with: an intent alone is not."""
        moved = False
        while not moved:
            done, _ = await restate.wait_completed(
                *(one.future for one in self._pending)
            )
            arrived = [one for one in self._pending if one.future in done]
            self._pending = [one for one in self._pending if one.future not in done]
            for one in arrived:
                one.take(await one.future)
                moved = moved or one.moves

    async def _request(self, asked: Asked) -> Request:
        saga = self._flow.saga
        if not asked.of_version:
            return asked.request(saga)
        name = f"{saga.name}@{asked.values['to']} known"
        known = await self._context.run_typed(name, partial(asked.is_known, saga))
        if known:
            _must_know(saga, asked.values["to"])
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
        self._now = max(self._now, wake)


def _must_know(saga: Saga, version: int) -> None:
    """Leave a process to a newer worker: the server calls again, and tells this."""
    if version not in saga.versions:
        raise LookupError(f"{no_version(saga, version).reason}: a newer worker has")


def _promise(
    context: restate.WorkflowContext | restate.WorkflowSharedContext, name: str
) -> restate.DurablePromise[list[Any]]:
    return context.promise(name)


def _key(aggregate_id: str) -> str:
    """An id in a path, where one of dots would lead elsewhere."""
    return quote(aggregate_id, safe="").replace(".", "%2E")
