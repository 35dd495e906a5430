"""Bookings on Temporal: the SDK's worker on a double of the service."""

from __future__ import annotations

import itertools
import sys
import time

import pytest
from temporal_bench import INSURED, PATIENCE, Bench, bench, build, modules, temporal
from temporalio.api.enums.v1 import event_type_pb2
from temporalio.common import RetryPolicy

__all__ = ["bench", "modules", "temporal"]

NUMBERS = itertools.count(1)
HOUR = 3600.0


@pytest.fixture
def booking() -> str:
    """An id that nothing else has."""
    return str(next(NUMBERS))


def started(bench: Bench, booking: str, **data: object) -> None:
    assert bench.ask("start", booking, data).accepted


def paid(bench: Bench, booking: str) -> None:
    started(bench, booking)
    assert bench.ask("pay", booking, "user").accepted


def events(bench: Bench, booking: str) -> list[str]:
    """The kinds of events of its history."""
    numbers = [event.event_type for event in bench.execution(booking).history]
    names = [event_type_pb2.EventType.Name(number) for number in numbers]
    return [name.removeprefix("EVENT_TYPE_").lower() for name in names]


def called(bench: Bench, booking: str) -> list[str]:
    """The activities of its history, by name."""
    found = []
    for event in bench.execution(booking).history:
        attributes = event.activity_task_scheduled_event_attributes
        if attributes.activity_type.name:
            found.append(attributes.activity_type.name)
    return found


def test_each_call_is_one_activity_of_its_own_name(bench, booking):
    paid(bench, booking)
    bench.held(booking, "ready")
    assert bench.ask("leave", booking, "user").accepted
    bench.ends(booking, "gone")
    assert sorted(called(bench, booking)) == [
        "booking@1/issue",
        "booking@1/pay",
        "booking@1/seat",
    ]
    assert bench.world.effects == {"pay": 1, "seat": 1, "issue": 1}


def test_a_failure_is_a_result_and_not_a_failed_activity(bench, booking):
    bench.world.tell("seat", "fail")
    paid(bench, booking)
    bench.ends(booking, "compensated")
    assert bench.world.effects["refund"] == bench.world.effects["pay"] == 1
    assert "activity_task_failed" not in events(bench, booking)


def test_a_handler_that_ends_a_program_ends_no_worker(bench, booking):
    """What it has done is not known, so it is asked about, and the worker goes on."""
    bench.world.tell("pay", lambda _: sys.exit(3))
    bench.world.tell("pay_status", "yes")
    paid(bench, booking)
    bench.held(booking, "ready")
    assert "activity_task_failed" not in events(bench, booking)


def test_branches_run_side_by_side(bench, booking):
    calls = bench.world.calls
    bench.world.tell("seat", lambda _: bench.until(lambda: "issue" in calls))
    bench.world.tell("issue", lambda _: bench.until(lambda: "seat" in calls))
    paid(bench, booking)
    bench.held(booking, "ready")


def test_handlers_are_given_the_data_and_what_they_return_is_kept(bench, booking):
    bench.world.tell("pay", lambda context: {"total": context.data["price"] * 2})
    started(bench, booking, price=21)
    bench.ask("pay", booking, "user")
    bench.held(booking, "ready")
    assert bench.world.contexts[-1].data == {"price": 21, "total": 42}


def test_what_handlers_return_is_json_whatever_the_sdk_makes_of_it(bench, booking):
    """It sorts keys, which those of two types cannot be."""
    bench.world.tell("pay", lambda _: {1: "one", "at": (2, 3)})
    paid(bench, booking)
    bench.held(booking, "ready")
    assert bench.world.contexts[-1].data == {"1": "one", "at": [2, 3]}
    assert "activity_task_failed" not in events(bench, booking)


