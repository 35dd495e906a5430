"""A worker that is killed: `temporal_child.py ADDRESS MODULES WORLD HANDLER WHEN`.

What it does is written to the file `WORLD`. At the first call of a handler it kills
itself, `before` or `after` the effect.
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

from sagadsl.engines.temporal import SagaWorkflow


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
            return about in effects(self._world)
        self._die(handler, "before")
        with self._world.open("a", encoding="utf-8") as file:
            file.write(f"{handler}\n")
        self._die(handler, "after")
        return None

    def _die(self, handler: str, when: str) -> None:
        if (handler, when) == self._end:
            os.kill(os.getpid(), signal.SIGKILL)


def effects(world: Path) -> list[str]:
    """What has happened, in its order."""
    return world.read_text(encoding="utf-8").split() if world.exists() else []


async def main(address: str, modules: str, world: str, *death: str) -> None:
    """Work until killed."""
    sys.path.insert(0, modules)
    SagaWorkflow.heartbeat = timedelta(seconds=1)
    handlers = Mortal(Path(world), *death)
    module = importlib.import_module("booking_temporal")
    client = await Client.connect(address)
    await module.BookingOnTemporal(handlers).worker(client).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
