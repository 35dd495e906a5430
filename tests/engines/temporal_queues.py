"""Workflow tasks of the Temporal service of the tests, and the queues of its tasks."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import defaultdict, deque
from typing import Generic, TypeVar

T = TypeVar("T")
ALIVE = 0.5  # seconds between two polls of a worker that is there


class WorkflowTask:
    """A workflow task; `started` is 0 until a worker takes it."""

    def __init__(self, scheduled: int, attempt: int) -> None:
        self.scheduled = scheduled
        self.attempt = attempt
        self.started = 0
        self.token = uuid.uuid4().hex.encode()


class TaskQueue(Generic[T]):
    """What waits for a worker, or the workers that wait."""

    def __init__(self) -> None:
        self._tasks: deque[T] = deque()
        self._polls: deque[asyncio.Future[None]] = deque()
        self._polled = 0.0

    @property
    def alive(self) -> bool:
        """Whether a worker polls it."""
        return bool(self._polls) or time.monotonic() - self._polled < ALIVE

    def put(self, task: T) -> None:
        """Have the next poll get it."""
        self._tasks.append(task)
        self._wake()

    async def get(self, patience: float) -> T | None:
        """The next task, None if there is none within so many seconds."""
        end = time.monotonic() + patience
        while not self._tasks and time.monotonic() < end:
            poll = asyncio.get_running_loop().create_future()
            self._polls.append(poll)
            try:
                await asyncio.wait([poll], timeout=end - time.monotonic())
            finally:
                self._polled = time.monotonic()
                if poll in self._polls:
                    self._polls.remove(poll)
                elif self._tasks:
                    self._wake()
        return self._tasks.popleft() if self._tasks else None

    def _wake(self) -> None:
        while self._polls:
            poll = self._polls.popleft()
            if not poll.done():
                poll.set_result(None)
                return


class Queues(Generic[T]):
    """The queues by name."""

    def __init__(self) -> None:
        self._queues: defaultdict[str, TaskQueue[T]] = defaultdict(TaskQueue)

    def __getitem__(self, name: str) -> TaskQueue[T]:
        return self._queues[name]
