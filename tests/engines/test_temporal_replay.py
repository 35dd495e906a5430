"""Histories of bookings are replayed: what was decided once is decided so again.

They were recorded by `pytest --update` on the double of the service. If they no longer
replay, processes under way would be stuck: then `RULES` has to change.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from temporal_bench import (
    BOOKING,
    HERE,
    INSURED,
    Bench,
    bench,
    build,
    modules,
    temporal,
)
from temporalio.api.enums.v1 import event_type_pb2
from temporalio.client import WorkflowHistory

__all__ = ["bench", "modules", "temporal"]

HISTORIES = HERE / "histories"
# The rows of `seat` and `issue`, which begin together, in the other order.
SWAPPED = re.sub(r"( +to_seat .+\n)( +to_print .+\n)", r"\2\1", BOOKING)


def gone(bench: Bench, booking: str) -> None:
    bench.ask("start", booking)
    bench.ask("pay", booking, "user")
    bench.held(booking, "ready")
    bench.ask("leave", booking, "user")
    bench.ends(booking, "gone")


def compensated(bench: Bench, booking: str) -> None:
    bench.world.tell("refund", "fail")
    bench.ask("start", booking)
    bench.ask("pay", booking, "user")
    bench.held(booking, "ready")
    bench.ask("abort", booking)
    bench.ends(booking, "compensated")


def in_doubt(bench: Bench, booking: str) -> None:
    bench.late("pay")
    bench.late("issue")
    bench.ask("start", booking)
    bench.ask("pay", booking, "user")
    timed_out = event_type_pb2.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT
    events = bench.execution(booking).history
    bench.until(lambda: [one.event_type for one in events].count(timed_out) == 2)
    bench.until(lambda: bench.ask("resolve", booking, "issue", happened=True).accepted)
    bench.held(booking, "ready")


def expired(bench: Bench, booking: str) -> None:
    bench.service.servicer.ago = 3600 - 2
    bench.ask("start", booking)
    bench.service.servicer.ago = 0
    bench.ask("pay", booking, "user")
    bench.ends(booking, "expired")


def restarted(bench: Bench, booking: str) -> None:
    """The worker that goes on knows the history alone."""
    bench.ask("start", booking)
    bench.ask("pay", booking, "user")
    bench.held(booking, "ready")
    bench.work(Path(bench.folder))
    bench.ask("leave", booking, "user")
    bench.ends(booking, "gone")


def moved(bench: Bench, booking: str) -> None:
    bench.ask("start", booking)
    v2 = Path(bench.folder) / "v2"
    build(v2, *INSURED)
    bench.work(v2)
    bench.ask("upgrade", booking)
    bench.ask("pay", booking, "user")
    bench.held(booking, "ready")


def continued(bench: Bench, booking: str) -> None:
    """A run that went on from another, whose history was long."""
    bench.service.servicer.most = 10
    compensated(bench, booking)
    bench.service.servicer.most = 4096


RECORDED: dict[str, Callable[[Bench, str], None]] = {
    play.__name__: play
    for play in (gone, compensated, in_doubt, expired, restarted, moved, continued)
}


def recorded(name: str) -> WorkflowHistory:
    """A history that was recorded."""
    text = (HISTORIES / f"{name}.json").read_text(encoding="utf-8")
    return WorkflowHistory.from_json(f"booking/{name}", text)


@pytest.mark.parametrize("name", RECORDED)
def test_what_was_recorded_is_replayed(name, bench, modules, update, tmp_path):
    path = HISTORIES / f"{name}.json"
    if name == "moved":
        build(tmp_path, *INSURED)
        bench.work(tmp_path)
    if update and (not path.exists() or bench.unlike(recorded(name))):
        bench.work(modules)
        RECORDED[name](bench, name)
        events = bench.history(name).to_json_dict()["events"]
        lines = ",\n".join(json.dumps(event) for event in events)
        path.parent.mkdir(exist_ok=True)
        path.write_text(f'{{"events": [\n{lines}\n]}}\n', encoding="utf-8")
    assert bench.unlike(recorded(name)) is None


def test_no_history_is_left_over():
    assert {path.stem for path in HISTORIES.iterdir()} == RECORDED.keys()


@pytest.mark.parametrize("name", ["gone", "compensated"])
def test_calls_in_another_order_are_refused(name, bench, tmp_path):
    build(tmp_path, text=SWAPPED)
    bench.work(tmp_path)
    assert "Nondeterminism" in str(bench.unlike(recorded(name)))


def test_only_the_flags_of_the_sdk_let_the_order_be_judged(bench, tmp_path):
    """The first workflow task of a history carries them, or nothing is refused."""
    history = recorded("gone")
    for event in history.events:
        if event.HasField("workflow_task_completed_event_attributes"):
            event.workflow_task_completed_event_attributes.ClearField("sdk_metadata")
    build(tmp_path, text=SWAPPED)
    bench.work(tmp_path)
    assert bench.unlike(history) is None
