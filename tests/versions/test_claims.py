"""One position, one step: what was stored under a name never becomes another's."""

from __future__ import annotations

import re

import pytest

from sagadsl.driver import compile_saga, lock_text, release_text


def saga(*rows: str) -> bytes:
    inner = sorted(set(re.findall(r"\bs[1-9]\b", " ".join(rows))))
    states = ", ".join(["initial s0", *inner, "final end"])
    body = "\n".join(rows)
    text = f"saga order {{\naggregate id\nstates {{ {states} }}\ntransitions {{\n"
    return f"{text}{body}\n}}\n}}\n".encode()


def released(*sagas: bytes) -> str | None:
    lock = None
    for data in sagas:
        pinned, findings = compile_saga("order.saga", data, lock)
        assert pinned, findings
        lock = release_text(pinned)
    return lock


def codes(data: bytes, lock: str | None) -> set[str]:
    return {f.code for f in compile_saga("order.saga", data, lock).findings}


ROW = saga("s0 -> end : a")
RENAMED = saga("s0 -> end : c was a")
TWO = saga("s0 -> s1 : pay", "s1 -> s2 : pay_2", "s2 -> end : z")
ZIP = saga("s0 -> s1 : pay", "s1 -> s2 : zip was pay_2", "s2 -> end : z")
LOOP = saga("s0 -> s1 : pay", "s1 -> s0 : back up to 2 times", "s1 -> end : z")


@pytest.mark.parametrize(
    ("history", "now", "code"),
    [
        ([ROW, RENAMED], saga("s0 -> s1 : c", "s1 -> end : e was a"), "SAGA404"),
        ([TWO, ZIP], LOOP.replace(b": z", b": zip was pay_2"), "SAGA403"),
        ([TWO], LOOP, "SAGA403"),
        ([LOOP], TWO, "SAGA403"),
        (
            [saga("s0 -> s1 : a", "s1 -> end : b")],
            saga("s0 -> s1 : b was a", "s1 -> end : a was b"),
            "SAGA404",
        ),
    ],
    ids=["claimed twice", "claimed by a round", "a round", "no round", "swapped"],
)
def test_a_position_is_not_claimed_by_another_step(history, now, code):
    assert code in codes(now, released(*history))


def test_a_rename_in_a_draft_can_be_taken_back():
    pinned, _ = compile_saga("order.saga", RENAMED, released(ROW))
    assert pinned
    again, findings = compile_saga("order.saga", ROW, lock_text(pinned))
    assert not findings
    assert again
    assert again.positions == {"a": 0}
    assert len(again.versions) == 1
