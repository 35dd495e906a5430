"""A step that may only have a new name: `was` hands its bit on, or a warning asks."""

from __future__ import annotations

import pytest
from pinning import FIRST, INSERTED, codes, compiled, findings, positions, released

from sagadsl.driver import lock_text

CHARGE = FIRST.replace(": pay", ": charge")
CHARGE_WAS = FIRST.replace(": pay", ": charge was pay")


def test_a_new_step_in_the_place_of_a_released_one_is_asked_about():
    (finding,) = findings(CHARGE, released(FIRST))
    assert finding.message == "`pay` is gone, and `charge` is new in its place"
    assert "`charge was pay`" in finding.help
    assert compiled(CHARGE, released(FIRST)).latest.number == 2


def test_the_warning_stays_until_the_change_is_released():
    draft = lock_text(compiled(CHARGE, released(FIRST)))
    assert codes(CHARGE, draft) == ["SAGA406"]
    assert codes(CHARGE, released(CHARGE, released(FIRST))) == []


def test_was_is_heeded_in_a_draft_that_went_without():
    draft = lock_text(compiled(CHARGE, released(FIRST)))
    assert positions(compiled(CHARGE, draft))["charge"] == 2
    assert codes(CHARGE_WAS, draft) == []
    assert positions(compiled(CHARGE_WAS, draft)) == {"charge": 0, "ship": 1}


def test_was_that_is_dropped_again_moves_no_bit_and_warns_of_none():
    draft = lock_text(compiled(CHARGE_WAS, released(FIRST)))
    assert codes(CHARGE, draft) == []
    assert positions(compiled(CHARGE, draft))["charge"] == 0


@pytest.mark.parametrize(
    ("text", "lock"),
    [
        (FIRST, INSERTED),
        (INSERTED, FIRST),
        (CHARGE_WAS, FIRST),
        (
            FIRST.replace(" begun -> paid : pay", " begun -> paid : pay by user"),
            FIRST,
        ),
        (
            FIRST.replace("paid,", "paid, billed,").replace(
                "begun -> paid : pay",
                "begun -> billed : bill\n billed -> paid : settle",
            ),
            FIRST,
        ),
    ],
    ids=["removed", "inserted", "was", "changed", "split"],
)
def test_other_changes_are_not_taken_for_a_new_name(text, lock):
    assert codes(text, released(lock)) == []


def test_a_similar_name_beside_a_common_state_is_asked_about():
    moved = INSERTED.replace("packed -> shipped : ship", "packed -> shipped : ship_it")
    assert codes(moved, released(FIRST)) == ["SAGA406"]


def test_states_may_have_new_names_too():
    renamed = CHARGE.replace("paid,", "charged was paid,").replace(
        "begun -> paid", "begun -> charged"
    )
    assert codes(renamed.replace("paid ->", "charged ->"), released(FIRST)) == [
        "SAGA406"
    ]


def test_of_the_steps_of_one_place_the_likest_name_is_meant():
    both = FIRST.replace(
        "begun -> paid : pay", "begun -> paid : pay_card, begun -> paid : cash"
    )
    after = both.replace("pay_card", "pay_by_card").replace(": cash", ": cash_down")
    found = findings(after, released(both))
    assert [finding.message.split("`")[1::2] for finding in found] == [
        ["pay_card", "pay_by_card"],
        ["cash", "cash_down"],
    ]


def test_a_round_never_takes_the_bit_of_a_row_of_that_name():
    loop = """\
saga order {
    aggregate order_id
    states { initial begun, paid, declined, final failure lost, final shipped }
    transitions {
        begun -> paid else declined : pay
        declined -> begun : again up to 2 times
        declined -> lost : give_up
        paid -> shipped : ship
    }
    actions { pay : idempotent, no undo }
}
"""
    other = loop.replace(": pay\n", ": charge was pay\n").replace(
        "{ pay :", "{ charge :"
    )
    clash = other.replace("paid -> shipped : ship", "paid -> shipped : pay_2")
    assert codes(other, released(loop)) == []
    assert codes(clash, released(loop)) == ["SAGA404"]
