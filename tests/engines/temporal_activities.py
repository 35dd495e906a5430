"""The activities of a workflow execution: attempts, timeouts and heartbeats."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING, Any

from google.protobuf.duration_pb2 import Duration
from temporal_time import later, now, seconds
from temporalio.api.enums.v1 import workflow_pb2
from temporalio.api.failure.v1 import Failure, TimeoutFailureInfo
from temporalio.api.workflowservice.v1 import PollActivityTaskQueueResponse

if TYPE_CHECKING:
    from temporal_execution import Execution

PAUSE = 0.1  # seconds before an activity is tried again


class Activity:
    """An activity; `token` is that of the attempt that a worker has, if one has."""

    def __init__(self, attributes: Any, scheduled: int) -> None:
        self.attributes = attributes
        self.scheduled = scheduled
        self.attempt = 1
        self.token = b""
        self.timers: dict[str, asyncio.TimerHandle] = {}

    def stop(self) -> None:
        """Stop what would time it out."""
        self.token = b""
        for timer in self.timers.values():
            timer.cancel()
        self.timers.clear()


class Activities:
    """The activities of one execution that have not ended."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution
        self._open: dict[int, Activity] = {}

    def schedule(self, attributes: Any, completed: int) -> None:
        """Have an activity made."""
        scheduled = self._execution.add(
            "activity_task_scheduled",
            activity_id=attributes.activity_id,
            activity_type=attributes.activity_type,
            task_queue=attributes.task_queue,
            header=attributes.header,
            input=attributes.input,
            start_to_close_timeout=attributes.start_to_close_timeout,
            heartbeat_timeout=attributes.heartbeat_timeout,
            retry_policy=attributes.retry_policy,
            workflow_task_completed_event_id=completed,
        )
        activity = Activity(attributes, scheduled)
        self._open[scheduled] = activity
        self._offer(activity)

    def take(self, activity: Activity) -> PollActivityTaskQueueResponse | None:
        """Hand an activity to a worker; None if it has ended."""
        if self._open.get(activity.scheduled) is not activity or activity.token:
            return None
        activity.token = uuid.uuid4().hex.encode()
        attributes = activity.attributes
        self._time_out(activity, "START_TO_CLOSE", attributes.start_to_close_timeout)
        self._time_out(activity, "HEARTBEAT", attributes.heartbeat_timeout)
        execution = self._execution
        return PollActivityTaskQueueResponse(
            task_token=activity.token,
            workflow_namespace="default",
            workflow_type=execution.request.workflow_type,
            workflow_execution=execution.named(),
            activity_type=attributes.activity_type,
            activity_id=attributes.activity_id,
            header=attributes.header,
            input=attributes.input,
            scheduled_time=now(),
            current_attempt_scheduled_time=now(),
            started_time=now(),
            attempt=activity.attempt,
            start_to_close_timeout=attributes.start_to_close_timeout,
            heartbeat_timeout=attributes.heartbeat_timeout,
            retry_policy=attributes.retry_policy,
        )

    def beat(self, token: bytes) -> bool:
        """A worker is heard of; False if it has the activity no more."""
        activity = self._found(token)
        if activity is None:
            return False
        timeout = activity.attributes.heartbeat_timeout
        self._time_out(activity, "HEARTBEAT", timeout)
        return True

    def complete(self, token: bytes, **attributes: Any) -> bool:
        """Take the result of an activity; False if the worker has it no more."""
        activity = self._found(token)
        if activity is None:
            return False
        self._ended(activity, "activity_task_completed", **attributes)
        return True

    def fail(self, token: bytes, failure: Failure) -> bool:
        """Take the failure of an activity; False if the worker has it no more."""
        activity = self._found(token)
        if activity is None:
            return False
        self._failed(activity, "activity_task_failed", failure)
        return True

    def close(self) -> None:
        """End all of them, as the execution has ended."""
        for activity in self._open.values():
            activity.stop()
        self._open.clear()

    def _found(self, token: bytes) -> Activity | None:
        found = (one for one in self._open.values() if one.token == token)
        return next(found, None)

    def _offer(self, activity: Activity) -> None:
        if self._open.get(activity.scheduled) is activity:
            name = activity.attributes.task_queue.name or self._execution.queue
            self._execution.queues[f"activity {name}"].put((self, activity))

    def _time_out(self, activity: Activity, kind: str, timeout: Duration) -> None:
        if kind in activity.timers:
            activity.timers.pop(kind).cancel()
        if seconds(timeout):
            number = workflow_pb2.TimeoutType.Value(f"TIMEOUT_TYPE_{kind}")
            failure = Failure(
                message=f"activity {kind} timeout",
                timeout_failure_info=TimeoutFailureInfo(timeout_type=number),
            )
            activity.timers[kind] = later(
                seconds(timeout),
                self._failed,
                activity,
                "activity_task_timed_out",
                failure,
            )

    def _failed(self, activity: Activity, kind: str, failure: Failure) -> None:
        """Try it again, as its policy says, or tell the workflow."""
        most = activity.attributes.retry_policy.maximum_attempts
        info = failure.application_failure_info
        if info.non_retryable or 0 < most <= activity.attempt:
            state = workflow_pb2.RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED
            self._ended(activity, kind, failure=failure, retry_state=state)
            return
        activity.stop()
        activity.attempt += 1
        later(PAUSE, self._offer, activity)

    def _ended(self, activity: Activity, kind: str, **attributes: Any) -> None:
        activity.stop()
        del self._open[activity.scheduled]
        execution = self._execution

        def write() -> None:
            started = execution.add(
                "activity_task_started",
                scheduled_event_id=activity.scheduled,
                attempt=activity.attempt,
            )
            execution.add(
                kind,
                scheduled_event_id=activity.scheduled,
                started_event_id=started,
                **attributes,
            )

        execution.happen("activity", write)
