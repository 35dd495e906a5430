"""What an upgrade may waive, and in which rounds of a loop it does."""

from __future__ import annotations

import pytest
from pinning import FIRST as PLAIN
from pinning import INSERTED, compiled, released

from sagadsl.driver import compile_saga
from sagadsl.machine import Kind, Record, Refused
from sagadsl.proofs.run import walk
from sagadsl.versions.breaking import breaking_since

FIRST = """\
saga order {
    aggregate order_id
    states { initial basket, checkout, declined, final paid, final failure lost }
    transitions {
        basket   -> checkout : check_out
        checkout -> paid else declined : pay
        declined -> checkout : try_again up to 2 times
        declined -> lost : give_up
    }
    actions { pay : idempotent, no undo }
}
"""
SCREENED = FIRST.replace("declined, ", "declined, screened, ").replace(
    "checkout -> paid else declined : pay",
    "checkout -> screened : screen\nscreened -> paid else declined : pay",
)
LOCK = released(FIRST)


def upgrading(line: str, text: str = SCREENED) -> str:
    return f"{text.rstrip().removesuffix('}')}upgrades {{ {line} }}\n}}\n"


def said_of(text: str) -> list[str]:
    findings = compile_saga("order.saga", text.encode(), LOCK).findings
    return [finding.message for finding in findings]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("from 2 waive screen when pay", "there is no version 2 to upgrade from"),
        ("from 1 waive pay when pay", "`pay` is not new since version 1"),
        ("from 1 waive screen when screen", "version 1 has no `screen`"),
        ("from 1 waive scren when pay", "there is no action `scren`"),
        (
            "from 1 waive screen when check_out",
            "`screen` has rounds, and `check_out` is not in its loop",
        ),
        (
            "from 1 waive screen when pay, from 1 waive screen when pay",
            "the upgrade that waives `screen` stands twice",
        ),
    ],
)
def test_what_an_upgrade_may_not_say(line: str, message: str) -> None:
    assert [message] == said_of(upgrading(line))


def test_a_pivot_is_not_waived() -> None:
    """What comes after it may have no compensation, and an abort would be allowed."""
    pivot = FIRST.replace(
        "declined -> lost :", "declined -> called : call\ncalled -> lost :"
    )
    pivot = pivot.replace("declined, final", "declined, called, final")
    pivot = pivot.replace(
        "actions {", "actions { call : idempotent, pivot, cannot fail\n"
    )
    text = upgrading("from 1 waive call when give_up", pivot)
    assert "`call` is a pivot, and cannot be waived" in said_of(text)


def test_a_round_is_waived_where_the_same_round_has_begun() -> None:
    old = compiled(FIRST, LOCK)
    new = compiled(upgrading("from 1 waive screen when pay"), LOCK)
    before, after = old.latest.machine(), new.latest.machine()
    at = {name: 1 << position for name, position in new.positions.items()}
    first = at["check_out"] | at["pay"] | at["try_again"]
    record = Record(first, first & ~at["pay"], at["pay"])
    moved = after.upgrade(record, before)
    assert record._replace(done=record.done | at["screen"]) == moved
    assert after.standing(moved) == ("checkout",)
    assert [after.due(moved, Kind.BEGIN, "screen")] == [new.positions["screen_2"]]

    both = Record(first | at["pay_2"], record.done | at["pay_2"], at["pay"])
    moved = after.upgrade(both, before)
    assert at["screen"] | at["screen_2"] == moved.done & ~both.done
    assert after.standing(moved) == ("paid",)


def test_where_the_other_step_has_not_begun_nothing_is_waived() -> None:
    new = compiled(upgrading("from 1 waive screen when pay"), LOCK)
    before = compiled(FIRST, LOCK).latest.machine()
    record = Record(1, 1)
    assert record == new.latest.machine().upgrade(record, before)


def test_what_was_waived_stays_known_as_long_as_the_upgrade_is_declared() -> None:
    """A later version without the line has no run in which the step never began."""
    text = upgrading("from 1 waive screen when pay")
    lock = released(text, LOCK)
    longer = text.replace("final paid", "checked, final paid").replace(
        "screened -> paid else declined : pay",
        "screened -> checked else declined : pay\nchecked -> paid : check",
    )
    second, third = compiled(text, lock), compiled(longer, lock)
    at = {name: 1 << position for name, position in second.positions.items()}
    begun = at["check_out"] | at["pay"]
    record = Record(begun, at["check_out"] | at["screen"])
    machine = second.latest.machine()
    assert machine.is_valid_record(record)
    assert record == third.latest.machine().upgrade(record, machine)

    without = longer[: longer.index("upgrades")] + "}\n"
    with pytest.raises(Refused, match="`screen` cannot have ended without having"):
        compiled(without, lock).latest.machine().upgrade(record, machine)


def test_a_run_through_an_upgrade_is_shown() -> None:
    """A third version no longer knows what was waived for it in the second."""
    waiving = INSERTED.rstrip().removesuffix("}")
    waiving += "upgrades { from 1 waive pack when ship }\n}\n"
    kept = released(waiving, released(PLAIN))
    third = compiled(INSERTED, kept)
    (found,) = breaking_since(third, kept, ["RUNNING"])
    assert found.run == ("pay", "waive pack", "ship begins")
    machine = third.versions[1].machine()
    record = walk(machine, found.run)
    assert record.done & ~record.begun == 0b100
    assert machine.is_valid_record(record)
    before = walk(machine, found.run[:2])
    assert not machine.is_valid_record(before), "waived where nothing waives it"