def test_what_timed_out_is_asked_about_and_not_repeated(bench, booking):
    bench.late("pay")
    paid(bench, booking)
    bench.held(booking, "ready")
    assert bench.world.effects["pay"] == 1
    assert events(bench, booking).count("activity_task_timed_out") == 1
    assert "booking@1/pay_status" in called(bench, booking)


def test_with_the_policy_of_temporal_it_would_be_repeated(bench, booking, monkeypatch):
    monkeypatch.setattr("sagadsl.engines.temporal.ONCE", RetryPolicy())
    bench.late("pay")
    paid(bench, booking)
    bench.held(booking, "ready")
    assert bench.world.effects["pay"] == 2


def test_what_timed_out_and_did_not_happen_is_tried_again(bench, booking):
    bench.world.tell("pay", lambda _: time.sleep(1.5))
    bench.world.tell("pay_status", "no")
    paid(bench, booking)
    bench.held(booking, "ready")
    assert called(bench, booking).count("booking@1/pay") == 2
    assert bench.world.effects["pay"] == 1


def test_where_nobody_knows_a_person_is_asked(bench, booking):
    bench.late("pay")
    bench.world.tell("pay_status", "unknown")
    paid(bench, booking)
    resolve = ("resolve", booking, "pay")
    bench.until(lambda: bench.ask(*resolve, happened=True, by="ann").accepted)
    bench.held(booking, "ready")
    assert bench.world.effects["pay"] == 1


def test_what_cannot_be_asked_about_waits_for_a_person(bench, booking):
    bench.late("issue")
    paid(bench, booking)
    bench.until(lambda: bench.ask("look", booking).reason == "`issue` is in doubt")
    assert bench.ask("resolve", booking, "issue", happened=False, by="ann").accepted
    bench.held(booking, "ready")
    assert called(bench, booking).count("booking@1/issue") == 2


def test_an_id_is_started_once(bench, booking):
    paid(bench, booking)
    again = bench.ask("start", booking)
    assert (again.outcome, again.reason) == (
        "already done",
        f"booking {booking} is under way",
    )
    bench.held(booking, "ready")
    bench.ask("leave", booking, "user")
    bench.ends(booking, "gone")
    assert bench.ask("start", booking).reason == f"booking {booking} ended as gone"


def test_events_that_come_twice_or_late_change_nothing(bench, booking):
    paid(bench, booking)
    bench.held(booking, "ready")
    assert bench.ask("pay", booking, "user").outcome == "already done"
    assert bench.ask("leave", booking, "nobody").outcome == "refused"
    assert bench.ask("leave", booking, "user").accepted
    bench.ends(booking, "gone")
    again = bench.ask("leave", booking, "user")
    assert again.outcome == "refused"
    assert again.reason == f"booking {booking} ended as gone"
    assert bench.ask("leave", "nobody", "user").outcome == "unknown"
    assert bench.ask("look", "nobody").outcome == "unknown"


def test_a_booking_expires_by_a_timer(bench, booking):
    bench.service.servicer.ago = HOUR - 1.5
    paid(bench, booking)
    bench.service.servicer.ago = 0
    bench.ends(booking, "expired")
    assert "timer_fired" in events(bench, booking)
    assert bench.world.effects["refund"] == 1


def test_to_cancel_a_workflow_is_to_abort_its_process(bench, booking):
    paid(bench, booking)
    bench.held(booking, "ready")
    handle = bench.client.get_workflow_handle(f"booking/{booking}")
    bench.wait(handle.cancel())
    bench.ends(booking, "compensated")
    assert bench.world.effects["refund"] == 1


def test_to_cancel_what_ends_in_the_same_workflow_task_changes_nothing(
    bench, booking, modules
):
    """Its timer has fired before, and no worker was there."""
    bench.service.servicer.ago = HOUR - 3
    started(bench, booking)
    bench.service.servicer.ago = 0
    bench.held(booking, "asked")
    bench.stop()
    bench.until(lambda: "timer_fired" in events(bench, booking))
    handle = bench.client.get_workflow_handle(f"booking/{booking}")
    bench.wait(handle.cancel())
    bench.work(modules)
    bench.ends(booking, "expired")


