"""A saga on DBOS: a workflow for each process, a step of its own name for each call.

DBOS repeats a step whose process died before its result was stored. Before a `once`
call another step stores a token, so that who comes back to the call asks instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Any, Unpack

from dbos import DBOS, DBOSConfig, SetWorkflowID, StepOptions, error

from sagadsl.engines.calls import EVER, RUNNING, Answer, Calls, left, needs_token, now
from sagadsl.engines.flow import RULES, Flow, Next
from sagadsl.engines.front import Asked, Front, heard, over, told, under_way, unknown
from sagadsl.runtime.ask import Request
from sagadsl.runtime.decide import Reply
from sagadsl.runtime.given import as_json, checked_id, is_id
from sagadsl.runtime.log import LOGGER
from sagadsl.runtime.result import Outcome, Result
from sagadsl.runtime.saga import Saga, SagaModule
from sagadsl.runtime.turn import Call

POLL = 0.05  # seconds
TOPIC = "sagadsl"
DEAF = 10_000  # milliseconds that a process may go without hearing of requests
HEAR = 0.2  # seconds until what is stored is heard
LOOK_AGAIN = 0.5  # seconds: it may have ended without judging what came last


def config(
    name: str, url: str, worker: str, /, **others: Unpack[DBOSConfig]
) -> DBOSConfig:
    """What `DBOS` is given to run sagas, `others` among it.

    `worker` is the `executor_id`: no two may live under one, and one that starts again
    under its own takes up what it had. The `application_version` is that of our rules,
    not of a saga: a process keeps its version by the name of its workflow, so a newer
    worker can take up what an older one has left. Raises `ValueError` without a worker.

    DBOS lets any worker of the same `application_version` take what another recovers,
    and an older one would strand what it does not know. So the worker's name is part of
    it, unless one is given, which only workers share that know the same versions.
    """
    if not worker:
        raise ValueError("a worker needs a name of its own, which it keeps")
    shared = others.get("application_version") or worker
    given: DBOSConfig = {
        **others,
        "name": name,
        "system_database_url": url,
        "application_version": f"{RULES}/{shared}",
        "executor_id": worker,
    }
    if url.startswith("sqlite"):  # which tells nobody of what was written
        given.setdefault("notification_listener_polling_interval_sec", POLL)
    return given


class DbosSaga(Front[Result]):
    """One saga on DBOS. Make it before `DBOS.launch()`: it registers the workflows."""

    def __init__(self, saga: SagaModule, handlers: object) -> None:
        """Raises `TypeError` if a handler is missing."""
        self.saga = Saga(saga)
        self.calls = Calls(self.saga, handlers)
        self._workflows = {
            number: self._workflow(number) for number in self.saga.versions
        }

    def workflow_id(self, aggregate_id: str) -> str:
        """The id of the workflow of a process."""
        return f"{self.saga.name}/{aggregate_id}"

    def start(self, aggregate_id: str, data: Mapping[str, Any] | None = None) -> Result:
        """Start a process: one for each id, once only, with the newest version.

        Raises `ValueError` or `TypeError` for an id or data that a driver refuses.
        """
        given = (checked_id(aggregate_id), as_json(data), now())
        workflow = self._workflows[self.saga.latest.number]
        name = self.workflow_id(aggregate_id)
        try:
            with SetWorkflowID(name, workflow_id_reuse_policy="reject"):
                DBOS.start_workflow(workflow, *given)
        except error.DBOSWorkflowIDInUseError:
            ended = self._ended(aggregate_id, DBOS.get_workflow_status(name))
            return ended or under_way(self.saga, aggregate_id)
        return Result(Outcome.ACCEPTED)

    def _ask(self, aggregate_id: str, asked: Asked) -> Result:
        workflow = self.workflow_id(aggregate_id)
        known = is_id(aggregate_id)
        status = DBOS.get_workflow_status(workflow) if known else None
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

    def _workflow(self, version: int) -> Callable[..., Any]:
        """The workflow of a version: it returns what is kept of a process.

        It is recovered as often as a worker ends: DBOS would give it up after a hundred
        times, and a process may wait for longer than that.
        """

        async def run(
            aggregate_id: str, data: dict[str, Any], started: int
        ) -> dict[str, Any]:
            flow = Flow(self.saga, version, aggregate_id, data, started)
            return await _Run(self.calls, flow, started).run()

        name = f"{self.saga.name}@{version}"
        run.__qualname__ = name
        return DBOS.workflow(name=name, max_recovery_attempts=None)(run)


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


class _Run:
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
        """Drive the process to its end."""
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
        if self._inbox is not None:
            self._inbox.cancel()
            await asyncio.gather(self._inbox, return_exceptions=True)
        return following.end

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
            await asyncio.Event().wait()
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
