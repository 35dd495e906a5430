"""A saga on DBOS: a workflow for each process, a step of its own name for each call.

DBOS repeats a step whose process died before its result was stored. Before a `once`
call another step stores a token, so that who comes back to the call asks instead.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from time import monotonic
from typing import Any

from dbos import DBOS, SetWorkflowID

from sagadsl.engines.calls import Calls, needs_token, now
from sagadsl.engines.flow import RULES, Flow, Next
from sagadsl.engines.front import Asked, Front, heard, over, told, under_way, unknown
from sagadsl.runtime.decide import Reply
from sagadsl.runtime.result import Outcome, Result
from sagadsl.runtime.saga import Saga, SagaModule
from sagadsl.runtime.turn import Call

# RULES is the `application_version`. A process keeps the version of its saga by the
# name of its workflow, so a newer worker takes up what an older one has left; DBOS
# allows that within one application version.
__all__ = ["RULES", "DbosSaga"]

TOPIC = "sagadsl"
LOOK_AGAIN = 0.5  # seconds: it may have ended without judging what came last
EVER = 3e8  # seconds: a workflow waits for an event as long as it takes


class DbosSaga(Front[Result]):
    """One saga on DBOS. Make it before `DBOS.launch()`: it registers the workflows."""

    def __init__(self, saga: SagaModule, handlers: object) -> None:
        """Raises `TypeError` if a handler is missing."""
        self.saga = Saga(saga)
        self.calls = Calls(self.saga, handlers)
        self._workflows = {
            number: DBOS.workflow(name=f"{self.saga.name}@{number}")(self._flow(number))
            for number in self.saga.versions
        }

    def workflow_id(self, aggregate_id: str) -> str:
        """The id of the workflow of a process."""
        return f"{self.saga.name}/{aggregate_id}"

    def start(self, aggregate_id: str, data: Mapping[str, Any] | None = None) -> Result:
        """Start a process: one for each id, once only, with the newest version."""
        token = secrets.token_hex(8)
        given = (aggregate_id, dict(data or {}), now(), token)
        workflow = self._workflows[self.saga.latest.number]
        with SetWorkflowID(self.workflow_id(aggregate_id)):
            handle = DBOS.start_workflow(workflow, *given)
        status = handle.get_status()
        if status.input and status.input["args"][-1] == token:
            return Result(Outcome.ACCEPTED)
        ended = self._ended(aggregate_id, status)
        return ended or under_way(self.saga, aggregate_id)

    def _ask(self, aggregate_id: str, asked: Asked) -> Result:
        workflow = self.workflow_id(aggregate_id)
        status = DBOS.get_workflow_status(workflow)
        if status is None:
            return unknown(self.saga, aggregate_id)
        if ended := self._ended(aggregate_id, status):
            return ended
        DBOS.send(workflow, list(asked), topic=TOPIC, idempotency_key=asked.key)
        end = monotonic() + self.timeout
        while monotonic() < end:
            answer = DBOS.get_event(workflow, asked.key, timeout_seconds=LOOK_AGAIN)
            if answer is not None:
                return heard(self.saga, answer)
            status = DBOS.get_workflow_status(workflow)
            if ended := self._ended(aggregate_id, status):
                return ended
        why = f"it was not judged within {self.timeout:g} seconds"
        return Result(Outcome.REFUSED, why)

    def _ended(self, aggregate_id: str, status: Any) -> Result | None:
        """What comes of asking a workflow that is over."""
        if status.status in ("PENDING", "ENQUEUED", "DELAYED"):
            return None
        if status.status == "SUCCESS":
            return over(self.saga, aggregate_id, status.output)
        why = f"its workflow has the status {status.status}: {status.error}"
        return Result(Outcome.REFUSED, why)

    def _flow(self, version: int) -> Any:
        """The workflow of a version: it returns what is kept of a process."""

        async def run(
            aggregate_id: str, data: dict[str, Any], started: int, token: str
        ) -> dict[str, Any]:
            del token
            flow = Flow(self.saga, version, aggregate_id, data, started)
            return await _Run(self.calls, flow).run(started)

        run.__qualname__ = f"{self.saga.name}@{version}"
        return run


class _Run:
    """The workflow of one process."""

    def __init__(self, calls: Calls, flow: Flow) -> None:
        self._calls = calls
        self._flow = flow
        self._tasks: dict[asyncio.Task[Any], Call] = {}
        self._inbox: asyncio.Task[Any] | None = None

    async def run(self, now: int) -> dict[str, Any]:
        """Drive the process to its end."""
        following = self._flow.go_on(now)
        while following.end is None:
            for call in following.calls:
                self._tasks[self._task(call)] = call
            now, replies, asked = await self._wait(now, following)
            wanted = [one.request(self._flow.saga) for one in asked]
            following = self._flow.go_on(now, replies, wanted)
            for one, result in zip(asked, following.results, strict=True):
                await DBOS.set_event_async(one.key, told(result))
        if self._inbox is not None:
            self._inbox.cancel()
        return following.end

    def _task(self, call: Call) -> asyncio.Task[Any]:
        """Begin a call; its step numbers are drawn now, so that they never change."""
        name = self._calls.name(self._flow.version.number, call)
        intent = DBOS.reserve_step() if needs_token(call) else None
        effect = DBOS.reserve_step()

        async def both() -> list[Any]:
            token = ""
            if intent is not None:
                token = await intent.run_async({"name": f"{name} intent"}, self._draw)
            return await effect.run_async({"name": name}, self._perform, call, token)

        return asyncio.create_task(both())

    async def _draw(self) -> str:
        return self._calls.draw()

    async def _perform(self, call: Call, token: str) -> list[Any]:
        return await asyncio.to_thread(self._calls.perform, call, token)

    async def _wait(
        self, now: int, following: Next
    ) -> tuple[int, list[tuple[Call, Reply]], list[Asked]]:
        """What comes first: replies, an event, or the time to look again."""
        if len(self._tasks) == 1 and not following.wake and not self._is_open():
            done = set(self._tasks)
            await asyncio.wait(done)
        else:
            if self._inbox is None:
                waiting = DBOS.recv_async(TOPIC, timeout_seconds=EVER)
                self._inbox = asyncio.create_task(waiting)
            timeout = max(following.wake - now, 0) / 1000 if following.wake else None
            done, _ = await DBOS.asyncio_wait(
                [*self._tasks, self._inbox],
                timeout=timeout,
                return_when=asyncio.FIRST_COMPLETED,
            )
        asked = []
        if self._inbox in done:
            asked.append(Asked(*self._inbox.result()))
            self._inbox = None
        ended = [task for task in self._tasks if task in done]
        results = [(self._tasks.pop(task), task.result()) for task in ended]
        times = [result[-1] for _, result in results] + [one.time for one in asked]
        replies = [(call, Reply(*result[:-1])) for call, result in results]
        return max([now, *times] if done else [now, following.wake]), replies, asked

    def _is_open(self) -> bool:
        """Whether somebody outside could take a step now."""
        record = self._flow.process.record
        version = self._flow.version
        return any(
            not step.automatic and not step.delay and version.may(record, "begin", step)
            for step in version.steps.values()
        )
