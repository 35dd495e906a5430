"""Calls that wait for a thread: neither their time nor their lease runs out then."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from types import ModuleType

import pytest
from modules import emitted, load
from world import World, pass_time

from sagadsl.runtime import Context, Driver, open_store
from sagadsl.runtime.listing import Condition

BRIEF = """\
saga brief {
    aggregate brief_id
    states {
        initial asked
        final paid
    }
    transitions {
        asked -> paid : pay by system
    }
    actions {
        pay : once, in doubt park, timeout 1 second, no undo
    }
}
"""


@pytest.fixture
def brief(tmp_path: Path) -> ModuleType:
    path = tmp_path / "brief_saga.py"
    path.write_text(emitted(Path("brief.saga"), BRIEF.encode()), "utf-8")
    return load(path)


def slow(context: Context) -> None:
    assert context.deadline
    assert 0.3 < context.deadline - time.time() <= 1.1
    time.sleep(0.6)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_timeout_counts_from_the_call(
    brief: ModuleType, threads: int, url: str
) -> None:
    """Some may wait longer than it for a thread."""
    world = World(brief.Failed)
    world.tell("pay", *[slow] * 6)
    with (
        open_store(url) as store,
        Driver(brief, world, store, lease=2, threads=threads) as driver,
    ):
        for number in range(6):
            driver.start(f"{number}")
        driver.run()
        assert not driver.listing.count()[Condition.PARKED]
    assert world.calls == ["pay"] * 6


@pytest.mark.parametrize("threads", [1, 2])
def test_what_was_not_called_goes_back(
    brief: ModuleType, threads: int, url: str
) -> None:
    """Of a worker that is broken off only what it did call is in doubt."""
    stopped, together = threading.Event(), threading.Barrier(threads)

    def stop(_: Context) -> None:
        together.wait(60)
        stopped.set()
        raise KeyboardInterrupt

    world = World(brief.Failed)
    world.tell("pay", *[stop] * threads)
    with (
        open_store(url) as store,
        Driver(brief, world, store, threads=threads) as broken,
        Driver(brief, world, store) as other,
    ):
        for number in range(6):
            broken.start(f"{number}")
        if threads == 1:
            with pytest.raises(KeyboardInterrupt):
                broken.run()
        else:
            broken.serve(stopped)
        other.run()
        pass_time(store, 2)
        other.run()
        assert other.listing.count()[Condition.PARKED] == threads
    assert world.calls == ["pay"] * 6
