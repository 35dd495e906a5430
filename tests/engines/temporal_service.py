"""A double of the Temporal service, on its own gRPC stubs, for what the tests run.

It keeps histories in memory and listens on loopback. The SDK's worker and client run
against it unchanged. It knows what our workflows use, and nothing else: workflow and
activity tasks, sticky queues, timers, timeouts, retries, updates, queries, cancelling.
It does not know deployments: every worker of a queue gets every task.
"""

from __future__ import annotations

import asyncio
import re
import threading
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, cast

import grpc
from google.protobuf.any_pb2 import Any as Packed
from temporal_execution import CONTINUED, RUNNING, Execution
from temporal_queues import Queues
from temporal_updates import Update
from temporalio.api.common.v1 import GrpcStatus
from temporalio.api.enums.v1 import query_pb2, update_pb2, workflow_pb2
from temporalio.api.errordetails.v1 import WorkflowExecutionAlreadyStartedFailure
from temporalio.api.history.v1 import History
from temporalio.api.update.v1 import Outcome
from temporalio.api.workflowservice import v1 as api
from temporalio.api.workflowservice.v1.service_pb2_grpc import (
    add_WorkflowServiceServicer_to_server,
)

POLL = 20.0  # seconds that a poll waits
QUERY = 2.0  # seconds that a query waits for the worker that has the workflow cached
COMPLETED = update_pb2.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED
GONE = "workflow execution already completed"


class Query:
    """A query on its way to a worker."""

    def __init__(self, execution: Execution, query: Any) -> None:
        self.execution = execution
        self.query = query
        self.answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()


