"""A worker on Temporal that is not heard of, and still makes its call."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from temporal_activities import Activities, Activity
from temporal_bench import bench, modules, temporal
from temporal_time import later

from sagadsl.engines.temporal import SagaWorkflow

__all__ = ["bench", "modules", "temporal"]


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first call waits for a worker longer than its time-out; no beat arrives."""
    offer, waited = Activities._offer, []

    def late(self: Activities, activity: Activity) -> None:
        waited.append(activity)
        pause = 1.5 if len(waited) == 1 else 0
        later(pause, offer, self, activity)

    monkeypatch.setattr(Activities, "_offer", late)
    monkeypatch.setattr(Activities, "beat", lambda self, token: bool(token))
    monkeypatch.setattr(SagaWorkflow, "heartbeat", timedelta(seconds=0.3))


def test_a_call_that_may_go_on_is_not_asked_about(bench, busy):
    """Its time-out may have begun just before, or it would be paid twice."""
    effects = bench.world.effects

    def pay(_: object) -> None:
        time.sleep(0.8)
        effects["pay"] += 1

    bench.world.tell("pay", pay)
    bench.world.tell("pay_status", lambda _: effects["pay"] > 0)
    assert bench.ask("start", "silent").accepted
    assert bench.ask("pay", "silent", "user").accepted
    bench.held("silent", "ready")
    assert effects["pay"] == bench.world.calls.count("pay") == 1
