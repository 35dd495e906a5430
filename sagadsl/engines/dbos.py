"""A saga on DBOS: a workflow for each process, a step of its own name for each call.

DBOS repeats a step whose process died before its result was stored. A `once` action is
therefore preceded by a step that stores who is about to call it: whoever comes back to
the call in another life knows that it is in doubt, and asks.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from functools import partial
from typing import Any

from dbos import DBOS, SetWorkflowID
from dbos._error import DBOSNonExistentWorkflowError

from sagadsl.engines.flow import Flow, Next
from sagadsl.engines.step import LIFE, Asked, Steps, needs_intent, now
from sagadsl.runtime.decide import Reply
from sagadsl.runtime.result import Outcome, Result
from sagadsl.runtime.saga import Saga, SagaModule
from sagadsl.runtime.turn import Call

TOPIC = "sagadsl"
EVER = 3e8  # seconds: a workflow waits for an event as long as it takes


class DbosSaga:
    """One saga on DBOS. Make it before `DBOS.launch()`: it registers the workflows."""

    def __init__(self, saga: SagaModule, handlers: object) -> None:
        """Raises `TypeError` if a handler is missing."""
        self.saga = Saga(saga)
        self.steps = Steps(self.saga, handlers)
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
        with SetWorkflowID(self.workflow_id(aggregate_id)):
            handle = DBOS.start_workflow(
                self._workflows[self.saga.latest.number], *given
            )
        known = handle.get_status().input
        if known and known["args"][-1] == token:
            return Result(Outcome.ACCEPTED)
        ended = self._ended(aggregate_id)
        if ended is not None:
            return ended
        why = f"{self.saga.name} {aggregate_id} is under way"
        return Result(Outcome.ALREADY_DONE, why)

    def fire(
        self,
        aggregate_id: str,
        action: str,
        by: str = "",
        data: Mapping[str, Any] | None = None,
        note: str = "",
        timeout: float = 60,
    ) -> Result:
        """Take a step that an actor asks for or reports, or the saga's abort.

        Waits so many seconds until the workflow has judged it.
        """
        values = {"action": action, "by": by, "values": dict(data or {}), "note": note}
        return self._ask(aggregate_id, "fire", values, timeout)

    def abort(
        self,
        aggregate_id: str,
        by: str = "operator",
        note: str = "",
        timeout: float = 60,
    ) -> Result:
        """Give a process up, and take back what is done."""
        return self._ask(aggregate_id, "abort", {"by": by, "note": note}, timeout)

    def resolve(
        self,
        aggregate_id: str,
        action: str,
        *,
        happened: bool,
        by: str = "operator",
        note: str = "",
        timeout: float = 60,
    ) -> Result:
        """Say whether a step that waits for a person has happened."""
        values = {"action": action, "happened": happened, "by": by, "note": note}
        return self._ask(aggregate_id, "resolve", values, timeout)

    def _ask(
        self, aggregate_id: str, kind: str, values: dict[str, Any], timeout: float
    ) -> Result:
        ended = self._ended(aggregate_id)
        if ended is not None:
            return ended
        key = secrets.token_hex(8)
        message = list(Asked(kind, values, key, now()))
        workflow = self.workflow_id(aggregate_id)
        try:
            DBOS.send(workflow, message, topic=TOPIC, idempotency_key=key)
        except DBOSNonExistentWorkflowError:
            why = f"there is no {self.saga.name} {aggregate_id}"
            return Result(Outcome.UNKNOWN, why)
        answer = DBOS.get_event(workflow, key, timeout_seconds=timeout)
        if answer is None:
            ended = self._ended(aggregate_id)
            why = f"it was not judged within {timeout:g} seconds"
            return Result(Outcome.REFUSED, why) if ended is None else ended
        outcome, why, record, held = answer
        made = self.saga.module.Record(*record)
        return Result(Outcome(outcome), why, made, tuple(held))

    def _ended(self, aggregate_id: str) -> Result | None:
        status = DBOS.get_workflow_status(self.workflow_id(aggregate_id))
        if status is None or status.status in ("PENDING", "ENQUEUED"):
            return None
        why = f"{self.saga.name} {aggregate_id} ended as {status.output}"
        return Result(Outcome.REFUSED, why)

    def _flow(self, version: int) -> Any:
        """The workflow of a version: its outcome is how the process has ended."""

        async def run(
            aggregate_id: str, data: dict[str, Any], started: int, token: str
        ) -> str:
            del token
            flow = Flow(self.saga, version, aggregate_id, data, started)
            return await _Run(self, flow).run(started)

        run.__qualname__ = f"{self.saga.name}@{version}"
        return run


class _Run:
    """The workflow of one process."""

    def __init__(self, owner: DbosSaga, flow: Flow) -> None:
        self._owner = owner
        self._flow = flow
        self._tasks: dict[asyncio.Task[Any], Call] = {}
        self._inbox: asyncio.Task[Any] | None = None

    async def run(self, now: int) -> str:
        """Drive the process to its end."""
        following = self._flow.go_on(now)
        while not following.outcome:
            for call in following.calls:
                self._tasks[self._task(call)] = call
            now, replies, asked = await self._wait(now, following)
            wanted = [one.request(self._owner.saga) for one in asked]
            following = self._flow.go_on(now, replies, wanted)
            for one, result in zip(asked, following.results, strict=True):
                answer = [
                    result.outcome,
                    result.reason,
                    [*result.record],
                    [*result.held],
                ]
                await DBOS.set_event_async(one.key, answer)
        if self._inbox is not None:
            self._inbox.cancel()
        return following.outcome

    def _task(self, call: Call) -> asyncio.Task[Any]:
        """Begin a call; its step numbers are drawn now, so that they never change."""
        steps = self._owner.steps
        name = steps.name(self._flow.version.number, call)
        intent = DBOS.reserve_step() if needs_intent(call) else None
        effect = DBOS.reserve_step()

        async def both() -> list[Any]:
            life = ""
            if intent is not None:
                life = await intent.run_async({"name": f"{name} intent"}, _life)
            perform = partial(asyncio.to_thread, steps.perform)
            return await effect.run_async({"name": name}, perform, call, life)

        return asyncio.create_task(both())

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
        if not done:
            return max(now, following.wake), [], []
        asked = []
        if self._inbox in done:
            asked.append(Asked(*self._inbox.result()))
            self._inbox = None
        ended = [task for task in self._tasks if task in done]
        results = [(self._tasks.pop(task), task.result()) for task in ended]
        times = [result[-1] for _, result in results] + [one.time for one in asked]
        replies = [(call, Reply(*result[:-1])) for call, result in results]
        return max([now, *times]), replies, asked

    def _is_open(self) -> bool:
        """Whether somebody outside could take a step now."""
        record = self._flow.process.record
        version = self._flow.version
        return any(
            not step.automatic and not step.delay and version.may(record, "begin", step)
            for step in version.steps.values()
        )


async def _life() -> str:
    return LIFE