class Servicer:
    """The calls of the API that a worker and a client of ours make, in snake case."""

    def __init__(self) -> None:
        self.executions: dict[str, Execution] = {}
        self.runs = 0
        self.most = 4096  # events until a run is told to go on as another
        self.ago = 0.0  # how many seconds ago what is started now was started
        self.queues: Queues[Any] = Queues()
        self._queries: dict[bytes, Query] = {}

    def __getattr__(self, name: str) -> Callable[[Any, Any], Awaitable[Any]]:
        if not name[0].isupper():
            raise AttributeError(name)
        called = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
        return getattr(type(self), called, _unknown).__get__(self)

    def begin(self, request: api.StartWorkflowExecutionRequest) -> Execution:
        """Begin a run of a workflow."""
        made = Execution(request, self)
        self.executions[request.workflow_id] = made
        self.runs += 1
        return made

    async def get_system_info(self, request, context):
        known = ("sdk_metadata", "encoded_failure_attributes")
        capabilities: Any = dict.fromkeys(known, True)
        return api.GetSystemInfoResponse(
            server_version="1.29.0", capabilities=capabilities
        )

    async def describe_namespace(self, request, context):
        info: Any = {"name": request.namespace, "id": "1"}
        return api.DescribeNamespaceResponse(namespace_info=info)

    async def start_workflow_execution(self, request, context):
        found = self.executions.get(request.workflow_id)
        if found is None:
            found = self.begin(request)
        elif found.request.request_id != request.request_id:
            reuse = request.workflow_id_reuse_policy
            assert reuse == workflow_pb2.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
            await _already_started(context, found)
        return api.StartWorkflowExecutionResponse(run_id=found.run_id, started=True)

    async def describe_workflow_execution(self, request, context):
        found = await self._find(request.execution, context)
        info: Any = {
            "execution": found.named(),
            "type": found.request.workflow_type,
            "status": found.status,
            "history_length": len(found.history),
        }
        return api.DescribeWorkflowExecutionResponse(workflow_execution_info=info)

    async def get_workflow_execution_history(self, request, context):
        found = await self._find(request.execution, context)
        last = workflow_pb2.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT
        if request.history_event_filter_type == last:
            await found.until(lambda: found.status != RUNNING)
            events = found.history[-1:]
        else:
            events = found.history
        return api.GetWorkflowExecutionHistoryResponse(history=History(events=events))

    async def poll_workflow_task_queue(self, request, context):
        name = request.task_queue.name
        sticky = bool(request.task_queue.normal_name)
        end = asyncio.get_running_loop().time() + POLL
        while (left := end - asyncio.get_running_loop().time()) > 0:
            found = await self.queues[name].get(left)
            if isinstance(found, Query):
                return self._asked(found, sticky)
            if found is not None:
                execution, task = found
                if told := execution.take(task, sticky):
                    return told
        return api.PollWorkflowTaskQueueResponse()

    async def respond_workflow_task_completed(self, request, context):
        held = [one.complete(request) for one in self._holding(request.task_token)]
        if not any(held):
            await context.abort(grpc.StatusCode.NOT_FOUND, "workflow task not found")
        return api.RespondWorkflowTaskCompletedResponse()

    async def respond_workflow_task_failed(self, request, context):
        for one in self._holding(request.task_token):
            given = {"cause": request.cause, "failure": request.failure}
            one.fail_task(request.task_token, identity=request.identity, **given)
        return api.RespondWorkflowTaskFailedResponse()

    async def poll_activity_task_queue(self, request, context):
        name = f"activity {request.task_queue.name}"
        end = asyncio.get_running_loop().time() + POLL
        while (left := end - asyncio.get_running_loop().time()) > 0:
            found = await self.queues[name].get(left)
            if found and (told := found[0].take(found[1])):
                return told
        return api.PollActivityTaskQueueResponse()

    async def respond_activity_task_completed(self, request, context):
        await self._tell(
            context,
            lambda one: one.activities.complete(
                request.task_token, result=request.result, identity=request.identity
            ),
        )
        return api.RespondActivityTaskCompletedResponse()

    async def respond_activity_task_failed(self, request, context):
        await self._tell(
            context,
            lambda one: one.activities.fail(request.task_token, request.failure),
        )
        return api.RespondActivityTaskFailedResponse()

    async def record_activity_task_heartbeat(self, request, context):
        await self._tell(context, lambda one: one.activities.beat(request.task_token))
        return api.RecordActivityTaskHeartbeatResponse()

    async def update_workflow_execution(self, request, context):
        found = await self._find(request.workflow_execution, context)
        name = request.request.meta.update_id
        if found.status != RUNNING and name not in found.updates:
            await context.abort(grpc.StatusCode.NOT_FOUND, GONE)
        update = found.updates.ask(request.request)
        outcome = await self._judged(found, update, context)
        return api.UpdateWorkflowExecutionResponse(
            update_ref=_reference(found, name), outcome=outcome, stage=COMPLETED
        )

    async def poll_workflow_execution_update(self, request, context):
        found = await self._find(request.update_ref.workflow_execution, context)
        update = found.updates[request.update_ref.update_id]
        outcome = await self._judged(found, update, context)
        return api.PollWorkflowExecutionUpdateResponse(outcome=outcome, stage=COMPLETED)

    async def query_workflow(self, request, context):
        found = await self._find(request.execution, context)
        query = Query(found, request.query)
        not_open = query_pb2.QUERY_REJECT_CONDITION_NOT_OPEN
        if request.query_reject_condition == not_open and found.status != RUNNING:
            rejected: Any = {"status": found.status}
            return api.QueryWorkflowResponse(query_rejected=rejected)
        await found.until(lambda: found.task is None)
        if found.sticky and self.queues[found.sticky].alive:
            self.queues[found.sticky].put(query)
            await asyncio.wait([query.answer], timeout=QUERY)
        if not query.answer.done():
            self.queues[found.queue].put(query)
        return await query.answer

    async def respond_query_task_completed(self, request, context):
        query = self._queries.pop(request.task_token)
        if not query.answer.done():
            result = request.query_result
            query.answer.set_result(api.QueryWorkflowResponse(query_result=result))
        return api.RespondQueryTaskCompletedResponse()

    async def request_cancel_workflow_execution(self, request, context):
        found = await self._find(request.workflow_execution, context)
        found.cancel(request.identity)
        return api.RequestCancelWorkflowExecutionResponse()

    async def terminate_workflow_execution(self, request, context):
        found = await self._find(request.workflow_execution, context)
        status = workflow_pb2.WORKFLOW_EXECUTION_STATUS_TERMINATED
        found.close("workflow_execution_terminated", status, reason=request.reason)
        return api.TerminateWorkflowExecutionResponse()

    async def shutdown_worker(self, request, context):
        return api.ShutdownWorkerResponse()

    async def _find(self, named: Any, context: Any) -> Execution:
        found = self.executions.get(named.workflow_id)
        if found is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, "workflow not found")
        assert found is not None
        return found

    def _holding(self, token: bytes) -> list[Execution]:
        everything = self.executions.values()
        return [one for one in everything if one.task and one.task.token == token]

    async def _tell(self, context: Any, tell: Callable[[Execution], bool]) -> None:
        if not any(tell(one) for one in list(self.executions.values())):
            await context.abort(grpc.StatusCode.NOT_FOUND, "activity task not found")

    def _asked(self, query: Query, sticky: bool) -> Any:
        token = uuid.uuid4().hex.encode()
        self._queries[token] = query
        told = query.execution.told(token, sticky=False)
        if sticky:
            told.ClearField("history")
            told.history.SetInParent()
        told.query.CopyFrom(query.query)
        return told

    async def _judged(self, found: Execution, update: Update, context: Any) -> Outcome:
        await found.until(lambda: update.outcome or found.status != RUNNING)
        if update.outcome is None:
            again = found.status == CONTINUED
            code = grpc.StatusCode.UNAVAILABLE if again else grpc.StatusCode.NOT_FOUND
            await context.abort(code, GONE)
        assert update.outcome is not None
        return update.outcome


async def _unknown(self: Servicer, request: Any, context: Any) -> None:
    """Whatever else the API has."""
    name = type(request).__name__
    await context.abort(grpc.StatusCode.UNIMPLEMENTED, f"{name} is not known here")


def _reference(found: Execution, name: str) -> Any:
    return {"workflow_execution": found.named(), "update_id": name}


async def _already_started(context: Any, found: Execution) -> None:
    code, message = grpc.StatusCode.ALREADY_EXISTS, "workflow already started"
    detail = Packed()
    detail.Pack(WorkflowExecutionAlreadyStartedFailure(run_id=found.run_id))
    status = GrpcStatus(code=code.value[0], message=message, details=[detail])
    metadata = (("grpc-status-details-bin", status.SerializeToString()),)
    await context.abort(code, message, trailing_metadata=metadata)


class TemporalService:
    """The service in a thread of its own, at `address`; `close` ends it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self.address = asyncio.run_coroutine_threadsafe(
            self._begin(), self._loop
        ).result()

    def close(self) -> None:
        """End it."""
        asyncio.run_coroutine_threadsafe(self._server.stop(0), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _begin(self) -> str:
        self._server = grpc.aio.server()
        self.servicer = Servicer()
        add_WorkflowServiceServicer_to_server(cast(Any, self.servicer), self._server)
        port = self._server.add_insecure_port("127.0.0.1:0")
        await self._server.start()
        return f"127.0.0.1:{port}"