def test_of_a_workflow_that_was_terminated_that_is_said(bench, booking):
    started(bench, booking)
    handle = bench.client.get_workflow_handle(f"booking/{booking}")
    bench.wait(handle.terminate())
    for told in (bench.ask("pay", booking, "user"), bench.ask("look", booking)):
        assert not told.accepted
        assert told.reason == "its workflow has the status TERMINATED"


def test_a_worker_that_shuts_down_ends_its_calls_first(bench, booking, modules):
    bench.world.tell("seat", lambda _: time.sleep(1))
    paid(bench, booking)
    bench.until(lambda: "seat" in bench.world.calls)
    bench.work(modules)
    bench.held(booking, "ready")
    assert bench.world.calls.count("seat") == 1


def test_a_worker_with_an_empty_cache_goes_on_from_the_history(bench, booking, modules):
    paid(bench, booking)
    bench.held(booking, "ready")
    bench.work(modules)
    assert bench.ask("leave", booking, "user").accepted
    bench.ends(booking, "gone")
    assert bench.world.effects == {"pay": 1, "seat": 1, "issue": 1}


def test_a_booking_moves_to_a_newer_version_in_its_workflow(bench, booking, tmp_path):
    started(bench, booking)
    build(tmp_path / "v2", *INSURED)
    bench.work(tmp_path / "v2")
    assert bench.ask("upgrade", booking).accepted
    assert bench.ask("upgrade", booking).outcome == "already done"
    bench.ask("pay", booking, "user")
    bench.held(booking, "ready")
    assert called(bench, booking)[0] == "booking@2/pay"
    assert "booking@2/insure" in called(bench, booking)
    bench.ask("leave", booking, "user")
    bench.ends(booking, "gone")


@pytest.mark.slow
def test_an_older_worker_leaves_newer_bookings_alone(
    bench, booking, modules, tmp_path, caplog
):
    """Where no deployment keeps it away: a release is taken back for a while."""
    newer, moved, begun = tmp_path / "v2", f"{booking}-1", f"{booking}-2"
    build(newer, *INSURED)
    started(bench, moved)
    bench.work(newer)
    assert bench.ask("upgrade", moved).accepted
    started(bench, begun)
    bench.work(modules)
    pay = [bench.later("pay", one, "user") for one in (moved, begun)]
    bench.until(lambda: "LookupError: booking has no version 2" in caplog.text)
    bench.until(lambda: "booking@2 is not registered" in caplog.text)
    assert not bench.world.effects
    bench.work(newer)
    for asked, one in zip(pay, (moved, begun), strict=True):
        assert asked.result(PATIENCE).accepted
        bench.held(one, "ready")
        assert bench.ask("leave", one, "user").accepted
        bench.ends(one, "gone")
    assert bench.unlike(bench.history(moved)) is None
    assert bench.world.effects == {"pay": 2, "seat": 2, "issue": 2, "insure": 2}


def test_a_long_history_goes_on_as_another(bench, booking, monkeypatch):
    servicer = bench.service.servicer
    monkeypatch.setattr(servicer, "most", 10)
    before = servicer.runs
    bench.late("pay")
    bench.world.tell("pay_status", lambda _: "what?", "unknown")
    started(bench, booking, price=42)
    bench.ask("pay", booking, "user")
    bench.until(lambda: bench.ask("look", booking).reason == "`pay` is in doubt")
    assert bench.ask("resolve", booking, "pay", happened=True, by="ann").accepted
    bench.held(booking, "ready")
    bench.world.tell("refund", "fail")
    assert bench.ask("abort", booking).accepted
    bench.ends(booking, "compensated")
    assert bench.world.contexts[-1].data == {"price": 42}
    assert bench.world.effects["pay"] == bench.world.effects["refund"] == 1
    assert servicer.runs - before > 2
