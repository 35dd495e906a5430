"""A process is left alone while calls of it go on."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from at_work import TRIP, made, refused, serving, wait_until
from world import World, outcome

from sagadsl.runtime import Context, Driver, Store


class Trip(NamedTuple):
    """The saga, its handlers, and when each of them may end."""

    saga: ModuleType
    world: World
    may: defaultdict[str, threading.Event]


def trip(folder: Path, text: str = TRIP) -> Trip:
    saga = made(text, folder)
    world, may = World(saga.Failed), defaultdict[str, threading.Event](threading.Event)

    def when_it_may(context: Context) -> None:
        handler = context.idempotency_key.rpartition("/")[2]
        may[handler].wait(60)
        world.effects[handler] += 1

    for handler in ("fly", "stay", "drive"):
        world.tell(handler, when_it_may)
    return Trip(saga, world, may)


def test_a_call_that_goes_on_keeps_its_process_when_another_comes_back(
    tmp_path: Path, store: Store
) -> None:
    """Else it would be asked about and, since it has not happened yet, made again."""
    saga, world, may = trip(tmp_path)
    with Driver(saga, world, store, threads=3, lease=1) as driver, serving(driver):
        driver.start("1")
        wait_until(lambda: len(world.calls) == 3)
        with refused(store, "1", "done"):
            may["fly"].set()
            time.sleep(0.5)  # by now the worker knows
        may["stay"].set()
        time.sleep(2.5)  # whoever may take it would have asked
        assert not outcome(store, "1")
        may["drive"].set()
        wait_until(lambda: outcome(store, "1"))
    assert world.effects == {"fly": 1, "stay": 1, "drive": 1}
    assert world.calls[3:] == ["fly_status"]


def test_a_call_that_goes_on_keeps_its_process_when_another_hangs(
    tmp_path: Path, store: Store
) -> None:
    """Who is in its time is not held to be lost with who is not."""
    text = TRIP.replace("fly_status", "fly_status, timeout 1 second")
    saga, world, may = trip(tmp_path, text)
    may["stay"].set()
    with Driver(saga, world, store, threads=6, lease=1) as driver, serving(driver):
        driver.start("1")
        wait_until(lambda: len(world.calls) == 3)
        time.sleep(3)
        assert world.calls[3:] == []
        may["drive"].set()
        wait_until(lambda: "fly_status" in world.calls)
        may["fly"].set()
        wait_until(lambda: outcome(store, "1"))
    assert world.effects["drive"] == 1
    assert "drive_status" not in world.calls
