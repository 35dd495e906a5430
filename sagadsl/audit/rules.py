"""The guards of all versions as tables of masks, one row for each kind of row of a log.

A record is one word of bits, its lanes side by side, cut into pieces of 64 bits. A row
of a log has a key, and the tables have for each key the bits that it adds, and terms: a
row may happen if, of the bits that a term cares for, the record has those it needs.
Most guards are one such term, or a few; what no term lets pass is left to the machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice, product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sagadsl.audit.process import TAKEN, UPGRADE, WAIVE, Row, Saga
from sagadsl.sql import OF_ALL, OF_STEPS

Words = NDArray[np.unsignedinteger[Any]]

MOST_TERMS = 16
NOTE, UNKNOWN = "note", "?"
EVENTS = (TAKEN, *OF_STEPS, *OF_ALL, UPGRADE, NOTE, UNKNOWN)
SHORT, LONG = 32, 64
MASK = (1 << LONG) - 1


class Layout(NamedTuple):
    """Where the bits of a record are: `steps` bits for each lane, then two of control.

    Where rows only say that steps were taken, what is done is all there is.
    """

    steps: int
    lanes: bool

    @property
    def bits(self) -> int:
        """How many bits a record has."""
        return 3 * self.steps + 2 if self.lanes else self.steps

    @property
    def word(self) -> type[np.unsignedinteger[Any]]:
        """The type of a piece: a small record fits a short one, which is faster."""
        return np.uint32 if self.bits <= SHORT else np.uint64

    @property
    def words(self) -> int:
        """How many pieces a record takes."""
        return -(-self.bits // LONG)

    def pieces(self, numbers: list[int]) -> list[Words]:
        """Records cut into pieces, the lowest first."""
        return [
            np.array([n >> LONG * at & MASK for n in numbers], np.uint64).astype(
                self.word
            )
            for at in range(self.words)
        ]

    def pack(self, begun: int, done: int, closed: int, control: int) -> int:
        """A record as one number."""
        if not self.lanes:
            return done
        wide = self.steps
        return begun | done << wide | closed << 2 * wide | control << 3 * wide

    def unpack(self, packed: int) -> tuple[int, int, int, int]:
        """The four words of a record."""
        if not self.lanes:
            return packed, packed, 0, 0
        wide, lane = self.steps, (1 << self.steps) - 1
        begun, done, closed = (packed >> wide * n & lane for n in range(3))
        return begun, done, closed, packed >> 3 * wide


class Term(NamedTuple):
    """Bits of a record that must be set, and bits that must not be."""

    set: int = 0
    clear: int = 0

    def __and__(self, other: Term) -> Term:
        return Term(self.set | other.set, self.clear | other.clear)


class Rules:
    """The tables of a saga: `add`, and `care` and `need` for one term after the other.

    A key is ((version * events) + event) * steps + step, each by its place: in
    `versions`, in `EVENTS`, and for steps the position, then what is in `names`.
    """

    def __init__(self, saga: Saga, *, lanes: bool) -> None:
        self.versions = sorted(saga.MACHINES)
        machines = [saga.MACHINES[number] for number in self.versions]
        every = [rule for machine in machines for rule in machine.rules]
        self.positions = 1 + max(int(rule.step) for rule in every)
        self.step_names = {int(rule.step): rule.name for rule in every}
        self.names = self._name_codes(machines)
        self.step_codes = max(self.positions - 1, *self.names.values()) + 2
        self.events = EVENTS if lanes else EVENTS[:1]
        self.layout = Layout(self.positions, lanes)
        self._tabulate(machines)

    @property
    def keys(self) -> int:
        """How many keys there are, those of unknown versions included."""
        return (len(self.versions) + 1) * len(self.events) * self.step_codes

    def version_code(self, version: Any) -> int:
        """The place of a version; the last one of all is for those unknown."""
        known = isinstance(version, int) and version in self.versions
        return self.versions.index(version) if known else len(self.versions)

    def step_code(self, step: Any) -> int:
        """The code of a step as it was written; the last one of all is for none."""
        if isinstance(step, str):
            return self.names.get(step, self.step_codes - 1)
        known = isinstance(step, int) and 0 <= step < self.positions
        return int(step) if known else self.step_codes - 1

    def named(self, row: Row) -> Row:
        """A row with the name of its step in place of the position."""
        if isinstance(row.step, int):
            return row._replace(step=self.step_names.get(row.step, row.step))
        return row

    def row(self, key: int) -> Row:
        """A row that has a key, as far as a key tells."""
        rest, step = divmod(key, self.step_codes)
        version, event = divmod(rest, len(self.events))
        known = version < len(self.versions)
        return Row(
            self.versions[version] if known else None,
            self.events[event],
            step if step < self.positions else None,
        )

    def _name_codes(self, machines: list[Any]) -> dict[str, int]:
        """The codes of names: a position, unless only a record can tell which is meant.

        That is so for an action with rounds, and for a name that not every version has.
        """
        meant: dict[str, set[int]] = {}
        for machine in machines:
            for rule in machine.rules:
                for name in (rule.name, rule.action):
                    meant.setdefault(name, set()).add(int(rule.step))
        for machine in machines:
            known = {name for r in machine.rules for name in (r.name, r.action)}
            steps = {int(rule.step) for rule in machine.rules}
            for name, positions in meant.items():
                if name not in known and positions & steps:
                    positions.add(-1)  # here the step has another name
        several = [name for name, positions in meant.items() if len(positions) > 1]
        alone = {n: min(p) for n, p in meant.items() if len(p) == 1}
        return alone | {name: self.positions + n for n, name in enumerate(several)}

    def _tabulate(self, machines: list[Any]) -> None:
        adds = [0] * self.keys
        terms: list[list[Term]] = [[] for _ in adds]
        self.slow = np.zeros(self.keys, np.bool_)
        for version, machine in enumerate(machines):
            plans = {int(plan.rule.step): plan for plan in machine.guards.plans}
            for event, word in enumerate(self.events):
                start = (version * len(self.events) + event) * self.step_codes
                for step in range(self.step_codes):
                    plan = plans.get(step)
                    adds[start + step] = self._adds(word, step)
                    found = self._terms(machine.guards, word, plan)
                    terms[start + step] = list(islice(found, MOST_TERMS))
                    named = self.positions <= step < self.step_codes - 1
                    of_step = word in (TAKEN, *OF_STEPS)
                    by_name = named and of_step
                    self.slow[start + step] = by_name or word in (UPGRADE, WAIVE)
        self.add = self.layout.pieces(adds)
        self.terms = []
        for n in range(max(1, *map(len, terms))):
            nth = [each[n] if n < len(each) else None for each in terms]
            # What cares for nothing and needs a bit lets nothing pass.
            cares = [term.set | term.clear if term else 0 for term in nth]
            needs = [term.set if term else 1 for term in nth]
            self.terms.append((self.layout.pieces(cares), self.layout.pieces(needs)))

    def _adds(self, word: str, step: int) -> int:
        bit = 1 << step if step < self.positions else 0
        begun = bit if word in (TAKEN, "begin") else 0
        done = bit if word in (TAKEN, "done", WAIVE) else 0
        closed = bit if word in ("fail", "undo") else 0
        control = {"abort": 1, "finish": 2}.get(word, 0)
        return self.layout.pack(begun, done, closed, control)

    def _terms(self, guards: Any, word: str, plan: Any) -> Iterator[Term]:
        """Terms each of which is enough for a row to happen."""
        if word == NOTE:
            yield Term()
        elif word == "abort":
            yield from self._all(
                [Term(clear=self._pack(control=3))], self._ended(guards.pivots)
            )
        elif plan is None:
            return
        elif word in (TAKEN, "begin"):
            for alternative in plan.alternatives:
                yield from self._begins(plan, alternative)
        elif word == "done" or (word == "fail" and plan.fallible):
            bit = plan.bit
            clear = self._pack(done=bit, closed=bit, control=2)
            yield Term(self._pack(begun=bit), clear)
        elif word == "undo" and plan.undo:
            done = 0 if plan.undo_in_doubt else plan.bit
            due = Term(
                self._pack(begun=plan.bit, done=done, control=1),
                self._pack(closed=plan.bit, control=2),
            )
            yield from self._all([due], self._ended(plan.after))

    def _begins(self, plan: Any, alternative: Any) -> Iterator[Term]:
        taken = alternative.rivals | plan.bit
        free = Term(clear=self._pack(begun=taken, done=taken, control=3))
        ways = [
            [
                *(Term(self._pack(done=bit)) for bit in _bits(place.producers)),
                *(
                    Term(self._pack(closed=bit), self._pack(done=bit))
                    for bit in _bits(place.failers)
                    if self.layout.lanes
                ),
            ]
            for place in alternative.places
            if place.kind != "initial"
        ]
        yield from self._all([free], ways)

    def _ended(self, steps: int) -> list[list[Term]]:
        """For each of some steps: it has not begun, or is closed."""
        return [
            [Term(clear=self._pack(begun=bit)), Term(self._pack(closed=bit))]
            for bit in _bits(steps)
        ]

    @staticmethod
    def _all(first: list[Term], ways: Iterable[list[Term]]) -> Iterator[Term]:
        """One of each, as far as they go together."""
        for chosen in product(first, *ways):
            term = Term()
            for part in chosen:
                term &= part
            if not term.set & term.clear:
                yield term

    def _pack(self, **lanes: int) -> int:
        empty: Mapping[str, int] = dict.fromkeys(
            ("begun", "done", "closed", "control"), 0
        )
        if not self.layout.lanes:
            return lanes.get("done", 0)
        return self.layout.pack(**{**empty, **lanes})


def _bits(mask: int) -> Iterator[int]:
    while mask:
        yield mask & -mask
        mask &= mask - 1
