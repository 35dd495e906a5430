"""One process on DBOS: what its workflow does, in steps whose numbers never change."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextvars import Context
from typing import Any, NoReturn

from dbos import DBOS, StepOptions, WorkflowStatus, error

from sagadsl.engines.calls import EVER, RUNNING, Answer, Calls, left, needs_token
from sagadsl.engines.flow import Flow, Next
from sagadsl.engines.front import Asked, told
from sagadsl.runtime.ask import Request
from sagadsl.runtime.decide import Reply
from sagadsl.runtime.log import LOGGER
from sagadsl.runtime.turn import Call

TOPIC = "sagadsl"
DEAF = 10_000  # milliseconds that a process may go without hearing of requests
HEAR = 0.2  # seconds until what is stored is heard
PAUSE = 10.0  # seconds after an error until a process is run again


class _Step:
    """A call on its way; its step numbers are drawn now, so that they never change."""

    def __init__(self, calls: Calls, version: int, call: Call, token: str) -> None:
        self.call = call
        self._calls = calls
        self._name = calls.name(version, call)
        self._token, self._running = token, ""
        drawn = needs_token(call) and not token
        self._intent = DBOS.reserve_step() if drawn else None
        self._begin = DBOS.reserve_step()
        self._end = DBOS.reserve_step()

    def begin(self) -> list[Any]:
        """Make the call."""
        if self._intent is not None:
            name: StepOptions = {"name": f"{self._name} intent"}
            self._token = self._intent.run(name, self._calls.draw)
        begin = self._calls.begin
        return self._begin.run({"name": self._name}, begin, self.call, self._token)

    def close(self) -> None:
        """Its result is stored: nobody comes back to the call."""
        self._calls.drop([self._token, self._running])

    async def end(self, running: str) -> list[Any]:
        """Wait for its end, where it takes long."""
        self._running = running
        name: StepOptions = {"name": f"{self._name} end"}
        return await self._end.run_async(name, self._calls.end, self.call, running)


class Run:
    """The workflow of one process."""

    def __init__(self, calls: Calls, flow: Flow, now: int) -> None:
        self._calls = calls
        self._flow = flow
        self._now = now
        self._deaf_since = now
        self._tasks: dict[asyncio.Task[list[Any]], _Step] = {}
        self._long: list[tuple[_Step, str]] = []
        self._inbox: asyncio.Task[Any] | None = None
        self._tokens: list[str] = []
        self._replies: list[tuple[Call, Reply]] = []

    async def run(self) -> dict[str, Any]:
        """Drive the process to its end.

        An error would end it, with all that is done. So one that went another way than
        this worker would, as by another draft of its version, is left alone; after any
        other error, as one of the database, it is run again.
        """
        process = self._flow.process
        about = f"{process.saga} {process.aggregate_id}"
        try:
            return await self._drive()
        except error.DBOSUnexpectedStepError as why:
            LOGGER.error("%s is left to a worker with its own draft: %s", about, why)
            again = False
        except Exception:  # noqa: BLE001  a driver of a database may raise any
            LOGGER.exception("%s is run again in %g seconds", about, PAUSE)
            again = True
        finally:
            await self._close()
        if not again:
            await _never()
        return await _again(str(DBOS.workflow_id), process.started)

    async def _drive(self) -> dict[str, Any]:
        following = self._go_on()
        while following.end is None:
            if self._is_deaf(following):
                following = await asyncio.to_thread(self._alone, following)
                continue
            for call in following.calls:
                step = self._step(call)
                task = asyncio.create_task(asyncio.to_thread(step.begin))
                self._tasks[task] = step
            self._forget()
            asked = await self._first(following)
            following = self._go_on([await self._request(one) for one in asked])
            for one, result in zip(asked, following.results, strict=True):
                await DBOS.set_event_async(one.key, told(result))
        self._forget()
        return following.end

    async def _close(self) -> None:
        """Wait for nothing any more; who comes back to a call still finds it."""
        waiting = [*self._tasks, *filter(None, [self._inbox])]
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    def _go_on(self, requests: Sequence[Request] = ()) -> Next:
        replies, self._replies = self._replies, []
        return self._flow.go_on(self._now, replies, requests)

    async def _request(self, asked: Asked) -> Request:
        saga = self._flow.saga
        if not asked.of_version:
            return asked.request(saga)
        name: StepOptions = {"name": f"{saga.name}@{asked.values['to']} known"}
        known = await DBOS.run_step_async(name, asked.is_known, saga)
        if known and not asked.is_known(saga):
            # To judge it here would end the workflow: it is left to a newer worker.
            await _never()
        return asked.request(saga, known=known)

    def _step(self, call: Call) -> _Step:
        token = self._tokens.pop() if self._tokens and needs_token(call) else ""
        return _Step(self._calls, self._flow.version.number, call, token)

    def _forget(self) -> None:
        """Drop the tokens that came with results, and that no call has taken."""
        self._calls.drop(self._tokens)
        self._tokens.clear()

    def _is_deaf(self, following: Next) -> bool:
        """Whether to wait for a call alone, which takes no writes but its own.

        Only for a while, and only where nobody outside could take a step.
        """
        if len(following.calls) != 1 or following.wake or self._tasks or self._inbox:
            return False
        return self._now < self._deaf_since + DEAF and not self._is_open()

    def _is_open(self) -> bool:
        """Whether somebody outside could take a step now."""
        record = self._flow.process.record
        version = self._flow.version
        return any(
            not step.automatic and not step.delay and version.may(record, "begin", step)
            for step in version.steps.values()
        )

    def _alone(self, following: Next) -> Next:
        """Make one call after the other, as long as there is nothing else to hear."""
        while following.end is None and self._is_deaf(following):
            step = self._step(following.calls[0])
            self._forget()
            self._take(step, step.begin())
            following = self._go_on()
        return following

    async def _first(self, following: Next) -> list[Asked]:
        """Wait for what comes first: replies, an event, or the time to look again."""
        for step, running in self._long:
            self._tasks[asyncio.create_task(step.end(running))] = step
        self._long.clear()
        if self._inbox is None:
            waiting = DBOS.recv_async(TOPIC, timeout_seconds=EVER)
            self._inbox = asyncio.create_task(waiting)
        done, _ = await DBOS.asyncio_wait(
            [*self._tasks, self._inbox],
            timeout=self._left(following.wake),
            return_when=asyncio.FIRST_COMPLETED,
        )
        if not done:
            self._now = max(self._now, following.wake)
        for task in [task for task in self._tasks if task in done]:
            self._take(self._tasks.pop(task), task.result())
        if self._inbox not in done:
            return []
        given, self._inbox = self._inbox.result(), None
        try:
            asked = Asked.of(self._flow.saga, given)
        except TypeError:
            LOGGER.warning("what was sent is no request: %r", given)
            return []
        self._deaf_since = self._now = max(self._now, asked.time)
        return [asked]

    def _left(self, wake: int) -> float | None:
        """The seconds until a time, which are fewer after a recovery: DBOS waits anew.

        What was asked while nobody worked is heard before a time that is past.
        """
        return max(left(wake, self._now), HEAR) if wake else None

    def _take(self, step: _Step, result: list[Any]) -> None:
        """Take what came of a call, or that it is still under way."""
        answer = Answer(*result)
        self._now = max(self._now, answer.time)
        if answer.word == RUNNING:
            self._long.append((step, answer.token))
        else:
            step.close()
            self._tokens.append(answer.token)
            self._replies.append((step.call, answer.reply))


async def _again(workflow: str, started: int) -> NoReturn:
    """Have DBOS run a workflow once more, and leave it to that run."""
    # In no context: else it would be a step of the workflow.
    await asyncio.create_task(resumed(workflow, started), context=Context())
    raise asyncio.CancelledError("another run goes on")


async def resumed(workflow: str, started: int) -> None:
    """Resume a workflow after a pause, as soon as that can be stored."""
    while True:
        await asyncio.sleep(PAUSE)
        try:
            known = await DBOS.get_workflow_status_async(workflow)
            if known and _is_left(known, started):
                await DBOS.resume_workflow_async(workflow)
        except Exception:  # noqa: BLE001  what it was run again for may still be so
            LOGGER.exception("%s cannot be run again yet", workflow)
        else:
            return


def _is_left(known: WorkflowStatus, started: int) -> bool:
    """Whether a workflow is that which was started then, and is no other worker's.

    A start that failed may have stored nothing, and been tried again meanwhile.
    """
    own = known.status == "PENDING" and known.executor_id == DBOS.executor_id
    return own and known.input is not None and started in known.input["args"]


async def _never() -> NoReturn:
    """Leave a workflow to another worker, as if this one had died."""
    while True:
        await asyncio.Event().wait()
