"""A worker on Temporal is killed in the middle of a call, and another takes over."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from temporal_bench import HERE, PATIENCE, Bench, bench, modules, temporal
from temporal_child import effects

__all__ = ["bench", "modules", "temporal"]

Child = Callable[[str, str], "subprocess.Popen[bytes]"]


@pytest.fixture
def child(bench: Bench, modules: Path, tmp_path: Path) -> Iterator[Child]:
    """What begins another worker, which dies at a handler; ours is gone."""
    bench.stop()
    begun = []

    def begin(handler: str, when: str) -> subprocess.Popen[bytes]:
        address, world = bench.service.address, tmp_path / "world"
        words = [*map(str, (address, modules, world, handler, when))]
        made = subprocess.Popen(
            [sys.executable, HERE / "temporal_child.py", *words],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.DEVNULL,
        )
        begun.append(made)
        return made

    yield begin
    for one in begun:
        one.kill()
        one.wait()


def ready(bench: Bench, booking: str, world: Path) -> bool:
    """Whether it is; where nobody knows of its ticket, a person finds out."""
    looked = bench.ask("look", booking)
    if looked.reason:
        happened = "issue" in effects(world, booking)
        bench.ask("resolve", booking, "issue", happened=happened, by="ann")
    return looked.held == ("ready",)


@pytest.mark.parametrize(
    "when", [pytest.param("before", marks=pytest.mark.slow), "after"]
)
@pytest.mark.parametrize("handler", ["pay", "seat", "issue", "refund"])
def test_no_once_call_is_made_twice(bench, child, tmp_path, handler, when):
    """A killed worker may have been in two calls; `seat` alone may be repeated."""
    booking, world = f"{handler} {when}", tmp_path / "world"
    killed = child(handler, when)
    assert bench.ask("start", booking).accepted
    assert bench.ask("pay", booking, "user").accepted
    if handler == "refund":
        bench.held(booking, "ready")
        assert bench.ask("abort", booking).accepted
    assert killed.wait(PATIENCE) < 0
    child("", "")
    if handler == "refund":
        bench.ends(booking, "compensated")
    else:
        bench.until(lambda: ready(bench, booking, world))
    done = Counter(effects(world, booking))
    assert done["seat"] <= 2
    assert {*done.values()} - {done["seat"]} <= {1}
    assert {"pay", "seat", "issue"} <= done.keys()
    assert done["refund"] == (handler == "refund")


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["", "naively"])
def test_random_kills(bench, child, modules, tmp_path, policy):
    """Of 200 bookings under 50 kills, none has an effect twice that is `once`."""
    draw, world = random.Random(5), tmp_path / "world"
    bookings = [f"random {policy} {number}" for number in range(200)]
    running = child("", policy)
    bench.together("start", bookings)
    for kill in range(50):
        bench.together("pay", bookings[kill * 4 : kill * 4 + 4], "user")
        time.sleep(draw.uniform(0, 0.3))
        running.kill()
        running.wait()
        running = child("", policy)
    for booking in bookings:
        bench.until(lambda booking=booking: ready(bench, booking, world))
    counts = [Counter(effects(world, booking)) for booking in bookings]
    assert all({*count} == {"pay", "issue", "seat"} for count in counts)
    repeated = sum(count["pay"] + count["issue"] - 2 for count in counts)
    assert repeated > 0 if policy else repeated == 0
    assert sum(count["seat"] for count in counts) > len(bookings), "no kill was felt"
    bench.work(modules)
    assert not [one for one in bookings if bench.unlike(bench.history(one))]
