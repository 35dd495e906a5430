"""A saga on Temporal: a workflow for each process, an activity type for each call.

Temporal never repeats an activity that may be attempted once; it says that it timed
out. So a call needs no token: one whose worker is gone is lost, and the saga's rules
decide what follows. They also count attempts and pauses, so no activity is retried.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any, ClassVar

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy, VersioningBehavior, WorkerDeploymentVersion
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.worker import Worker, WorkerDeploymentConfig

from sagadsl.engines.calls import Made, call_name, into, reply_of, small
from sagadsl.engines.flow import RULES, Flow
from sagadsl.engines.front import Asked, over, told
from sagadsl.engines.temporal_calls import (
    finished,
    may_outlive,
    not_made,
    packed,
    replied,
    unpacked,
    was_not_made,
)
from sagadsl.runtime.ask import Request
from sagadsl.runtime.call import Caller
from sagadsl.runtime.decide import Reply
from sagadsl.runtime.requests import abort
from sagadsl.runtime.result import Result
from sagadsl.runtime.saga import Saga, SagaModule, Version
from sagadsl.runtime.turn import Call

ONCE = RetryPolicy(maximum_attempts=1)
EVER = timedelta(days=3650)  # a handler without a timeout takes as long as it takes
CALLS = 100  # at once in one worker, if its options say nothing else
LARGEST = 2_000_000  # characters of JSON in a result, of which Temporal takes 2 MB
ELSEWHERE = 10  # seconds until a call goes out again that a worker could not make
THREADS = 100_000  # a call that waited for one would be made when its time is over
_SAGAS: dict[int, Saga] = {}


def known(module: SagaModule) -> Saga:
    """The saga of a module, which all processes of a worker share."""
    saga = _SAGAS.get(id(module))
    if saga is None:
        saga = _SAGAS[id(module)] = Saga(module)
    return saga


class SagaWorkflow:
    """A process that was started with one version: the emitted module subclasses it.

    A worker that was not heard of for `heartbeat` is held to be dead.
    """

    heartbeat: ClassVar[timedelta] = timedelta(seconds=30)
    _saga: ClassVar[Saga]
    _version: ClassVar[int]

    def __init_subclass__(cls, module: SagaModule, version: int) -> None:
        cls._saga, cls._version = known(module), version

    @workflow.init
    def __init__(
        self,
        aggregate_id: str,
        data: dict[str, Any],
        kept: dict[str, Any] | None = None,
    ) -> None:
        saga, version = self._saga, self._version
        started = round(workflow.info().workflow_start_time.timestamp() * 1000)
        self._flow = (
            Flow.restored(saga, kept)
            if kept
            else Flow(saga, version, aggregate_id, data, started)
        )
        self._calls: set[asyncio.Task[None]] = set()
        self._now = self._wake = 0
        self._timer: asyncio.TimerHandle | None = None
        self._end: dict[str, Any] | None = None

    @workflow.update(name="ask")
    def ask(self, asked: list[Any]) -> list[Any]:
        """Judge a request."""
        self._begin()
        if self._end is not None:
            return self.look()
        one = Asked(*asked)
        if one.of_version:  # that a newer worker may have accepted: it is left to such
            self._saga.version(one.values["to"])
        request = one.request(self._saga)
        return told(self._go_on(requests=[request])[0])

    @ask.validator
    def _knows(self, asked: list[Any]) -> None:
        """Keep what only newer workers can judge out of the history: they replay it.

        What is no request is kept out as well: the workflow would be stuck at it.
        """
        try:
            one = Asked.of(self._saga, asked)
            if one.of_version:
                self._saga.version(one.values["to"])
        except (TypeError, LookupError) as error:
            raise ApplicationError(str(error), non_retryable=True) from error

    @workflow.query(name="look")
    def look(self) -> list[Any]:
        """Where the process stands."""
        if self._end is not None:
            aggregate_id = self._flow.process.aggregate_id
            return told(over(self._saga, aggregate_id, self._end))
        return told(self._flow.look())

    async def drive(self) -> dict[str, Any]:
        """Drive the process to its end, and return what is kept of it.

        Who cancels the workflow asks for an abort, as an operator. A run whose history
        is long goes on as another.
        """
        self._begin()
        while self._end is None:
            try:
                await workflow.wait_condition(
                    lambda: self._end is not None or self._is_long()
                )
            except asyncio.CancelledError:
                if self._end is None:  # it may have ended in the same workflow task
                    self._go_on(requests=[abort("operator", "cancelled on Temporal")])
                    self._tell()
            if self._end is None and self._is_long():
                aggregate_id = self._flow.process.aggregate_id
                workflow.continue_as_new(args=[aggregate_id, {}, self._flow.kept()])
        return self._end

    def _is_long(self) -> bool:
        return self._flow.idle and workflow.info().is_continue_as_new_suggested()

    def _begin(self) -> None:
        """Take the first turn: a request may come before the workflow runs."""
        if not self._now:
            self._go_on()

    def _go_on(
        self,
        replies: Sequence[tuple[Call, Reply]] = (),
        requests: Sequence[Request] = (),
    ) -> tuple[Result, ...]:
        self._now = max(self._now, round(workflow.now().timestamp() * 1000))
        following = self._flow.go_on(self._now, replies, requests)
        idle = not (following.calls or following.end or requests)
        if idle and following.wake == self._wake:
            self._tell()
        for call in following.calls:
            task = asyncio.create_task(self._call(call))
            self._calls.add(task)
            task.add_done_callback(self._calls.discard)
        if following.wake != self._wake:
            self._set_timer(following.wake)
        self._end = following.end
        return following.results

    def _tell(self) -> None:
        """Tell where the process stands, where else a worker would command nothing.

        A task that commanded nothing is given together with the next one to a worker
        that begins anew, and apart in a replay (temporalio/sdk-python#1591). Then a
        request would be judged before the reply that it came after.
        """
        workflow.upsert_memo({"states": [*self._flow.look().held]})

    def _set_timer(self, wake: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._wake, self._timer = wake, None
        if wake:
            pause = (wake - self._now) / 1000
            self._timer = asyncio.get_running_loop().call_later(pause, self._woken)

    def _woken(self) -> None:
        self._now, self._wake, self._timer = max(self._now, self._wake), 0, None
        if self._end is None:
            self._go_on()

    async def _call(self, call: Call) -> None:
        timeout = timedelta(milliseconds=call.work.timeout) or EVER
        name = call_name(self._saga, self._flow.version.number, call.handler)
        try:
            told = await workflow.execute_activity(
                name,
                packed(call),
                start_to_close_timeout=timeout,
                heartbeat_timeout=self.heartbeat,
                retry_policy=ONCE,
            )
            reply = replied(told)
        except ActivityError as error:
            word = "lost"
            if was_not_made(error):
                await asyncio.sleep(ELSEWHERE)
                word = "idle"
            elif may_outlive(call, error):
                await asyncio.sleep(call.work.timeout / 1000)
            reply = Reply(word, str(error.cause or error))
        self._go_on([(call, reply)])


class TemporalSaga:
    """What a worker runs: `workflows` and `activities`, as the build `deployment`."""

    def __init__(
        self,
        module: SagaModule,
        handlers: object,
        workflows: Sequence[type[SagaWorkflow]],
    ) -> None:
        """Raises `TypeError` if a handler is missing."""
        self.saga = known(module)
        self.workflows = workflows
        self._caller = Caller(self.saga, handlers)
        self._threads = ThreadPoolExecutor(THREADS, f"{self.saga.name}-call")
        self.activities = [
            self._activity(version, handler)
            for version in self.saga.versions.values()
            for handler in version.handlers
        ]

    @property
    def deployment(self) -> WorkerDeploymentConfig:
        """The build of this worker: other rules of the saga, or of ours, are another.

        A process stays with the build that it was started by.
        """
        latest = self.saga.latest
        build = f"{latest.number}-{latest.machine.digest[:12]}-{RULES}"
        return WorkerDeploymentConfig(
            version=WorkerDeploymentVersion(self.saga.name, build),
            use_worker_versioning=True,
            default_versioning_behavior=VersioningBehavior.PINNED,
        )

    def worker(self, client: Client, task_queue: str = "", **options: Any) -> Worker:
        """A worker, on the task queue named as the saga if no other is.

        `options` are those of `temporalio.worker.Worker`; one without a deployment is
        given `deployment_config=None`.
        """
        given = {
            "workflows": self.workflows,
            "activities": self.activities,
            "deployment_config": self.deployment,
            "max_concurrent_activities": CALLS,
        }
        queue = task_queue or self.saga.name
        return Worker(client, task_queue=queue, **{**given, **options})

    def _activity(
        self, version: Version, handler: str
    ) -> Callable[[dict[str, Any]], Awaitable[list[Any]]]:
        """The activity that calls a handler for a version."""

        @activity.defn(name=call_name(self.saga, version.number, handler))
        async def perform(given: dict[str, Any]) -> list[Any]:
            call = unpacked(version, given)
            made: Future[Reply] = Future()
            try:
                self._threads.submit(into, made, self._caller.perform, call)
            except RuntimeError as why:
                # It may be queued: it would be made at any later time, or is already.
                if made.cancel():
                    raise not_made(str(why)) from why
            if not await finished(asyncio.wrap_future(made)):
                made.add_done_callback(Made(call, made, 0).late)
                raise TimeoutError("it did not answer in time")
            return [*small(call, reply_of(made), LARGEST)]

        return perform
