"""Changes of version, allowed and not, put to the triggers of a saga."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from judges import LANES, Open, Row, judged

from sagadsl.machine import FINISHED, Machine, Record, Refused
from sagadsl.model import Pinned


def reachable(machine: Machine, most: int = 300) -> list[Record]:
    """Records that runs lead to, without those that have finished."""
    found = {Record(): None}
    stack = [Record()]
    while stack and len(found) < most:
        record = stack.pop()
        for event in machine.events(record):
            after = machine.apply(record, event)
            if after not in found and not after.control & FINISHED:
                found[after] = None
                stack.append(after)
    return list(found)


def near(record: Record, bits: int) -> Iterator[Record]:
    """The record, and every one a bit away."""
    yield record
    for lane in LANES.split(", "):
        for at in range(2 if lane == "control" else bits):
            yield record._replace(**{lane: getattr(record, lane) ^ 1 << at})


def upgraded(record: Record, old: Machine, new: Machine) -> Record | None:
    try:
        return new.upgrade(record, old)
    except Refused:
        return None


def moves(pinned: Pinned, every: int) -> Iterator[tuple[Row, list[tuple[Row, bool]]]]:
    """Rows of each version, and changes of them, each with whether it is allowed."""
    machines = {version.number: version.machine() for version in pinned.versions}
    bits = max(m.guards.steps.bit_length() for m in machines.values()) + 1
    for number, old in machines.items():
        can_be = reachable(old)
        beside = dict.fromkeys(n for record in can_be for n in near(record, bits))
        for record in dict.fromkeys([*can_be, *list(beside)[::every]]):
            changes = []
            for to, new in machines.items():
                if to != number:
                    arrives = upgraded(record, old, new) if to > number else None
                    moved = new.moved(record, number)
                    changes += [
                        (Row(to, *after, 2), after == arrives)
                        for after in dict.fromkeys([*near(moved, bits), record])
                    ]
            changes.append((Row(99, *record, 2), False))
            yield Row(number, *record, 1), changes


def compare(pinned: Pinned, open_judge: Open, every: int) -> Counter[str]:
    """Hold the triggers to what the machines say of each change."""
    rows: list[Row] = []
    asked: list[tuple[int, Row]] = []
    expected: list[bool] = []
    for row, changes in moves(pinned, every):
        for after, allowed in changes:
            asked.append((len(rows), after))
            expected.append(allowed)
        rows.append(row)
    accepted = judged(open_judge(), pinned, rows, asked)
    for (number, after), wanted, actual in zip(asked, expected, accepted, strict=True):
        assert actual == wanted, (rows[number], after, pinned.saga.source.text)
    return Counter(compared=len(asked), allowed=sum(expected))
