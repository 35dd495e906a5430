"""A saga on Restate: a workflow for each process, a run of its own name for each call.

Restate runs an invocation again from its journal after a crash, and repeats a run that
has left no result there. A `once` action is therefore preceded by a run that stores who
is about to call it, so that one who comes back to it knows that it is in doubt.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import restate

from sagadsl.engines.flow import Flow, Next
from sagadsl.engines.step import LIFE, Asked, Steps, needs_intent, now
from sagadsl.runtime.decide import Reply
from sagadsl.runtime.saga import Saga, SagaModule
from sagadsl.runtime.turn import Call


class RestateSaga:
    """The services of one saga, to be bound to an endpoint: `restate.app(services)`.

    The workflow is named as the saga; its handler `run` is the process. Events come
    through the object `<saga>_inbox`, which numbers those of one process.
    """

    def __init__(self, saga: SagaModule, handlers: object) -> None:
        """Raises `TypeError` if a handler is missing."""
        self.saga = Saga(saga)
        self.steps = Steps(self.saga, handlers)
        remember = timedelta(milliseconds=self.saga.latest.remember)
        workflow = restate.Workflow(self.saga.name)
        inbox = restate.VirtualObject(f"{self.saga.name}_inbox")

        @workflow.main(workflow_retention=remember)
        async def run(ctx: restate.WorkflowContext, given: dict[str, Any]) -> str:
            """Drive a process to its end, and say how it ended."""
            version = self.saga.latest.number
            started = int(await ctx.time() * 1000)
            flow = Flow(self.saga, version, ctx.key(), given, started)
            return await _Run(self, flow, ctx).run(started)

        @workflow.handler()
        async def deliver(ctx: restate.WorkflowSharedContext, given: list[Any]) -> None:
            """Hand an event with its number to the process."""
            number, asked = given
            await ctx.promise(f"event {number}").resolve(asked)

        @workflow.handler()
        async def answer(ctx: restate.WorkflowSharedContext, number: int) -> list[Any]:
            """What became of an event."""
            answered: list[Any] = await ctx.promise(f"answer {number}")
            return answered

        @inbox.handler()
        async def post(ctx: restate.ObjectContext, asked: list[Any]) -> int:
            """Number an event, and send it to the process."""
            number = (await ctx.get("number", type_hint=int) or 0) + 1
            ctx.set("number", number)
            ctx.workflow_send(deliver, key=ctx.key(), arg=[number, asked])
            return number

        self.services = [workflow, inbox]


class _Run:
    """The workflow of one process."""

    def __init__(
        self, owner: RestateSaga, flow: Flow, context: restate.WorkflowContext
    ) -> None:
        self._owner = owner
        self._flow = flow
        self._context = context
        self._pending: list[tuple[Any, Callable[[Any], Any]]] = []
        self._events = 0
        self._wake = 0
        self._now = 0
        self._replies: list[tuple[Call, Reply]] = []
        self._asked: list[tuple[int, Asked]] = []

    async def run(self, now: int) -> str:
        """Drive the process to its end."""
        self._now = now
        self._listen()
        following = self._flow.go_on(now)
        while not following.outcome:
            self._begin(following)
            await self._wait()
            replies, self._replies = self._replies, []
            asked, self._asked = self._asked, []
            wanted = [one.request(self._owner.saga) for _, one in asked]
            following = self._flow.go_on(self._now, replies, wanted)
            for (number, _), result in zip(asked, following.results, strict=True):
                answer = [
                    result.outcome,
                    result.reason,
                    [*result.record],
                    [*result.held],
                ]
                await self._context.promise(f"answer {number}").resolve(answer)
        return following.outcome

    def _begin(self, following: Next) -> None:
        for call in following.calls:
            name = self._owner.steps.name(self._flow.version.number, call)
            if needs_intent(call):
                intent = self._context.run_typed(f"{name} intent", _life)
                self._pending.append((intent, partial(self._effect, name, call)))
            else:
                self._effect(name, call, "")
        if following.wake and following.wake != self._wake:
            self._wake = following.wake
            pause = timedelta(milliseconds=max(self._wake - self._now, 0))
            sleep = self._context.sleep(pause)
            self._pending.append((sleep, partial(self._woken, self._wake)))

    async def _wait(self) -> None:
        """Wait until there is something to go on with: an intent alone is not."""
        moved = False
        while not moved:
            done, _ = await restate.wait_completed(*(one for one, _ in self._pending))
            arrived = [(one, take) for one, take in self._pending if one in done]
            self._pending = [one for one in self._pending if one[0] not in done]
            for future, take in arrived:
                take(await future)
                moved = moved or getattr(take, "func", None) != self._effect

    def _listen(self) -> None:
        self._events += 1
        promise = self._context.promise(f"event {self._events}").value()
        self._pending.append((promise, partial(self._posted, self._events)))

    def _effect(self, name: str, call: Call, life: str) -> None:
        perform = partial(asyncio.to_thread, self._owner.steps.perform, call, life)
        effect = self._context.run(name, perform)
        self._pending.append((effect, partial(self._replied, call)))

    def _replied(self, call: Call, result: list[Any]) -> None:
        word, note, values, time = result
        self._now = max(self._now, time)
        self._replies.append((call, Reply(word, note, values)))

    def _posted(self, number: int, asked: list[Any]) -> None:
        one = Asked(*asked)
        self._now = max(self._now, one.time)
        self._asked.append((number, one))
        self._listen()

    def _woken(self, wake: int, _: None) -> None:
        self._now = max(self._now, wake)


def _life() -> str:
    return LIFE
