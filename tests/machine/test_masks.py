"""A process as one integer: what is done, and what may be done next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sagadsl.machine import Machine, Refused

CHECK_OUT, PAY, RETRY, CANCEL, PACK, BILL, HAND_OVER, SIGN = range(8)
ALL_THE_WAY = ["check_out", "pay", "pack", "bill", "hand_over", "sign"]

QUESTIONS: list[Callable[[Machine, Any], object]] = [
    lambda machine, mask: machine.advance(mask, SIGN),
    lambda machine, mask: machine.can(mask, SIGN),
    lambda machine, mask: machine.allowed(mask),
    lambda machine, mask: machine.held(mask),
    lambda machine, mask: machine.is_final(mask),
    lambda machine, mask: machine.undo(mask),
]


@pytest.mark.parametrize("ask", QUESTIONS)
@pytest.mark.parametrize("mask", [-1, -(1 << 80), 1.0, 0.5, None, "3", [1], {}])
def test_what_is_no_mask_is_refused(
    order: Machine, ask: Callable[[Machine, Any], object], mask: Any
) -> None:
    """Whatever a column or a message held, the answer says what is wrong with it."""
    with pytest.raises(Refused, match="is not a non-negative integer") as refused:
        ask(order, mask)
    assert refused.value.mask is mask
    assert repr(mask) in refused.value.reason


@pytest.mark.parametrize("ask", QUESTIONS)
@pytest.mark.parametrize("bit", [11, 62, 63, 64, 500])
def test_unknown_bits_are_refused(
    order: Machine, ask: Callable[[Machine, Any], object], bit: int
) -> None:
    """A bit of another version is not passed over; the lowest is named."""
    with pytest.raises(Refused, match=f"bit {bit} belongs to no step of version 1"):
        ask(order, 1 | 1 << bit | 1 << 600)


@pytest.mark.parametrize("mask", [-1, 1.0, None, "3", 1 << 11])
def test_what_is_no_mask_is_not_valid(order: Machine, mask: Any) -> None:
    """Asked whether it is valid, the answer is no, and no error."""
    assert order.is_valid(mask) is False


@pytest.mark.parametrize("step", [-1, 11, 1 << 70, None, 2.5, "sgn", "", "SIGN", [1]])
def test_unknown_steps_are_refused(order: Machine, step: Any) -> None:
    """By position or by name, what is no step is called so."""
    for ask in (order.advance, order.can):
        with pytest.raises(Refused, match="version 1 has no step") as refused:
            ask(0, step)
        assert refused.value.step == step
        assert repr(step) in refused.value.reason


def test_refusal_says_who_refused_what_and_why(order: Machine) -> None:
    """Its attributes serve a log, and its text serves a person."""
    with pytest.raises(Refused) as refused:
        order.advance(0b1, "sign")
    error = refused.value
    assert error.machine is order
    assert error.mask == 0b1
    assert error.step == SIGN
    assert error.reason == str(error) == "`sign` waits for `hand_over`"
    assert error.index is None
    assert isinstance(error, ValueError)


def test_replay_counts_the_steps(order: Machine) -> None:
    """The index is of the first refused step, the mask what was reached by then."""
    with pytest.raises(Refused) as refused:
        order.replay(["check_out", PAY, "pay", "pack"])
    assert refused.value.index == 2
    assert refused.value.mask == 0b11
    with pytest.raises(Refused) as refused:
        order.replay(iter(["sing"]))
    assert refused.value.index == 0


def test_replay_of_nothing_is_the_start(order: Machine) -> None:
    assert order.replay([]) == 0
    assert order.held(0) == ("basket",)


@pytest.mark.parametrize("position", range(6))
def test_each_step_sets_its_bit_once(order: Machine, position: int) -> None:
    """Bits only rise; neither the next but one nor the last again is accepted."""
    before = order.replay(ALL_THE_WAY[:position])
    step = ALL_THE_WAY[position]
    after = order.advance(before, step)
    assert (after & before, (after ^ before).bit_count()) == (before, 1)
    assert not order.can(after, step)
    assert step not in order.undo(before)


def test_a_fork_holds_two_states_and_a_join_waits_for_both(order: Machine) -> None:
    paid = order.replay(["check_out", "pay"])
    assert order.held(paid) == ("packing", "invoicing")
    assert order.allowed(paid) == (PACK, BILL)
    billed = order.advance(paid, "bill")
    assert order.held(billed) == ("packing", "invoiced")
    with pytest.raises(Refused, match=r"`hand_over` waits for `pack`$"):
        order.advance(billed, "hand_over")


def test_a_choice_rules_out_its_rival(order: Machine) -> None:
    cancelled = order.replay(["check_out", "cancel"])
    assert order.is_final(cancelled)
    assert order.allowed(cancelled) == ()
    with pytest.raises(Refused, match="`pay` is ruled out by `cancel`"):
        order.advance(cancelled, PAY)


def test_a_step_is_not_done_twice(order: Machine) -> None:
    with pytest.raises(Refused, match="`check_out` is already done"):
        order.advance(0b1, "check_out")


def test_masks_that_no_run_leads_to(order: Machine) -> None:
    """A step without its cause, two rivals, a join of one branch."""
    assert order.is_valid(order.replay(ALL_THE_WAY))
    for steps in ([PAY], [CHECK_OUT, PAY, CANCEL], [CHECK_OUT, PAY, PACK, HAND_OVER]):
        assert not order.is_valid(sum(1 << step for step in steps))


def test_final_only_at_the_end(order: Machine) -> None:
    """A process is at its end when every state it holds is."""
    ends = [order.is_final(order.replay(ALL_THE_WAY[:n])) for n in range(7)]
    assert ends == [False] * 6 + [True]


def test_undo_runs_backwards_until_the_pivot(order: Machine) -> None:
    """What depends on a step is taken back before it; past the pivot, nothing is."""
    undone = order.undo(order.replay(["check_out", "pay", "pack", "bill"]))
    assert sorted(undone) == ["credit", "refund", "unpack"]
    assert undone[-1] == "refund"
    assert order.undo(order.replay(["check_out", "pay"])) == ("refund",)
    assert order.undo(0) == ()
    assert order.undo(order.replay(ALL_THE_WAY[:5])) == ()


def test_masks_of_any_size(line: Machine) -> None:
    """Beyond 63 steps Python carries on."""
    mask = line.replay(f"step_{i}" for i in range(150))
    assert mask == (1 << 150) - 1
    assert line.allowed(mask) == (150,)
    assert line.held(mask) == ("at_150",)
    assert line.is_valid(mask)
    assert not line.is_valid(mask ^ 1 << 70)
    assert line.is_final(line.replay(range(200)))
    with pytest.raises(Refused, match="bit 200 belongs to no step"):
        line.advance(1 << 200, 0)


def test_tables_are_the_users_own(order: Machine) -> None:
    """One row for each action, whatever its rounds; one entry for each undo."""
    rows = {row.action: (row.prev, row.next) for row in order.transitions}
    assert list(rows)[:3] == ["check_out", "pay", "retry"]
    assert rows["pay"] == ("checkout", "packing & invoicing else declined")
    assert rows["cancel"] == ("checkout | declined", "cancelled")
    assert rows["hand_over"] == ("packed & invoiced", "shipping")
    undoes = {undo.action for undo in order.compensations}
    assert undoes == {"refund", "unpack", "credit"}
    assert (order.version, order.draft) == (1, True)
