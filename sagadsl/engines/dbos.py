"""A saga on DBOS: a workflow for each process, a step of its own name for each call.

DBOS repeats a step whose process died before its result was stored. Before a `once`
call another step stores a token, so that who comes back to the call asks instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextvars import Context
from time import monotonic
from typing import Any, Unpack

from dbos import DBOS, DBOSConfig, SetWorkflowID, StepOptions, error

from sagadsl.engines.calls import Calls, now
from sagadsl.engines.dbos_run import TOPIC, Run, resumed
from sagadsl.engines.flow import RULES, Flow
from sagadsl.engines.front import Asked, Front, heard, over, told, under_way, unknown
from sagadsl.runtime.given import as_json, checked_id, is_id
from sagadsl.runtime.result import Outcome, Result
from sagadsl.runtime.saga import Saga, SagaModule

POLL = 0.05  # seconds
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
        self._doubtful: set[asyncio.Task[None]] = set()
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
        _leave_loop("start")
        given = (checked_id(aggregate_id), as_json(data), now())
        name: StepOptions = {"name": f"{self.saga.name} start"}
        if DBOS.run_step(name, Context().run, self._begin, given):
            return Result(Outcome.ACCEPTED)
        return self._ended(aggregate_id) or under_way(self.saga, aggregate_id)

    def _begin(self, given: tuple[str, dict[str, Any], int]) -> bool:
        """Begin the workflow of a process as a task in the loop of DBOS.

        DBOS would give it a thread, and write that it failed when this worker ends. It
        is nobody's child: to cancel who starts it is not to cancel it.
        """
        workflow = self._workflows[self.saga.latest.number]

        async def begin() -> None:
            own = self.workflow_id(given[0])
            try:
                with SetWorkflowID(own, workflow_id_reuse_policy="reject"):
                    await DBOS.start_workflow_async(workflow, *given)
            except error.DBOSWorkflowIDInUseError:
                raise
            except Exception:
                # It may be stored even so, as what nobody runs.
                again = resumed(own, given[2])
                later = asyncio.create_task(again, context=Context())
                self._doubtful.add(later)
                later.add_done_callback(self._doubtful.discard)
                raise

        try:
            DBOS.run_step(None, begin)
        except error.DBOSWorkflowIDInUseError:
            return False
        return True

    def _ask(self, aggregate_id: str, asked: Asked) -> Result:
        """Ask in two steps, if a workflow does: run again, it asks the same as before.

        The first stores the key, by which a request is sent and answered once.
        """
        _leave_loop(asked.kind)
        if not is_id(aggregate_id):
            return unknown(self.saga, aggregate_id)
        name: StepOptions = {"name": f"{self.saga.name} {asked.kind}"}
        given: list[Any] = DBOS.run_step(name, lambda: [*asked])
        answer = DBOS.run_step(name, Context().run, self._wait, aggregate_id, given)
        return heard(self.saga, answer)

    def _wait(self, aggregate_id: str, given: list[Any]) -> list[Any]:
        """Send a request, and wait for what becomes of it: a result as JSON.

        A process may have ended by it.
        """
        asked = Asked(*given)
        workflow = self.workflow_id(aggregate_id)
        ended = self._ended(aggregate_id)
        if ended is None:
            DBOS.send(workflow, given, topic=TOPIC, idempotency_key=asked.key)
        end = monotonic() + self.timeout
        while monotonic() < end:
            wait = LOOK_AGAIN if ended is None else 0
            answer = DBOS.get_event(workflow, asked.key, timeout_seconds=wait)
            if answer is not None:
                return [*answer]
            if ended is not None:
                return told(ended)
            ended = self._ended(aggregate_id)
        why = f"it was not judged within {self.timeout:g} seconds"
        return told(Result(Outcome.REFUSED, why))

    def _ended(self, aggregate_id: str) -> Result | None:
        """What comes of asking a workflow that is over, or that there is not."""
        status = DBOS.get_workflow_status(self.workflow_id(aggregate_id))
        if status is None:
            return unknown(self.saga, aggregate_id)
        if status.status in ("PENDING", "ENQUEUED", "DELAYED"):
            return None
        if status.status == "SUCCESS" and status.output:
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
            return await Run(self.calls, flow, started).run()

        name = f"{self.saga.name}@{version}"
        run.__qualname__ = name
        return DBOS.workflow(name=name, max_recovery_attempts=None)(run)


def _leave_loop(name: str) -> None:
    """Raise `RuntimeError` where a loop runs, which would stand still meanwhile."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    why = f"`{name}` waits for DBOS: where a loop runs, call it by `asyncio.to_thread`"
    raise RuntimeError(why)
