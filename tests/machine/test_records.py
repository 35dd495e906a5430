"""A process with its doubts: begun, done, closed, and how it is given up."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sagadsl.machine import (
    ABORTING,
    FINISHED,
    Event,
    Kind,
    Machine,
    Record,
    Refused,
)

PAID = ["begin check_out", "done check_out", "begin pay", "done pay"]
LANE = st.integers(0, (1 << 20) - 1)


def run(
    machine: Machine, events: Iterable[str], record: Record | None = None
) -> Record:
    """The record after events such as `begin pay` or `abort`."""
    record = record or Record()
    for text in events:
        kind, _, step = text.partition(" ")
        record = machine.apply(record, Event(Kind(kind), step or None))
        assert machine.is_valid_record(record), machine.why_invalid(record)
    return record


REFUSALS = [
    ([], "done pay", "`pay` has not begun"),
    ([], "fail pay", "`pay` has not begun"),
    ([], "begin pay", "`pay` waits for `check_out`"),
    ([], "begin hand_over", "`hand_over` waits for `pack` and `bill`"),
    ([], "finish", "it stands in `basket`, which is not the end"),
    ([], "waive pay", "`pay` cannot be waived: no upgrade says so"),
    (PAID[:3], "finish", "`pay` may or may not have happened"),
    (PAID[:1], "begin check_out", "`check_out` has already begun"),
    (PAID[:1], "fail check_out", "`check_out` cannot fail"),
    (PAID[:2], "done check_out", "`check_out` is already done"),
    (PAID, "undo pay", "`pay` cannot be undone: the process is not aborting"),
    ([*PAID, "abort"], "undo check_out", "`check_out` has no compensation"),
    ([*PAID, "abort"], "undo pack", "`pack` has not begun"),
    ([*PAID, "abort"], "abort", "the process is already aborting"),
    ([*PAID, "abort"], "finish", "`pay` has yet to be undone"),
    ([*PAID, "abort"], "begin pack", "`pack` cannot begin: the process is aborting"),
    ([*PAID, "abort", "undo pay"], "undo pay", "`pay` was compensated before"),
    ([*PAID[:3], "abort"], "undo pay", "`pay` may or may not have happened"),
    ([*PAID[:3], "fail pay"], "done pay", "`pay` failed before"),
    ([*PAID, "begin pack", "fail pack"], "done pack", "`pack` failed before"),
    (
        [*PAID, "begin pack", "done pack", "abort"],
        "undo pay",
        "`pay` waits for `pack` to be undone",
    ),
    (
        [*PAID, "abort", "undo pay", "finish"],
        "begin pack",
        "the process is finished",
    ),
]


@pytest.mark.parametrize(("before", "event", "reason"), REFUSALS)
def test_refusal_says_why(
    order: Machine, before: list[str], event: str, reason: str
) -> None:
    """What it waits for, what rules it out, or that it is too late."""
    record = run(order, before)
    kept = Record(*record)
    with pytest.raises(Refused) as refused:
        run(order, [event], record)
    assert refused.value.reason == reason
    assert refused.value.mask == record == kept
    kind, _, name = event.partition(" ")
    step = order.due(record, Kind(kind), name) if name else None
    assert refused.value.step == step
    assert Event(Kind(kind), step) not in order.events(record)


def test_failure_goes_on_where_else_says(order: Machine) -> None:
    declined = run(order, [*PAID[:3], "fail pay"])
    assert order.standing(declined) == ("declined",)
    cancelled = run(order, ["begin cancel", "done cancel", "finish"], declined)
    assert cancelled.control == FINISHED
    assert order.events(cancelled) == ()


def test_failure_without_else_is_no_end(order: Machine) -> None:
    """The process can still go on elsewhere, or be given up; it cannot finish."""
    failed = run(order, [*PAID, "begin pack", "fail pack", "begin bill", "done bill"])
    assert set(order.events(failed)) == {Event(Kind.ABORT)}
    with pytest.raises(Refused, match="`pack` failed and nothing goes on from there"):
        order.apply(failed, Event(Kind.FINISH))


def test_given_up_in_reverse_order(order: Machine) -> None:
    """Independent steps in any order, dependent ones last, and then it finishes."""
    done = ["begin pack", "done pack", "begin bill", "done bill", "abort"]
    record = run(order, [*PAID, *done])
    pay, pack, bill = (order.due(record, Kind.UNDO, n) for n in ("pay", "pack", "bill"))
    undos = order.events(record)
    assert undos == (Event(Kind.UNDO, pack), Event(Kind.UNDO, bill))
    for first, second in (("pack", "bill"), ("bill", "pack")):
        events = [f"undo {first}", f"undo {second}", "undo pay", "finish"]
        end = run(order, events, record)
        assert end.closed == 1 << pay | 1 << pack | 1 << bill
        assert end.control == ABORTING | FINISHED


def test_in_doubt_only_what_says_so_is_undone(order: Machine) -> None:
    """`credit` is safe though `bill` may never have happened; `unpack` is not."""
    record = run(order, [*PAID, "begin pack", "begin bill", "abort"])
    kinds = [event.kind for event in order.events(record)]
    assert kinds.count(Kind.UNDO) == 1
    undone = run(order, ["undo bill"], record)
    with pytest.raises(Refused, match="`bill` failed before"):
        order.apply(undone, Event(Kind.DONE, "bill"))
    run(order, ["done pack", "undo pack", "undo pay", "finish"], undone)


def test_no_way_back_from_the_pivot(order: Machine) -> None:
    """As soon as it has begun, even while it is in doubt."""
    done = ["begin pack", "done pack", "begin bill", "done bill"]
    record = run(order, [*PAID, *done, "begin hand_over"])
    with pytest.raises(Refused, match="`hand_over` is past the point of no return"):
        order.apply(record, Event(Kind.ABORT))
    run(order, ["fail hand_over", "abort"], record)
    end = run(order, ["done hand_over", "begin sign", "done sign", "finish"], record)
    assert end.control == FINISHED


def test_late_answers_are_heard_while_aborting(order: Machine) -> None:
    """What was in doubt when the process was given up still becomes known."""
    run(order, [*PAID[:3], "abort", "done pay", "undo pay", "finish"])
    run(order, [*PAID[:3], "abort", "fail pay", "finish"])


BEFORE = [
    (Record(0b10), "no run leads here: `pay` waits for `check_out`"),
    (Record(0, 0b1), "`check_out` cannot have ended without having begun"),
    (Record(0b1, 0, 0b1), "no run leads here: `check_out` cannot fail"),
    (Record(0b11, 0b11, 0b10), "cannot be undone: the process is not aborting"),
    (Record(0b1011, 0b11), "`cancel`"),
    (Record(0, 0, 0, FINISHED), "no run finishes here: it stands in `basket`"),
    (Record(0, 0, 0, 4), "bit 2 of the control word means nothing"),
    (Record(1 << 11), "bit 11 belongs to no step of version 1"),
    (Record(-1), "-1 is not a non-negative integer"),
    (Record(1.0), "1.0 is not a non-negative integer"),  # type: ignore[arg-type]  # by intent
]


@pytest.mark.parametrize(("record", "reason"), BEFORE)
def test_invalid_records_are_explained(
    order: Machine, record: Record, reason: str
) -> None:
    """A stored record is judged without its log, and the reason is in its words."""
    assert not order.is_valid_record(record)
    assert reason in order.why_invalid(record)


@pytest.mark.parametrize(("record", "reason"), BEFORE[-4:])
def test_what_is_no_record_is_refused(
    order: Machine, record: Record, reason: str
) -> None:
    for ask in (order.events, order.standing, order.to_undo):
        with pytest.raises(Refused) as refused:
            ask(record)
        assert reason in refused.value.reason
        assert refused.value.mask == record


def test_rows_of_a_database_are_records(order: Machine) -> None:
    """A plain tuple of four integers will do."""
    row: Any = (1, 0, 0, 0)
    kind: Any = "done"
    assert order.apply(row, Event(Kind.DONE, 0)) == Record(1, 1)
    assert order.apply(Record(1), Event(kind, 0)) == Record(1, 1)


@given(LANE, LANE, LANE, st.integers(0, 3))
def test_pack_and_unpack(begun: int, done: int, closed: int, control: int) -> None:
    """One integer of 62 bits holds the four words of twenty steps."""
    record = Record(begun, done, closed, control)
    packed = record.pack()
    assert 0 <= packed < 1 << 62
    assert Record.unpack(packed) == record


@given(st.integers(0, (1 << 62) - 1))
def test_unpack_and_pack(packed: int) -> None:
    assert Record.unpack(packed).pack() == packed


def test_packed_lanes_have_their_places() -> None:
    """Twenty bits each, then the control word; a stored form never changes."""
    ones = [Record(1), Record(0, 1), Record(0, 0, 1), Record(0, 0, 0, 1)]
    assert [record.pack() for record in ones] == [1, 1 << 20, 1 << 40, 1 << 60]
    assert Record().pack() == 0


@pytest.mark.parametrize("lane", range(4))
@pytest.mark.parametrize("value", [-1, 1 << 20, 1 << 63])
def test_what_does_not_fit_is_not_packed(lane: int, value: int) -> None:
    record = Record()._replace(**{Record._fields[lane]: value})
    with pytest.raises(ValueError, match="does not fit: one integer holds 20 steps"):
        record.pack()


@pytest.mark.parametrize("packed", [-1, 1 << 62, 1 << 70])
def test_what_was_never_packed_is_not_unpacked(packed: int) -> None:
    with pytest.raises(ValueError, match="is not a packed record, which has 62 bits"):
        Record.unpack(packed)


def test_a_refusal_goes_from_process_to_process(order: Machine) -> None:
    """As it must, where a pool of workers asks."""
    with pytest.raises(Refused) as refused:
        order.replay(["check_out", "check_out"])
    again = pickle.loads(pickle.dumps(refused.value))
    assert str(again) == str(refused.value)
    assert (again.mask, again.step, again.index) == (1, 0, 1)
    assert again.machine.version == order.version
