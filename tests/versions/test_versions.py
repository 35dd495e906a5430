"""Versions: released bits keep their meaning, whatever the source says later."""

from __future__ import annotations

import importlib.util
import json
import sys

import pytest
from pinning import FIRST, INSERTED, codes, compiled, positions, released

from sagadsl.driver import lock_text
from sagadsl.emit.python import emit_python


@pytest.fixture
def load(tmp_path):
    def load_module(pinned):
        path = tmp_path / f"emitted_{len(list(tmp_path.iterdir()))}.py"
        path.write_text(emit_python(pinned), encoding="utf-8")
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = module
        spec.loader.exec_module(module)
        return module

    return load_module


def test_a_step_inserted_after_a_release_moves_no_bit(load):
    lock = released(FIRST)
    module = load(compiled(INSERTED, lock))
    old, new = module.machine(1), module.machine(2)
    assert (module.Step.PAY, module.Step.SHIP, module.Step.PACK) == (0, 1, 2)
    assert not old.draft
    assert new.draft
    assert module.LATEST is new
    assert old.replay(["pay", "ship"]) == 0b011
    assert old.is_final(0b011)
    assert new.replay(["pay", "pack", "ship"]) == 0b111
    assert not new.is_valid(0b011)
    with pytest.raises(module.Refused, match="`ship` waits for `pack`"):
        new.advance(0b001, "ship")
    with pytest.raises(module.Refused, match="no step 'pack'"):
        old.advance(0b001, "pack")
    with pytest.raises(module.UnknownVersion):
        module.machine(3)


def test_old_versions_come_from_the_lock_file_alone():
    lock = released(INSERTED, released(FIRST))
    third = compiled(INSERTED.replace("order_id", "basket_id"), lock)
    fresh = [version for version in third.versions if version.number < 3]
    kept = json.loads(lock)["versions"]
    assert [version["digest"] for version in kept] == [v.digest for v in fresh]
    assert [rule.name for rule in third.versions[0].rows.rules] == ["pay", "ship"]


def test_a_released_machine_is_never_rewritten():
    lock = released(FIRST)
    after = lock_text(compiled(INSERTED, lock))
    first = json.loads(lock)["versions"][0]
    assert json.loads(after)["versions"][0] == first
    assert [v["released"] for v in json.loads(after)["versions"]] == [True, False]


def test_a_draft_is_rewritten_until_it_is_released():
    draft = lock_text(compiled(FIRST))
    again = compiled(INSERTED, draft)
    assert [version.number for version in again.versions] == [1]
    assert positions(again) == {"pay": 0, "ship": 1, "pack": 2}


def test_a_position_that_only_a_draft_gave_is_free_again():
    lock = lock_text(compiled(INSERTED, released(FIRST)))
    other = INSERTED.replace("pack\n", "wrap\n")
    assert positions(compiled(other, lock)) == {"pay": 0, "ship": 1, "wrap": 2}


def test_a_released_position_is_never_given_to_another_step():
    lock = released(INSERTED)
    third = compiled(FIRST.replace("pay", "charge"), lock)
    taken = set(positions(compiled(INSERTED)).values())
    assert positions(third)["charge"] not in taken


def test_a_step_that_comes_back_has_its_old_position():
    lock = released(FIRST, released(INSERTED))
    assert positions(compiled(INSERTED, lock)) == positions(compiled(INSERTED))


@pytest.mark.parametrize(
    "words",
    [
        FIRST.replace("saga order", 'saga order "From basket to door"'),
        FIRST.replace("paid,", 'paid "on our account",'),
        FIRST.replace(
            "begun -> paid : pay\n        paid -> shipped : ship",
            "paid -> shipped : ship\n        begun -> paid : pay",
        ),
        FIRST.replace("initial begun, paid", "paid, initial begun"),
        "# a comment\n" + FIRST,
    ],
)
def test_words_and_order_open_no_version(words):
    lock = released(FIRST)
    assert lock_text(compiled(words, lock)).count('"released"') == 1
    assert compiled(words, lock).latest.released


