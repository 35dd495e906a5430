"""Loops: an action's name means the round that is due."""

from __future__ import annotations

import pytest

from sagadsl.driver import compile_saga
from sagadsl.machine import Event, Kind, Machine, Record, Refused

PAY, RETRY, PAY_2, PAY_3, RETRY_2 = 1, 2, 8, 9, 10


def declined(machine: Machine, times: int) -> Record:
    """After so many declined cards, all but the last tried again."""
    record = Record(0b1, 0b1)
    for attempt in range(times):
        if attempt:
            for kind in (Kind.BEGIN, Kind.DONE):
                record = machine.apply(record, Event(kind, "retry"))
        for kind in (Kind.BEGIN, Kind.FAIL):
            record = machine.apply(record, Event(kind, "pay"))
    return record


def test_each_round_has_its_own_bits(order: Machine) -> None:
    record = declined(order, 3)
    assert record.begun == sum(1 << n for n in (0, PAY, RETRY, PAY_2, PAY_3, RETRY_2))
    assert record.closed == 1 << PAY | 1 << PAY_2 | 1 << PAY_3
    assert order.standing(record) == ("declined",)


def test_the_bound_holds(order: Machine) -> None:
    """After the last round there is no way back, only the way out."""
    record = declined(order, 3)
    with pytest.raises(Refused):
        order.apply(record, Event(Kind.BEGIN, "retry"))
    assert order.events(record)[0] == Event(Kind.BEGIN, 3)


def test_name_means_the_round_that_is_due(order: Machine) -> None:
    first = declined(order, 1)
    assert order.due(first, Kind.BEGIN, "retry") == RETRY
    again = order.apply(first, Event(Kind.BEGIN, "retry"))
    assert order.due(again, Kind.DONE, "retry") == RETRY
    again = order.apply(again, Event(Kind.DONE, "retry"))
    assert order.due(again, Kind.BEGIN, "pay") == PAY_2
    paying = order.apply(again, Event(Kind.BEGIN, "pay"))
    paid = order.apply(paying, Event(Kind.DONE, "pay"))
    assert paid.done & ~again.done == 1 << PAY_2
    aborting = order.apply(paid, Event(Kind.ABORT))
    undone = order.apply(aborting, Event(Kind.UNDO, "pay"))
    assert undone.closed & ~aborting.closed == 1 << PAY_2


def test_a_round_can_be_named(order: Machine) -> None:
    """By its position or by its own name, as a log of positions does."""
    record = declined(order, 1)
    for name in (RETRY, "retry"):
        assert order.apply(record, Event(Kind.BEGIN, name)).begun >> RETRY & 1
    with pytest.raises(Refused, match="`pay_2` waits for `retry`") as refused:
        order.apply(record, Event(Kind.BEGIN, "pay_2"))
    assert refused.value.step == PAY_2


def test_on_a_mask_the_name_is_of_the_round_too(order: Machine) -> None:
    assert order.can(0b1, "pay")
    assert order.advance(0b1, "pay") == 0b11
    assert not order.can(0b11, "pay")
    with pytest.raises(Refused) as refused:
        order.advance(0b11, "pay")
    assert refused.value.step == PAY_2


def test_no_round_beyond_the_last(order: Machine) -> None:
    with pytest.raises(Refused, match="version 1 has no step 'pay_4'"):
        order.can(0, "pay_4")


def test_the_order_of_bounded_rows_means_nothing() -> None:
    """A record of a released version reads the same when two rows change places."""
    first = "d -> m : r1 up to 2 times"
    second = "d -> m : r2 up to 1 times"
    text = """saga order {{
    aggregate order_id
    states {{ initial i, m, d, final f }}
    transitions {{
        i -> m : go
        m -> f else d : pay
        {0}
        {1}
        d -> f : quit
    }}
    actions {{ pay : idempotent, no undo }}
}}
"""
    one, other = (
        compile_saga("order.saga", text.format(*rows).encode(), None).pinned
        for rows in ((first, second), (second, first))
    )
    assert one
    assert other
    rounds = [
        {(rule.name, rule.next, frozenset(rule.prev.split(" | "))) for rule in rules}
        for rules in (one.latest.rows.rules, other.latest.rows.rules)
    ]
    assert rounds[0] == rounds[1]
