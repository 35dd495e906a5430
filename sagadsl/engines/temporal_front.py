"""Processes on Temporal, asked by updates and queries of their workflows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any

from temporalio.client import (
    Client,
    RPCTimeoutOrCancelledError,
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowQueryRejectedError,
    WorkflowUpdateFailedError,
)
from temporalio.common import QueryRejectCondition, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from sagadsl.engines.front import Asked, Front, heard, over, under_way, unknown
from sagadsl.runtime.given import as_json, checked_id, is_id
from sagadsl.runtime.result import Outcome, Result
from sagadsl.runtime.saga import Saga, SagaModule


class TemporalFront(Front[Awaitable[Result]]):
    """Asks processes by a client of Temporal."""

    def __init__(self, module: SagaModule, client: Client, task_queue: str) -> None:
        self.saga = Saga(module)
        self._client = client
        self._queue = task_queue or self.saga.name

    def workflow_id(self, aggregate_id: str) -> str:
        """The id of the workflow of a process."""
        return f"{self.saga.name}/{aggregate_id}"

    async def start(
        self, aggregate_id: str, data: Mapping[str, Any] | None = None
    ) -> Result:
        """Start a process: one for each id, once only, with the newest version.

        Raises `ValueError` or `TypeError` for an id or data that a driver refuses.
        """
        try:
            await self._client.start_workflow(
                f"{self.saga.name}@{self.saga.latest.number}",
                args=[checked_id(aggregate_id), as_json(data)],
                id=self.workflow_id(aggregate_id),
                task_queue=self._queue,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            )
        except WorkflowAlreadyStartedError:
            ended = await self._over(aggregate_id)
            return ended or under_way(self.saga, aggregate_id)
        return Result(Outcome.ACCEPTED)

    async def _ask(self, aggregate_id: str, asked: Asked) -> Result:
        if not is_id(aggregate_id):
            return unknown(self.saga, aggregate_id)
        try:
            answer = await asyncio.wait_for(
                self._answer(self._handle(aggregate_id), asked), self.timeout
            )
        except (TimeoutError, RPCTimeoutOrCancelledError) as error:
            task = asyncio.current_task()
            if task and task.cancelling():  # the SDK has made another error of it
                raise asyncio.CancelledError from error
            why = f"it was not judged within {self.timeout:g} seconds"
            return Result(Outcome.REFUSED, why)
        except WorkflowUpdateFailedError as error:
            ended = await self._over(aggregate_id)
            return ended or Result(Outcome.REFUSED, str(error.cause))
        except (RPCError, WorkflowQueryRejectedError):
            ended = await self._over(aggregate_id)
            if ended is None:
                raise
            return ended
        return heard(self.saga, answer)

    async def _answer(self, handle: WorkflowHandle[Any, Any], asked: Asked) -> Any:
        if asked.kind == "look":
            open_only = QueryRejectCondition.NOT_OPEN
            return await handle.query("look", reject_condition=open_only)
        return await handle.execute_update("ask", list(asked), id=asked.key)

    async def _over(self, aggregate_id: str) -> Result | None:
        """What comes of asking a process that has ended, or that there is not."""
        handle = self._handle(aggregate_id)
        try:
            status = (await handle.describe()).status
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return unknown(self.saga, aggregate_id)
            raise
        if status is WorkflowExecutionStatus.RUNNING:
            return None
        if status is WorkflowExecutionStatus.COMPLETED:
            return over(self.saga, aggregate_id, await handle.result())
        name = status.name if status else "UNKNOWN"
        return Result(Outcome.REFUSED, f"its workflow has the status {name}")

    def _handle(self, aggregate_id: str) -> WorkflowHandle[Any, Any]:
        return self._client.get_workflow_handle(self.workflow_id(aggregate_id))
