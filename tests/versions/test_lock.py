"""The lock file: what is wrong with it is said, and nothing is taken on trust."""

from __future__ import annotations

import pytest
from pinning import FIRST, codes, released

BROKEN = {
    "empty": "",
    "not JSON": "{",
    "a list": "[]",
    "deep": "[" * 100_000,
    "merge conflict": '{\n<<<<<<< HEAD\n  "format": 1,\n=======\n',
    "other format": '{"format": 2, "saga": "order", "versions": []}',
    "negative": '{"format": 1, "saga": "order", "versions": [{"version": -1}]}',
    "a huge number": '{"format": ' + "9" * 5000 + "}",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_broken_lock_file_is_a_finding(text):
    assert codes(FIRST, text) == ["SAGA401"]


def test_an_edited_lock_file_is_a_finding():
    lock = released(FIRST)
    edited = lock.replace('"prev": "paid"', '"prev": "begun"')
    assert codes(FIRST, edited) == ["SAGA402"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"pay"', '"pay\\"; import os"'),
        ('"step": 0', '"step": "0"'),
        ('"prev": "paid"', '"prev": "nowhere"'),
        ('"step": 1', '"step": 0'),
        ('"kind": "initial"', '"kind": "start"'),
        ('"released": true', '"released": "yes"'),
        ('"action": "pay"', '"action": "class"'),
        ('"action": "pay"', '"trigger": "by \\", print(1), \\"", "action": "pay"'),
    ],
)
def test_nothing_in_a_lock_file_is_taken_on_trust(old, new):
    lock = released(FIRST)
    assert old in lock
    assert codes(FIRST, lock.replace(old, new)) == ["SAGA401"]


@pytest.mark.parametrize("state", ["nowhere", "shipped"])
def test_a_round_of_another_state_is_not_believed(state):
    old = '{"state": "paid", "kind": ""}'
    lock = released(FIRST)
    assert old in lock
    new = old.replace("}", f', "of": "{state}"}}')
    assert codes(FIRST, lock.replace(old, new)) == ["SAGA401"]


def test_the_lock_of_another_saga_is_a_finding():
    other = released(FIRST).replace('"saga": "order"', '"saga": "parcel"')
    assert codes(FIRST, other) == ["SAGA401"]


def test_a_position_beyond_all_bounds_is_not_believed():
    lock = released(FIRST).replace('"step": 0', f'"step": {1 << 52}')
    assert codes(FIRST, lock) == ["SAGA401"]
