"""A worker that is killed: `temporal_child.py ADDRESS MODULES WORLD HANDLER WHEN`.

What it does is written to the file `WORLD`. At the first call of a handler it kills
itself, `before` or `after` the effect. Without one, and `naively`, Temporal tries its
calls again as it does where nothing else is said.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio.client import Client
from temporalio.common import RetryPolicy

from sagadsl.engines import temporal


class Mortal:
    """Handlers whose effects outlive the process."""

    def __init__(self, world: Path, handler: str, when: str) -> None:
        self._world = world
        self._end = (handler, when)

    def __getattr__(self, handler: str) -> Callable[[Any], bool | None]:
        if handler.startswith("_"):
            raise AttributeError(handler)
        return lambda context: self._call(handler, context)

    def _call(self, handler: str, context: Any) -> bool | None:
        if handler.endswith("_status"):
            about = context.idempotency_key.rpartition("/")[2]
            return about in effects(self._world, context.aggregate_id)
        self._die(handler, "before")
        with self._world.open("a", encoding="utf-8") as file:
            file.write(f"{context.aggregate_id}/{handler}\n")
        self._die(handler, "after")
        return None

    def _die(self, handler: str, when: str) -> None:
        if (handler, when) == self._end:
            os.kill(os.getpid(), signal.SIGKILL)


def effects(world: Path, booking: str) -> list[str]:
    """What has happened to a booking, in its order."""
    lines = world.read_text(encoding="utf-8").splitlines() if world.exists() else []
    of = [line.rpartition("/") for line in lines]
    return [handler for known, _, handler in of if known == booking]


async def main(address: str, modules: str, world: str, *death: str) -> None:
    """Work until killed."""
    sys.path.insert(0, modules)
    temporal.SagaWorkflow.heartbeat = timedelta(seconds=1)
    if "naively" in death:
        temporal.ONCE = RetryPolicy()
    handlers = Mortal(Path(world), *death)
    module = importlib.import_module("booking_temporal")
    client = await Client.connect(address)
    await module.BookingOnTemporal(handlers).worker(client).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
