"""Workers on Temporal that have more calls than threads, or lack a handler."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from temporal_bench import Bench, bench, modules, temporal
from temporalio import activity
from temporalio.api.enums.v1 import event_type_pb2
from temporalio.worker import Worker

__all__ = ["bench", "modules", "temporal"]

Begin = Callable[..., Worker]


@pytest.fixture
def begin(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Begin]:
    """What begins a worker with options of its own; that of the bench is gone."""
    bench.stop()
    monkeypatch.syspath_prepend(bench.folder)
    begun: list[Worker] = []

    def work(handlers: object = None, **options: Any) -> Worker:
        async def run() -> None:
            saga = bench.module.BookingOnTemporal(handlers or bench.world)
            begun.append(saga.worker(bench.client, **options))
            bench.running = asyncio.create_task(begun[-1].run())

        bench.wait(run())
        return begun[-1]

    yield work
    for one in begun:
        bench.wait(one.shutdown())


def test_a_call_that_was_taken_is_made_at_once(bench, begin, monkeypatch):
    """Else it is asked about before, made again, and then made by who has taken it."""
    monkeypatch.setattr("sagadsl.engines.temporal.CALLS", 1)
    over = threading.Event()
    bench.world.tell("seat", lambda _: over.wait())
    begin(max_concurrent_activities=3)
    for booking in ("one", "two"):
        assert bench.ask("start", booking).accepted
        assert bench.ask("pay", booking, "user").accepted
        if booking == "one":
            bench.until(lambda: "seat" in bench.world.calls)
    try:
        bench.held("two", "ready")
    finally:
        over.set()
    bench.held("one", "ready")
    assert bench.world.effects == {"pay": 2, "seat": 1, "issue": 2}
    assert "pay_status" not in bench.world.calls


def test_what_a_worker_has_no_handler_for_was_not_made(bench, begin, monkeypatch):
    """It may be an older one; nobody needs to find out whether it has happened."""
    monkeypatch.setattr("sagadsl.engines.temporal.ELSEWHERE", 0.5)

    @activity.defn(name="booking@0/issue")
    async def issue() -> None:
        """What no process here calls."""

    older = begin(workflows=[], activities=[issue])
    begin(activities=[])
    assert bench.ask("start", "older").accepted
    assert bench.ask("pay", "older", "user").accepted
    history = bench.execution("older").history
    failed = event_type_pb2.EVENT_TYPE_ACTIVITY_TASK_FAILED
    bench.until(lambda: failed in [event.event_type for event in history])
    bench.wait(older.shutdown())
    begin(workflows=[])
    bench.held("older", "ready")
    assert bench.world.calls.count("pay") == 1
    assert "pay_status" not in bench.world.calls
    assert bench.unlike(bench.history("older")) is None


def test_what_no_thread_can_be_started_for_is_not_made_later(bench, begin, monkeypatch):
    """It stays in the queue of the threads, and would be made beside the next one."""
    monkeypatch.setattr("sagadsl.engines.temporal.ELSEWHERE", 0.5)
    start, refused = threading.Thread.start, list[str]()

    def refuse(thread: threading.Thread) -> None:
        if thread.name.startswith("booking-call") and not refused:
            refused.append(thread.name)
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    begin()
    assert bench.ask("start", "threadless").accepted
    assert bench.ask("pay", "threadless", "user").accepted
    bench.held("threadless", "ready")
    assert refused
    assert bench.world.calls.count("pay") == 1
    assert "pay_status" not in bench.world.calls


def test_what_another_thread_has_come_to_is_not_made_again(bench, begin, monkeypatch):
    """It was queued before no thread could be started, and one came free meanwhile."""
    monkeypatch.setattr("sagadsl.engines.temporal.ELSEWHERE", 0.5)
    start, goes_on, taken = threading.Thread.start, threading.Event(), threading.Event()

    def refuse(thread: threading.Thread) -> None:
        if thread.name == "booking-call_1" and not goes_on.is_set():
            goes_on.set()
            taken.wait(10)
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    bench.world.tell("pay", lambda _: goes_on.wait(10), lambda _: taken.set())
    begin()
    for number, booking in enumerate(["held up", "queued"]):
        assert bench.ask("start", booking).accepted
        assert bench.ask("pay", booking, "user").accepted
        bench.until(lambda paid=number: bench.world.calls.count("pay") > paid)
    bench.held("queued", "ready")
    assert taken.is_set()
    assert bench.world.calls.count("pay") == 2
    assert "pay_status" not in bench.world.calls
