"""What the lock file keeps of upgrades and approvals."""

from __future__ import annotations

import pytest
from pinning import FIRST, INSERTED, codes, compiled, released

from sagadsl.driver import lock_text, release_text
from sagadsl.machine import Waive
from sagadsl.model import Pinned
from sagadsl.source import Source
from sagadsl.versions import read_lock
from sagadsl.versions.breaking import approve

LOCK = released(FIRST)
WAIVING = (
    INSERTED.rstrip().removesuffix("}") + "upgrades {from 1 waive pack when ship}}"
)


def approved(text: str, rule: str = "refused-record", reason: str = "none") -> Pinned:
    pinned = approve(compiled(text, LOCK), rule, reason)
    assert not isinstance(pinned, str), pinned
    return pinned


def test_upgrades_and_approvals_come_back_as_they_were() -> None:
    pinned = approved(WAIVING, reason='a "reason", 漢字, \\ and\na line')
    lock, findings = read_lock(Source("order.saga.lock", lock_text(pinned)), "order")
    assert not findings
    assert lock
    assert lock.versions == pinned.versions
    assert lock.versions[-1].rows.waives == (Waive(1, "pack", "ship"),)
    assert lock_text(pinned).isascii()


def test_without_them_a_lock_file_is_what_it_was_before_there_were_any() -> None:
    assert "waives" not in LOCK
    assert "approved" not in LOCK


def test_an_approval_lasts_for_one_version() -> None:
    lock = lock_text(approved(INSERTED))
    again = compiled(INSERTED + "# words\n", lock)
    assert again.latest.approved == {"refused-record": "none"}
    lock = release_text(compiled(INSERTED, lock))
    assert '"approved": {"refused-record": "none"}' in lock
    third = compiled(
        INSERTED.replace("final shipped", "final sent, final shipped").replace(
            "packed -> shipped", "packed -> sent : send\npacked -> shipped"
        ),
        lock,
    )
    assert [version.number for version in third.versions] == [1, 2, 3]
    assert not third.latest.approved
    assert third.versions[1].approved


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"waives": [', '"waives": ["pack", '),
        ('"action": "pack", "when"', '"action": "pakc", "when"'),
        ('"when": "ship"', '"when": "nothing"'),
        ('"when": "ship"', '"when": "a b"'),
        ('{"version": 1, "action"', '{"version": "1", "action"'),
        ('{"version": 1, "action"', '{"version": -1, "action"'),
        ('{"refused-record": "none"}', '["refused-record"]'),
        ('{"refused-record": "none"}', '{"refused-record": 1}'),
        ('{"refused-record": "none"}', "null"),
    ],
)
def test_neither_is_taken_on_trust(old: str, new: str) -> None:
    lock = lock_text(approved(WAIVING))
    assert old in lock
    assert codes(WAIVING, lock.replace(old, new)) == ["SAGA401"]


def test_a_waive_is_part_of_the_digest() -> None:
    lock = lock_text(approved(WAIVING))
    line = '{"version": 1, "action": "pack", "when": "ship"}'
    assert line in lock
    other = line.replace("ship", "pay")
    assert codes(WAIVING, lock.replace(line, other)) == ["SAGA402"]
