"""A call whose worker died: it may have happened, and an abort has to know."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from backends import Process
from workers import Place, place, reworded, server

__all__ = ["place", "server"]
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("place", ["dbos", "restate"], indirect=True)
def test_what_is_come_to_after_its_time_may_have_happened(
    place: Place, tmp_path: Path, aggregate: str
) -> None:
    """It was made by a worker that died: an abort would leave its effect standing."""
    once = "pay    : once, probe pay_status, timeout 1 second"
    words = {once: "pay    : idempotent, timeout 4 seconds"}
    modules = reworded(tmp_path, "errand", place.kind, words)
    with place.worker(modules) as worker:
        errand = Process(worker, "errand", aggregate)
        errand.tell("pay", "hang 4")
        errand.ask("start")
        while not errand.effects:
            time.sleep(0.05)
        begun = time.monotonic()
        errand.ask("abort")
        worker.kill()
        time.sleep(max(begun + 4 - time.monotonic(), 0))
        errand.ends("compensated")
    assert errand.effects == ["pay", "pay", "refund"]
