"""The timers of a workflow execution."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from temporal_time import later, seconds

if TYPE_CHECKING:
    from temporal_execution import Execution


class Timers:
    """The timers of one execution that run."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution
        self._running: dict[str, tuple[asyncio.TimerHandle, int]] = {}

    def start(self, attributes: Any, completed: int) -> None:
        """Start one, as a workflow task commands."""
        name, delay = attributes.timer_id, attributes.start_to_fire_timeout
        started = self._execution.add(
            "timer_started",
            timer_id=name,
            start_to_fire_timeout=delay,
            workflow_task_completed_event_id=completed,
        )
        self._running[name] = later(seconds(delay), self._fire, name), started

    def cancel(self, attributes: Any, completed: int) -> None:
        """Stop one; where it has fired meanwhile, that is forgotten."""
        name = attributes.timer_id
        timer, started = self._running.pop(name)
        timer.cancel()
        self._execution.forget(f"timer {name}")
        self._execution.add(
            "timer_canceled",
            timer_id=name,
            started_event_id=started,
            workflow_task_completed_event_id=completed,
        )

    def close(self) -> None:
        """Stop all of them."""
        for timer, _ in self._running.values():
            timer.cancel()

    def _fire(self, name: str) -> None:
        def write() -> None:
            _, started = self._running.pop(name)
            add = self._execution.add
            add("timer_fired", timer_id=name, started_event_id=started)

        self._execution.happen(f"timer {name}", write)
