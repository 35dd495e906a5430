"""A worker on Temporal that is not heard of, and still makes its call."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from temporal_activities import Activities, Activity
from temporal_bench import BOOKING, bench, build, modules, temporal
from temporal_time import later

from sagadsl.engines.temporal import SagaWorkflow

__all__ = ["bench", "modules", "temporal"]


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    """No beat arrives."""
    monkeypatch.setattr(Activities, "beat", lambda self, token: bool(token))
    monkeypatch.setattr(SagaWorkflow, "heartbeat", timedelta(seconds=0.3))


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch, deaf: None) -> None:
    """The first call waits for a worker longer than its time-out."""
    offer, waited = Activities._offer, []

    def late(self: Activities, activity: Activity) -> None:
        waited.append(activity)
        pause = 1.5 if len(waited) == 1 else 0
        later(pause, offer, self, activity)

    monkeypatch.setattr(Activities, "_offer", late)


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


def test_a_call_that_may_go_on_is_not_taken_back(bench, deaf, tmp_path):
    """It would have its effect when nobody takes that back any more."""
    seat, done = "seat   : idempotent", []
    assert seat in BOOKING
    build(tmp_path / "timed", text=BOOKING.replace(seat, f"{seat}, timeout 2 seconds"))
    bench.work(tmp_path / "timed")

    def slowly(_: object) -> None:
        time.sleep(1.5)
        done.append("seat")

    bench.world.tell("seat", slowly, lambda _: done.append("seat"))
    bench.world.tell("unseat", lambda _: done.append("unseat"))
    assert bench.ask("start", "outlived").accepted
    assert bench.ask("pay", "outlived", "user").accepted
    bench.held("outlived", "ready")
    assert bench.ask("abort", "outlived").accepted
    bench.ends("outlived", "compensated")
    bench.until(lambda: len(done) == 3)
    assert done == ["seat", "seat", "unseat"]
