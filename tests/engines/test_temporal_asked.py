"""Who asks a booking on Temporal while no worker is there."""

from __future__ import annotations

import asyncio

import pytest
from temporal_bench import bench, modules, temporal

__all__ = ["bench", "modules", "temporal"]


@pytest.fixture
def booking(request: pytest.FixtureRequest) -> str:
    """An id that nothing else has."""
    return str(request.node.name)


def test_how_a_process_ended_is_told_without_a_worker(bench, booking):
    bench.ask("start", booking)
    bench.ask("abort", booking)
    bench.ends(booking, "compensated")
    bench.stop()
    ended = f"booking {booking} ended as compensated"
    assert bench.ask("look", booking).reason == ended


def test_what_no_worker_judges_in_time_is_refused(bench, booking, monkeypatch):
    assert bench.ask("start", booking).accepted
    bench.stop()
    monkeypatch.setattr(bench.front, "timeout", 0.5)
    for told in (bench.ask("pay", booking, "user"), bench.ask("look", booking)):
        assert told.outcome == "refused"
        assert told.reason == "it was not judged within 0.5 seconds"


def test_who_asks_can_be_cancelled(bench, booking):
    assert bench.ask("start", booking).accepted
    bench.stop()

    async def cancelled() -> bool:
        asking = asyncio.create_task(bench.front.pay(booking, "user"))
        await asyncio.sleep(0.5)
        asking.cancel()
        await asyncio.wait([asking])
        return asking.cancelled()

    assert bench.wait(cancelled())
