"""What is said of two versions is so of every record of the older one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from random import Random

import pytest
from reference import Record as Tokens
from reference import Reference
from strategies import insert_step, write_saga
from subjects import pinned_of

from sagadsl.checks import overlap
from sagadsl.machine import FINISHED, Event, Kind, Machine, Record, Refused
from sagadsl.model import Pinned
from sagadsl.parser import parse_saga
from sagadsl.proofs import Proof
from sagadsl.proofs.pair import Pair
from sagadsl.resolve import resolve_saga
from sagadsl.source import Source
from sagadsl.versions import Lock, check_upgrades, pin, release

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


def pinned_after(before: Pinned, text: str) -> Pinned | None:
    """A saga with what went before it released, if there is such a change of it."""
    tree, findings = parse_saga(Source("random.saga", text))
    saga = resolve_saga(tree)[0] if tree and not findings else None
    if saga is None or not saga.transitions:
        return None
    try:
        pinned, _ = pin(saga, Lock("random", release(before).versions))
    except AssertionError:
        return None  # it has a cycle, which the checks would have refused
    if pinned is None or len(pinned.versions) == len(before.versions):
        return None
    return None if list(check_upgrades(pinned)) else pinned


def versions(seed: int) -> list[Pinned]:
    """A saga and what becomes of it: new steps that are waived, edits, or another."""
    rng = Random(seed)
    found = [pinned_of(write_saga(rng, 5))]
    for _ in range(5):
        if len(found) == 3 or overlaps(found[-1]):
            break
        text, chance = found[-1].saga.source.text, rng.random()
        if chance < 0.4:
            text = insert_step(rng, text)
        else:
            text = edited(rng, text) if chance < 0.9 else write_saga(rng, 5)
        if after := pinned_after(found[-1], text):
            found.append(after)
    return found


def overlaps(pinned: Pinned) -> bool:
    """Whether the bits of some record do not tell which way was taken."""
    return any(overlap.check(pinned.saga, Proof(pinned.saga)))


def records(machine: Machine, start: set[Record]) -> list[Record]:
    """Every record that is not finished, from these on."""
    seen = set(start)
    stack = list(start)
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


class Game:
    """The token game of a version, for records that a machine has taken over."""

    def __init__(self, pinned: Pinned) -> None:
        self.text = pinned.saga.source.text
        self.reference = Reference(pinned.saga)
        self.positions = pinned.positions
        self.overlaps = overlaps(pinned)
        rounds = [step.name for step in pinned.saga.steps if step.round]
        self.later_rounds = sum(1 << self.positions[name] for name in rounds)
        self._ends: dict[Tokens, bool] = {}
        reachable = self.reference.reachable(most=400)
        self.sound = reachable is not None and all(map(self.can_finish, reachable))

    def tokens(self, record: Record) -> Tokens:
        """The record in the terms of the game."""
        begun, done, closed = (
            frozenset(name for name, at in self.positions.items() if lane >> at & 1)
            for lane in record[:3]
        )
        return Tokens(begun, done, closed, bool(record.control & 1))

    def moves(self, record: Tokens) -> list[tuple[str, int | None]]:
        """What may happen, in the order of the machine."""
        found = self.reference.events(record)
        kinds = list(dict.fromkeys(event.kind for event in found))
        return sorted(
            ((event.kind, self.positions.get(event.step)) for event in found),
            key=lambda move: (kinds.index(move[0]), move[1] or 0),
        )

    def can_finish(self, record: Tokens) -> bool:
        """Whether some way leads on to the end, nothing being begun twice."""
        if record.finished:
            return True
        if record not in self._ends:
            self._ends[record] = False
            for event in self.reference.events(record):
                assert event.kind != "begin" or event.step not in record.taken
                if self.can_finish(self.reference.apply(record, event)):
                    self._ends[record] = True
                    break
        return self._ends[record]

    def replays(self, record: Tokens) -> bool:
        """Whether a run leads to the record, had it done what was waived."""
        goal = record._replace(begun=record.taken)
        seen, stack = {Tokens()}, [Tokens()]
        while stack and goal not in seen:
            here = stack.pop()
            for event in self.reference.events(here):
                after = self.reference.apply(here, event)
                lanes = zip(after[:3], goal[:3], strict=True)
                if after not in seen and all(a <= b for a, b in lanes):
                    seen.add(after)
                    stack.append(after)
        return goal in seen


def compare(
    before: Pinned, after: Pinned, start: set[Record], tally: Counter[str]
) -> set[Record]:
    """Hold what is said of two versions to every record; those that have moved."""
    old, new = before.latest.machine(), after.latest.machine()
    pair = Pair(before.latest, after.latest)
    game = Game(after)
    tally["pairs"] += 1
    tally["sound"] += game.sound
    arrived = set()
    for record in records(old, start):
        lost = (record.begun | record.done) & ~new.guards.steps
        refused = bool(lost or new.why_invalid(new.moved(record, old.version)))
        assert judged(pair, record, pair.refused) == refused, (record, game.text)
        going = not old.guards.may(record, Kind.FINISH, None)
        assert judged(pair, record, pair.in_flight) == going, (record, game.text)
        try:
            new.upgrade(record, old)
        except Refused:
            assert judged(pair, record, pair.stays), (record, game.text)
            tally["stay"] += 1
            continue
        assert not judged(pair, record, pair.stays), (record, game.text)
        tally["move"] += 1
        moved = compare_moved(old, new, record, game, tally)
        arrived.add(moved)
        live = pair.new.live()
        for event in old.events(record):
            if event.kind is Kind.BEGIN and event not in new.events(moved):
                assert isinstance(event.step, int)
                tally["later or never"] += 1
                never = -pair.solver.true
                if not judged(pair, record, live.get(1 << event.step, never)):
                    tally["never"] += 1
                    assert not begins_later(new, moved, event)
    return arrived


def compare_moved(
    before: Machine, after: Machine, record: Record, game: Game, tally: Counter[str]
) -> Record:
    """What a record is taken for that moves: what it was, and some steps waived."""
    moved = after.upgrade(record, before)
    waived = moved.done & ~record.done
    tally["waived"] += bool(waived)
    tally["waived in a round"] += bool(waived & game.later_rounds)
    assert moved._replace(done=record.done) == record
    assert not waived & record.begun
    if before.guards.may(record, Kind.FINISH, None):
        assert record.control or after.guards.may(moved, Kind.FINISH, None)
    tokens = game.tokens(moved)
    assert game.moves(tokens) == [
        (event.kind, event.step) for event in after.events(moved)
    ]
    if not game.overlaps:
        assert record.control or game.replays(tokens), (record, game.text)
        assert not game.sound or game.can_finish(tokens), (record, game.text)
        tally["finishes"] += game.sound
    return moved


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


SLOW = [pytest.param(n, marks=pytest.mark.slow) for n in range(400, 4000, 100)]


@pytest.mark.parametrize("first", [*range(0, 400, 100), *SLOW])
def test_pairs_of_versions(
    first: int, record_property: Callable[[str, object], None]
) -> None:
    """All that is proved, record by record, and that those who move can finish."""
    tally: Counter[str] = Counter()
    for seed in range(first, first + 100):
        arrived = {Record()}
        for before, after in pairwise(versions(seed)):
            arrived = compare(before, after, arrived, tally)
    record_property("verdicts", dict(tally))
    assert tally["pairs"] > 80
    assert tally["move"] > 500
    assert tally["stay"] > 500
    assert tally["waived"] > 25
    assert tally["finishes"] > 250
