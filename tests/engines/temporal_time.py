"""Times of the Temporal service that the tests run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp


def now() -> Timestamp:
    """The time of the service."""
    stamp = Timestamp()
    stamp.GetCurrentTime()
    return stamp


def seconds(duration: Duration) -> float:
    """A duration in seconds."""
    return duration.ToTimedelta().total_seconds()


def later(delay: float, do: Callable[..., Any], *given: Any) -> asyncio.TimerHandle:
    """Do something after so many seconds."""
    return asyncio.get_running_loop().call_later(delay, do, *given)
