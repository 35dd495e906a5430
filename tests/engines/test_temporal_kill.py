"""A worker on Temporal is killed in the middle of a call, and another takes over."""

from __future__ import annotations

import os
import subprocess
import sys
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


@pytest.mark.parametrize("when", ["before", "after"])
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

    def ready() -> bool:
        happened = "issue" in effects(world)
        bench.ask("resolve", booking, "issue", happened=happened, by="ann")
        return bench.ask("look", booking).held == ("ready",)

    if handler == "refund":
        bench.ends(booking, "compensated")
    else:
        bench.until(ready)
    done = Counter(effects(world))
    assert done["seat"] <= 2
    assert {*done.values()} - {done["seat"]} <= {1}
    assert {"pay", "seat", "issue"} <= done.keys()
    assert done["refund"] == (handler == "refund")
