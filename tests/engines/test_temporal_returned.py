"""What an activity on Temporal returns that is too large, or none of ours."""

from __future__ import annotations

import asyncio
import threading

import pytest
from temporal_bench import bench, modules, temporal
from temporalio.api.common.v1 import Payload, Payloads

__all__ = ["bench", "modules", "temporal"]


def test_what_temporal_does_not_take_is_not_kept(bench):
    """What is done would be done again, and a failure taken for a doubt, for ever."""
    large = 3_000_000 * "x"

    def fail(_: object) -> None:
        raise bench.world.failed(large)

    bench.world.tell("pay", lambda _: {"receipt": large})
    bench.world.tell("seat", fail)
    assert bench.ask("start", "large").accepted
    assert bench.ask("pay", "large", "user").accepted
    bench.ends("large", "compensated")
    history = bench.execution("large").history
    assert max(event.ByteSize() for event in history) < 2_000_000
    assert not any(context.data for context in bench.world.contexts)


@pytest.mark.parametrize("result", ["null", '"done"', "{}", '["done", 5, 7]'])
def test_what_is_completed_by_hand_is_in_doubt(bench, result):
    """The process would wait for it for ever, and tell nobody."""
    booking, over = f"by hand {result}", threading.Event()
    bench.world.tell("issue", lambda _: over.wait(0.9))
    assert bench.ask("start", booking).accepted
    assert bench.ask("pay", booking, "user").accepted
    bench.until(lambda: "issue" in bench.world.calls)
    payload = Payload(metadata={"encoding": b"json/plain"}, data=result.encode())

    async def complete() -> None:
        activities = bench.execution(booking).activities
        for one in list(activities._open.values()):
            if one.attributes.activity_type.name == "booking@1/issue":
                activities.complete(one.token, result=Payloads(payloads=[payload]))

    asyncio.run_coroutine_threadsafe(complete(), bench.service._loop).result()
    over.set()
    bench.until(lambda: bench.ask("look", booking).reason == "`issue` is in doubt")
