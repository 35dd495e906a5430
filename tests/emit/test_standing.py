"""What a record says of the rows and states as they were declared."""

from __future__ import annotations

import pytest
from sagas import after, example

from sagadsl.emit.standing import stand
from sagadsl.machine import Record, Refused

ORDER = example("order")
PAID = ("do check_out", "do make_payment", "do validate_payment")


def marks(*events):
    """The marks of steps and states that have one, and the caption."""
    standing = stand(ORDER.latest, after(ORDER, *events))
    steps = {name: str(s.mark) for name, s in standing.steps.items() if s.mark}
    states = {name: str(s.mark) for name, s in standing.states.items() if s.mark}
    return steps, states, standing.caption


def test_at_the_start_the_first_step_is_next():
    assert marks() == (
        {"check_out": "next"},
        {"initialised": "here"},
        "now in initialised",
    )


def test_a_step_in_doubt_stands_between_states():
    steps, states, caption = marks("do check_out", "begin make_payment")
    assert steps == {"check_out": "done", "make_payment": "in doubt"}
    assert states == {"initialised": "done", "checkout": "done"}
    assert caption == "between states: a step is in doubt"


def test_a_loop_tells_its_rounds():
    first = ("do check_out", "begin make_payment", "fail make_payment")
    standing = stand(ORDER.latest, after(ORDER, *first, "do try_another_card"))
    assert standing.states["checkout"] == ("here", ("round 2",))
    payment = standing.steps["make_payment"]
    assert payment.mark == "next"
    assert payment.rounds == ("round 1 failed", "round 2 next")
    assert payment.exits == {"declined"}
    assert standing.steps["cancel_order"].ways == {"checkout"}


def test_compensations_that_may_run_are_told():
    events = (*PAID, "do pack_parcel", "begin send_invoice", "abort")
    standing = stand(ORDER.latest, after(ORDER, *events, "undo send_invoice"))
    assert standing.steps["send_invoice"].mark == "undone"
    assert standing.steps["pack_parcel"].undo_next
    assert not standing.steps["make_payment"].undo_next
    assert standing.caption == "aborting: what was done is being undone"


def test_a_failure_without_a_way_on_is_told():
    events = (*PAID, "begin pack_parcel", "fail pack_parcel")
    steps, _, caption = marks(*events)
    assert steps["pack_parcel"] == "failed"
    assert caption == "pack_parcel failed: to be aborted"


def test_the_end_is_told():
    events = ("do check_out", "do cancel_order")
    assert marks(*events)[2] == "now in cancelled"
    assert marks(*events, "finish")[2] == "finished in cancelled"
    assert marks("do check_out", "abort", "finish")[2] == "finished: compensated"


def test_unknown_bits_are_refused():
    with pytest.raises(Refused, match="belongs to no step"):
        stand(ORDER.latest, Record(1 << 40, 1 << 40))
