"""What is said of two versions is so of every record of the older one."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from strategies import write_saga
from subjects import pinned_of

from sagadsl.checks import overlap
from sagadsl.machine import FINISHED, Event, Kind, Machine, Record, Refused
from sagadsl.model import Version
from sagadsl.parser import parse_saga
from sagadsl.proofs import Proof
from sagadsl.proofs.pair import Pair
from sagadsl.resolve import resolve_saga
from sagadsl.source import Source
from sagadsl.versions import Lock, pin, release

SWAPS = (
    ("once, in doubt park", "idempotent"),
    ("idempotent", "once, in doubt park"),
    (", even if in doubt", ""),
    (", cannot fail", ""),
    (", pivot", ""),
    ("idempotent", "idempotent, pivot"),
    ("final failure", "final"),
    ("final ", ""),
    (" else ", " & "),
    (" & ", " | "),
)


def edited(rng: Random, text: str) -> str:
    """A saga with a line or a few words changed; it need not resolve."""
    lines = text.splitlines()
    for _ in range(rng.randint(1, 2)):
        at = rng.randrange(2, len(lines) - 1)
        if rng.random() < 0.3:
            lines.pop(at)
        else:
            old, new = rng.choice(SWAPS)
            found = [n for n, line in enumerate(lines) if old in line]
            if found:
                at = rng.choice(found)
                lines[at] = lines[at].replace(old, new, 1)
    return "\n".join(lines) + "\n"


def versions(seed: int) -> tuple[Version, Version] | None:
    """A released version and a draft that differs, if chance gives one."""
    rng = Random(seed)
    text = write_saga(rng, 5)
    old = release(pinned_of(text))
    changed = edited(rng, text) if rng.random() < 0.8 else write_saga(rng, 5)
    tree, findings = parse_saga(Source("random.saga", changed))
    saga = resolve_saga(tree)[0] if tree and not findings else None
    if saga is None or list(overlap.check(old.saga, Proof(old.saga))):
        return None
    try:
        pinned, _ = pin(saga, Lock("random", old.versions))
    except AssertionError:
        return None  # it has a cycle, which the checks would have refused
    if pinned is None or len(pinned.versions) < 2:
        return None
    return pinned.versions[0], pinned.versions[1]


def records(machine: Machine) -> list[Record]:
    """Every record that is not finished."""
    seen = {Record()}
    stack = [Record()]
    while stack and len(seen) < 1000:
        record = stack.pop()
        for event in machine.events(record):
            after = machine.apply(record, event)
            if after not in seen and not after.control & FINISHED:
                seen.add(after)
                stack.append(after)
    return list(seen)


def judged(pair: Pair, record: Record, literal: int) -> bool:
    """Whether a literal holds of one record."""
    fixed = [-pair.old.record.aborting, pair.old.record.aborting][record.control & 1]
    bits = [fixed]
    for bit, lanes in pair.old.record.lanes.items():
        for lane, value in zip(lanes[:3], record[:3], strict=True):
            bits.append(lane if value & bit else -lane)
    return pair.solver.find(*bits, literal) is not None


def compare(seed: int, tally: Counter[str]) -> None:
    found = versions(seed)
    if found is None:
        return
    old, new = (version.machine() for version in found)
    pair = Pair(*found)
    tally["pairs"] += 1
    for record in records(old):
        refused = bool(new.why_invalid(record))
        assert judged(pair, record, pair.refused) == refused, (seed, record)
        try:
            moved = new.upgrade(record, old)
        except Refused:
            moved = None
        assert judged(pair, record, pair.stays) == (moved is None), (seed, record)
        tally["stay" if moved is None else "move"] += 1
        if moved is not None:
            assert moved == record
            ends = old.guards.may(record, Kind.FINISH, None)
            assert not ends or new.guards.may(moved, Kind.FINISH, None)
            live = pair.new.live()
            for event in old.events(record):
                if event.kind is Kind.BEGIN and event not in new.events(record):
                    assert isinstance(event.step, int)
                    tally["later or never"] += 1
                    never = -pair.solver.true
                    if not judged(pair, record, live.get(1 << event.step, never)):
                        tally["never"] += 1
                        assert not begins_later(new, record, event)


def begins_later(machine: Machine, record: Record, event: Event) -> bool:
    seen, stack = {record}, [record]
    while stack:
        here = stack.pop()
        for following in machine.events(here):
            if following == event:
                return True
            after = machine.apply(here, following)
            if after not in seen:
                seen.add(after)
                stack.append(after)
    return False


@pytest.mark.parametrize("first", range(0, 400, 100))
def test_pairs_of_versions(first: int) -> None:
    tally: Counter[str] = Counter()
    for seed in range(first, first + 100):
        compare(seed, tally)
    assert tally["pairs"] > 25
    assert tally["move"] > 100
    assert tally["stay"] > 100
