"""A workflow execution as the Temporal service of the tests keeps it.

Its history, its workflow task, and the updates and timers of it. While a worker has
the workflow task, what happens is buffered, and follows what that task commands.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from google.protobuf.duration_pb2 import Duration
from temporal_activities import Activities
from temporal_queues import WorkflowTask
from temporal_time import later, now
from temporal_timers import Timers
from temporal_updates import Updates
from temporalio.api.enums.v1 import event_type_pb2, failed_cause_pb2, workflow_pb2
from temporalio.api.history.v1 import History, HistoryEvent
from temporalio.api.workflowservice import v1 as api

if TYPE_CHECKING:
    from temporal_service import Servicer

COMPLETE = "complete_workflow_execution_command_attributes"
CONTINUE = "continue_as_new_workflow_execution_command_attributes"
CONTINUED = workflow_pb2.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW
RUNNING = workflow_pb2.WORKFLOW_EXECUTION_STATUS_RUNNING
LATE = 5.0  # seconds until a workflow task that was taken is held to be lost
STICKY = 1.0  # seconds until one goes to any worker, if that which knows it is gone


class Execution:
    """One run of a workflow; `status` is that of the API."""

    def __init__(
        self, request: api.StartWorkflowExecutionRequest, home: Servicer
    ) -> None:
        self.request = request
        self.run_id = str(uuid.uuid4())
        self.status: int = RUNNING
        self.history: list[HistoryEvent] = []
        self.updates = Updates(self)
        self.previous = 0  # the event of the last workflow task that was completed
        self.task: WorkflowTask | None = None
        self.sticky = ""
        self.activities = Activities(self)
        self.timers = Timers(self)
        self.queues = home.queues
        self._home = home
        self._buffer: list[tuple[str, Callable[[], Any]]] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._started()
        self.history[0].event_time.seconds -= round(home.ago)
        self.need_task()

    @property
    def queue(self) -> str:
        """Its task queue."""
        return self.request.task_queue.name

    async def until(self, true: Callable[[], Any]) -> None:
        """Wait until something is so."""
        while not true():
            change = asyncio.get_running_loop().create_future()
            self._waiting.append(change)
            await change

    def add(self, kind: str, **attributes: Any) -> int:
        """Write an event, and give its number."""
        number = event_type_pb2.EventType.Value(f"EVENT_TYPE_{kind.upper()}")
        event = HistoryEvent(
            event_id=len(self.history) + 1, event_time=now(), event_type=number
        )
        target = getattr(event, f"{kind}_event_attributes")
        target.CopyFrom(type(target)(**attributes))
        self.history.append(event)
        self._changed()
        return event.event_id

    def happen(self, key: str, write: Callable[[], Any]) -> None:
        """Write what has happened, once no worker has the workflow task."""
        if self.status != RUNNING:
            return
        if self.task and self.task.started:
            self._buffer.append((key, write))
        else:
            write()
            self.need_task()

    def forget(self, key: str) -> None:
        """Drop what has happened and is not written yet."""
        self._buffer = [one for one in self._buffer if one[0] != key]

    def need_task(self, attempt: int = 1) -> None:
        """Have a worker look at it."""
        if self.task or self.status != RUNNING:
            return
        if self.sticky and not self.queues[self.sticky].alive:
            self.sticky = ""
        scheduled = self.add(
            "workflow_task_scheduled",
            task_queue={"name": self.sticky or self.queue},
            start_to_close_timeout=Duration(seconds=int(LATE)),
            attempt=attempt,
        )
        self.task = WorkflowTask(scheduled, attempt)
        self.queues[self.sticky or self.queue].put((self, self.task))
        if self.sticky:
            later(STICKY, self._lost, self.task, "SCHEDULE_TO_START")

    def take(
        self, task: WorkflowTask, sticky: bool
    ) -> api.PollWorkflowTaskQueueResponse | None:
        """Hand the workflow task to a worker; None if it is an old one."""
        if task is not self.task or task.started:
            return None
        task.started = self.add(
            "workflow_task_started",
            scheduled_event_id=task.scheduled,
            request_id=task.token.decode(),
            suggest_continue_as_new=len(self.history) > self._home.most,
        )
        later(LATE, self._lost, task, "START_TO_CLOSE")
        told = self.told(task.token, sticky=sticky)
        told.started_event_id = task.started
        told.attempt = task.attempt
        told.messages.extend(self.updates.messages(task.started - 1))
        return told

    def told(self, token: bytes, *, sticky: bool) -> api.PollWorkflowTaskQueueResponse:
        """What a worker is told with a task: a sticky one knows the older events."""
        events = self.history[self.previous :] if sticky else self.history
        return api.PollWorkflowTaskQueueResponse(
            task_token=token,
            workflow_execution=self.named(),
            workflow_type=self.request.workflow_type,
            previous_started_event_id=self.previous,
            history=History(events=events),
            workflow_execution_task_queue=self.request.task_queue,
            started_time=now(),
        )

    def named(self) -> Any:
        """Its ids."""
        return {"workflow_id": self.request.workflow_id, "run_id": self.run_id}

    def complete(self, request: api.RespondWorkflowTaskCompletedRequest) -> bool:
        """Do as the worker of the task says; False if it has that task no more."""
        task = self.task
        if task is None or not task.started or task.token != request.task_token:
            return False
        ends = [
            c
            for c in request.commands
            if c.WhichOneof("attributes") in (COMPLETE, CONTINUE)
        ]
        if ends and self._buffer:
            cause = failed_cause_pb2.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND
            self.fail_task(request.task_token, cause=cause)
            return True
        completed = self.add(
            "workflow_task_completed",
            scheduled_event_id=task.scheduled,
            started_event_id=task.started,
            identity=request.identity,
            sdk_metadata=request.sdk_metadata,
            versioning_behavior=request.versioning_behavior,
        )
        self.task, self.previous = None, task.started
        self.sticky = request.sticky_attributes.worker_task_queue.name
        messages = {message.id: message for message in request.messages}
        for command in request.commands:
            kind = command.WhichOneof("attributes")
            attributes = getattr(command, str(kind))
            if kind == "protocol_message_command_attributes":
                self.updates.take(messages.pop(attributes.message_id))
            else:
                self._commands[str(kind)](attributes, completed)
        for message in messages.values():
            self.updates.take(message)
        self._flush(again=request.force_create_new_workflow_task)
        return True

    def fail_task(self, token: bytes, **attributes: Any) -> bool:
        """Have the workflow task done again; False if that worker has it no more."""
        task = self.task
        if task is None or task.token != token:
            return False
        self.add(
            "workflow_task_failed",
            scheduled_event_id=task.scheduled,
            started_event_id=task.started,
            **attributes,
        )
        self._again(task)
        return True

    def cancel(self, identity: str) -> None:
        """Ask for it to be cancelled."""
        kind = "workflow_execution_cancel_requested"
        self.happen("cancel", lambda: self.add(kind, identity=identity))

    def close(self, kind: str, status: int, **attributes: Any) -> None:
        """End it."""
        self.status = status
        self.add(kind, **attributes)
        self.activities.close()
        self.timers.close()

    @property
    def _commands(self) -> dict[str, Callable[[Any, int], None]]:
        return {
            COMPLETE: self._completed,
            CONTINUE: self._continue,
            "schedule_activity_task_command_attributes": self.activities.schedule,
            "start_timer_command_attributes": self.timers.start,
            "cancel_timer_command_attributes": self.timers.cancel,
            "modify_workflow_properties_command_attributes": self._remember,
        }

    def _started(self) -> None:
        request = self.request
        self.add(
            "workflow_execution_started",
            workflow_type=request.workflow_type,
            task_queue=request.task_queue,
            input=request.input,
            workflow_task_timeout=Duration(seconds=int(LATE)),
            original_execution_run_id=self.run_id,
            first_execution_run_id=self.run_id,
            workflow_id=request.workflow_id,
            identity=request.identity,
            attempt=1,
        )

    def _changed(self) -> None:
        waiting, self._waiting = self._waiting, []
        for change in waiting:
            if not change.done():
                change.set_result(None)

    def _flush(self, *, again: bool) -> None:
        """Write what was buffered, and have it looked at."""
        if self._written() or again or self.updates.messages(0):
            self.need_task()
        self._changed()

    def _written(self) -> bool:
        buffered, self._buffer = self._buffer, []
        for _, write in buffered:
            write()
        return bool(buffered)

    def _lost(self, task: WorkflowTask, kind: str) -> None:
        """A workflow task that no worker took, or has not come back from one."""
        if task is not self.task or bool(task.started) is (kind == "SCHEDULE_TO_START"):
            return
        self.add(
            "workflow_task_timed_out",
            scheduled_event_id=task.scheduled,
            started_event_id=task.started,
            timeout_type=workflow_pb2.TimeoutType.Value(f"TIMEOUT_TYPE_{kind}"),
        )
        self._again(task)

    def _again(self, task: WorkflowTask) -> None:
        self.task, self.sticky = None, ""
        self._written()
        attempt = task.attempt + bool(task.started)  # one that nobody took is none
        later(0.1 * (task.attempt - 1), self.need_task, attempt)

    def _remember(self, attributes: Any, completed: int) -> None:
        self.add(
            "workflow_properties_modified",
            upserted_memo=attributes.upserted_memo,
            workflow_task_completed_event_id=completed,
        )

    def _completed(self, attributes: Any, completed: int) -> None:
        self.close(
            "workflow_execution_completed",
            workflow_pb2.WORKFLOW_EXECUTION_STATUS_COMPLETED,
            result=attributes.result,
            workflow_task_completed_event_id=completed,
        )

    def _continue(self, attributes: Any, completed: int) -> None:
        self.close(
            "workflow_execution_continued_as_new",
            CONTINUED,
            input=attributes.input,
            workflow_task_completed_event_id=completed,
        )
        self.request.input.CopyFrom(attributes.input)
        self._home.begin(self.request)
