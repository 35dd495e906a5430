"""Handlers on Temporal that do not come back."""

from __future__ import annotations

import threading

from temporal_bench import bench, modules, temporal
from test_temporal_workers import begin

__all__ = ["begin", "bench", "modules", "temporal"]


def test_what_has_overrun_its_timeout_holds_up_no_other(bench, begin, caplog):
    """A worker makes a hundred calls at once, and would take no more for ever."""
    over = threading.Event()
    bench.world.tell("pay", lambda _: over.wait())
    begin(max_concurrent_activities=1)
    try:
        assert bench.ask("start", "hung").accepted
        assert bench.ask("pay", "hung", "user").accepted
        bench.until(lambda: "pay" in bench.world.calls)
        assert bench.ask("start", "next").accepted
        assert bench.ask("pay", "next", "user").accepted
        bench.held("next", "ready")
    finally:
        over.set()
    bench.until(lambda: "pay came too late: " in caplog.text)
    assert bench.unlike(bench.history("hung")) is None
