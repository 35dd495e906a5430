"""Calls as activities of Temporal: as JSON, being made, and when they are over."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from temporalio import activity
from temporalio.exceptions import ActivityError, ApplicationError, TimeoutType
from temporalio.exceptions import TimeoutError as TimedOutError

from sagadsl.runtime.decide import Reply
from sagadsl.runtime.saga import Version
from sagadsl.runtime.turn import Call

NOT_MADE = "NotMade"


def may_outlive(call: Call, error: ActivityError) -> bool:
    """Whether a call may have its effect when that was made again and taken back.

    Its worker was not heard of any more, and may still be at it.
    """
    cause = error.cause
    silent = isinstance(cause, TimedOutError) and cause.type is TimeoutType.HEARTBEAT
    repeated = call.work.how == "idempotent" and not (call.undo or call.probe)
    return silent and repeated and call.step.backward is not None


def not_made(why: str) -> ApplicationError:
    """What a worker says that could not make a call."""
    return ApplicationError(why, type=NOT_MADE)


def was_not_made(error: ActivityError) -> bool:
    """Whether a call was not made: there was no thread, or by the SDK no handler."""
    cause = error.cause
    said = cause.type if isinstance(cause, ApplicationError) else ""
    return said in (NOT_MADE, "NotFoundError")


def replied(told: Any) -> Reply:
    """What an activity has returned; whoever completes one by hand returns anything."""
    match told:
        case [str(word), str(note), dict() | None as values]:
            return Reply(word, note, values)
    return Reply("lost", "what it returned is no reply")


def packed(call: Call) -> dict[str, Any]:
    """A call as JSON."""
    return {
        "aggregate_id": call.aggregate_id,
        "step": call.step.name,
        "attempt": call.attempt,
        "undo": call.undo,
        "probe": call.probe,
        "fence": call.fence,
        "data": call.data,
    }


def unpacked(version: Version, given: dict[str, Any]) -> Call:
    """A call that was JSON, as it begins now."""
    named = {step.name: step for step in version.steps.values()}
    step = named[given["step"]]
    work = step.backward if given["undo"] else step.forward
    assert work is not None
    began = round(activity.info().started_time.timestamp() * 1000)
    handler = work.probe if given["probe"] else work.handler
    return Call(**{**given, "step": step}, work=work, handler=handler, began=began)


async def finished(made: asyncio.Future[Any]) -> bool:
    """Wait for a handler, even where the worker shuts down, and be heard of.

    One that has overrun its time is not waited for: it would keep others waiting.
    """
    heartbeat = activity.info().heartbeat_timeout
    pause = heartbeat.total_seconds() / 3 if heartbeat else None
    while not made.done() and not _is_over():
        activity.heartbeat()
        with suppress(asyncio.CancelledError):
            await asyncio.wait([made], timeout=pause)
    return made.done()


def _is_over() -> bool:
    """Whether the service does not wait for this activity any more."""
    details = activity.cancellation_details()
    return details is not None and (details.timed_out or details.not_found)