@pytest.mark.parametrize(
    "change",
    [
        FIRST.replace(": pay", ": pay by user"),
        FIRST.replace("final shipped", "final failure shipped"),
        FIRST.replace("order_id\n", "order_id\n    expires after 1 day\n"),
        FIRST.replace(
            "transitions", "actions { pay : idempotent, pivot }\n transitions"
        ),
    ],
)
def test_every_change_of_meaning_opens_the_next_version(change):
    assert compiled(change, released(FIRST)).latest.number == 2


def test_a_renamed_step_keeps_its_bit_and_its_former_name(load):
    renamed = FIRST.replace(": pay", ": charge was pay")
    pinned = compiled(renamed, released(FIRST))
    assert positions(pinned) == {"charge": 0, "ship": 1}
    module = load(pinned)
    assert module.Step.PAY is module.Step.CHARGE
    assert module.machine(1).replay(["pay"]) == module.advance(0, "charge") == 1
    again = compiled(renamed, lock_text(pinned))
    assert lock_text(again) == lock_text(pinned)


def test_a_former_name_that_never_was_is_an_error():
    assert codes(FIRST.replace(": pay", ": charge was pya"), released(FIRST)) == [
        "SAGA404"
    ]


def test_a_former_name_of_a_state_that_never_was_is_an_error() -> None:
    def named(was: str) -> str:
        text = FIRST.replace("paid,", f"settled was {was},")
        return text.replace("-> paid", "-> settled").replace("paid ->", "settled ->")

    assert codes(named("paid"), released(FIRST)) == []
    assert codes(named("piad"), released(FIRST)) == ["SAGA404"]
    draft = lock_text(compiled(named("paid"), released(FIRST)))
    assert codes(named("paid"), draft) == []


def test_a_former_name_is_not_given_to_another_step():
    renamed = FIRST.replace(": pay", ": charge was pay")
    lock = released(renamed, released(FIRST))
    reused = renamed.replace("paid,", "paid, billed,").replace(
        "paid -> shipped : ship", "paid -> billed : pay\n billed -> shipped : ship"
    )
    assert codes(reused, lock) == ["SAGA403"]


def test_raising_the_bound_of_a_loop_appends_positions():
    def loop(times):
        return f"""saga order {{
    aggregate order_id
    states {{ initial begun, paid, declined, final failure lost, final shipped }}
    transitions {{
        begun -> paid else declined : pay
        declined -> begun : try_again up to {times} times
        declined -> lost : give_up
        paid -> shipped : ship
    }}
    actions {{ pay : idempotent, no undo }}
}}
"""

    first = compiled(loop(1))
    second = compiled(loop(2), released(loop(1)))
    assert positions(second).items() >= positions(first).items()
    assert set(positions(second)) - set(positions(first)) == {"pay_3", "try_again_2"}
    assert min(positions(second)[name] for name in ("pay_3", "try_again_2")) == 5


LOOP = """\
saga order {
    aggregate order_id
    states { initial a, b, c, e, final z }
    transitions {
        a -> b : start
        b -> c : go
        c -> e : again up to 2 times
        e -> b : resume
        c -> z : end
    }
}
"""


def test_another_way_into_a_loop_moves_no_round():
    first = compiled(LOOP)
    entered = LOOP.replace("c -> z", "a -> e : direct\n        c -> z")
    second = compiled(entered, released(LOOP))
    old = {rule.name: rule for rule in first.latest.rows.rules}
    new = {rule.name: rule for rule in second.latest.rows.rules}
    assert {name: new[name].step for name in old} == positions(first)
    assert [new[name].next for name in old] == [old[name].next for name in old]


def test_two_rounds_never_share_a_name():
    text = """saga order {
    aggregate order_id
    states { initial a, b, c, d, e, f, final z }
    transitions {
        a -> b : start
        b -> c : pay
        c -> d : first up to 2 times
        d -> b : second up to 2 times
        c -> e : out
        e -> f : pay_2
        f -> e : again up to 2 times
        f -> z : end
    }
}
"""
    assert codes(text, None) == ["SAGA105"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("pay by user | ops", "pay by ops | user"),
        ("pay after 60 minutes", "pay after 1 hour"),
    ],
)
def test_another_spelling_of_a_trigger_opens_no_version(one, other):
    lock = released(FIRST.replace(": pay", f": {one}"))
    assert compiled(FIRST.replace(": pay", f": {other}"), lock).latest.number == 1
