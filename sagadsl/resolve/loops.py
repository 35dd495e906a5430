"""Bounded loops: a row `up to N times` leads into a next round of its body.

The body of a loop is what lies on a cycle through such a row. Each of its states and
rows gets a copy for each count of the bounded rows in it, so that what was a cycle is
a staircase, and bits only rise. A row that enters a loop enters its first round; a row
that leaves it is one step, which can start from any round.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from math import prod
from typing import NamedTuple

from sagadsl.diagnostics import Finding, Rule
from sagadsl.model import Step, Transition

TOO_MANY_STEPS = Rule("SAGA207", "too-many-steps")
MOST_STEPS = 20_000

Round = tuple[int, ...]
Place = tuple[str, Round]


class _Loop(NamedTuple):
    """States that lie on common cycles, and the bounded rows among them."""

    states: frozenset[str]
    limits: dict[str, int]

    def rounds(self) -> Iterator[Round]:
        return product(*(range(limit + 1) for limit in self.limits.values()))

    @property
    def first(self) -> Round:
        return (0,) * len(self.limits)

    def next(self, action: str, round_: Round) -> Round | None:
        """The round that a row leads to; none if its bound is used up."""
        if action not in self.limits:
            return round_
        at = list(self.limits).index(action)
        if round_[at] == self.limits[action]:
            return None
        return (*round_[:at], round_[at] + 1, *round_[at + 1 :])


class _Copy(NamedTuple):
    """A row in one round."""

    row: Transition
    round: Round
    sources: tuple[tuple[Place, ...], ...]
    targets: tuple[Place, ...]
    otherwise: tuple[Place, ...]


def body(row: Transition, rows: Iterable[Transition]) -> frozenset[str]:
    """The states on cycles through a row: none if it does not lead back."""
    forward: dict[str, set[str]] = {}
    backward: dict[str, set[str]] = {}
    for other in rows:
        for source in _sources(other):
            for target in (*other.targets, *other.otherwise):
                forward.setdefault(source, set()).add(target)
                backward.setdefault(target, set()).add(source)
    after = _closure((*row.targets, *row.otherwise), forward)
    return after & _closure(_sources(row), backward)


def check_size(rows: Mapping[str, Transition]) -> Finding | None:
    """That the rounds of all loops together are not too many to number."""
    total = 0
    loops = _loops(rows)
    for row in rows.values():
        loop = _loop_of(row, loops)
        total += prod(n + 1 for n in loop.limits.values()) if loop else 1
        if total > MOST_STEPS:
            span = row.limit_span or row.span
            return TOO_MANY_STEPS.finding(
                f"the saga has more than {MOST_STEPS} steps",
                span,
                "the limit is passed here",
                why="each round of a loop has steps of its own, each with its bit",
                help="lower the bound of the loop, or split the saga",
            )
    return None


def unroll(
    states: Iterable[str], rows: Mapping[str, Transition], initial: Iterable[str]
) -> tuple[dict[str, str], tuple[Step, ...]]:
    """The states of all rounds, each with its declared one, and the steps."""
    loops = _loops(rows)
    if not loops:
        plain = tuple(
            Step(r.action, "", r.sources, r.targets, r.otherwise, r)
            for r in rows.values()
        )
        return {state: state for state in states}, plain
    copies = [copy for row in rows.values() for copy in _copies(row, loops)]
    start = {
        (state, next((loop.first for loop in loops if state in loop.states), ()))
        for state in initial
    }
    reached = _reach(copies, start)
    names = _place_names(states, reached, loops)
    steps = tuple(_steps(_live(copies, reached), names))
    return {name: state for (state, _), name in names.items()}, steps


def _sources(row: Transition) -> tuple[str, ...]:
    return tuple(state for group in row.sources for state in group)


def _closure(start: Iterable[str], edges: Mapping[str, set[str]]) -> frozenset[str]:
    seen = set(start)
    stack = list(seen)
    while stack:
        for state in edges.get(stack.pop(), ()):
            if state not in seen:
                seen.add(state)
                stack.append(state)
    return frozenset(seen)


def _loops(rows: Mapping[str, Transition]) -> list[_Loop]:
    loops: dict[frozenset[str], dict[str, int]] = {}
    for row in rows.values():
        if row.limit:
            states = next(
                (
                    s
                    for s in loops
                    if not s.isdisjoint(_sources(row))
                    and not s.isdisjoint((*row.targets, *row.otherwise))
                ),
                None,
            ) or body(row, rows.values())
            if states:
                loops.setdefault(states, {})[row.action] = row.limit
    return [_Loop(states, limits) for states, limits in loops.items()]


def _loop_of(row: Transition, loops: Iterable[_Loop]) -> _Loop | None:
    """The loop in whose body a row lies."""
    for loop in loops:
        inside = loop.states.intersection
        if inside(_sources(row)) and inside((*row.targets, *row.otherwise)):
            return loop
    return None


def _copies(row: Transition, loops: list[_Loop]) -> Iterator[_Copy]:
    own = _loop_of(row, loops)

    def place(state: str, rounds: Mapping[int, Round]) -> Place:
        for i, loop in enumerate(loops):
            if state in loop.states:
                return state, rounds.get(i, loop.first)
        return state, ()

    for round_ in own.rounds() if own else [()]:
        reached = own.next(row.action, round_) if own else ()
        if reached is None:
            continue
        sources: list[tuple[Place, ...]] = []
        for group in row.sources:
            through = [i for i, loop in enumerate(loops) if loop.states & set(group)]
            fixed = own is not None and loops.index(own) in through
            if own and not fixed and round_ != own.first:
                continue
            choices = [
                [round_] if loops[i] is own else list(loops[i].rounds())
                for i in through
            ]
            for choice in product(*choices):
                at = dict(zip(through, choice, strict=True))
                sources.append(tuple(place(state, at) for state in group))
        at = {loops.index(own): reached} if own else {}
        yield _Copy(
            row,
            round_,
            tuple(sources),
            tuple(place(state, at) for state in row.targets),
            tuple(place(state, at) for state in row.otherwise),
        )


def _reach(copies: list[_Copy], start: set[Place]) -> set[Place]:
    reached = set(start)
    waiting: dict[Place, list[tuple[_Copy, tuple[Place, ...]]]] = {}
    stack = list(reached)
    for copy in copies:
        for group in copy.sources:
            for place in group:
                waiting.setdefault(place, []).append((copy, group))
    while stack:
        for copy, group in waiting.get(stack.pop(), ()):
            if reached.issuperset(group):
                for place in (*copy.targets, *copy.otherwise):
                    if place not in reached:
                        reached.add(place)
                        stack.append(place)
    return reached


def _live(copies: list[_Copy], reached: set[Place]) -> list[_Copy]:
    """The copies that can happen; of a row that cannot at all, its first."""
    live: dict[str, list[_Copy]] = {}
    for copy in copies:
        groups = tuple(group for group in copy.sources if reached.issuperset(group))
        rounds = live.setdefault(copy.row.action, [])
        if groups:
            rounds.append(copy._replace(sources=groups))
    for copy in copies:
        if not live[copy.row.action]:
            few = copy.sources[: len(copy.row.sources)]
            live[copy.row.action].append(copy._replace(sources=few))
    return [copy for rounds in live.values() for copy in rounds]


def _place_names(
    states: Iterable[str], reached: set[Place], loops: list[_Loop]
) -> dict[Place, str]:
    names: dict[Place, str] = {}
    for state in states:
        loop = next((loop for loop in loops if state in loop.states), None)
        every = loop.rounds() if loop else [()]
        rounds = [r for r in every if (state, r) in reached] or [
            loop.first if loop else ()
        ]
        for round_ in rounds:
            names[state, round_] = _joined(state, _suffix(round_, rounds))
    return names


def _steps(copies: list[_Copy], names: Mapping[Place, str]) -> Iterator[Step]:
    def named(places: Iterable[Place]) -> tuple[str, ...]:
        return tuple(names.get(place, place[0]) for place in places)

    rounds: dict[str, list[Round]] = {}
    for copy in copies:
        rounds.setdefault(copy.row.action, []).append(copy.round)
    for copy in copies:
        action = copy.row.action
        suffix = _suffix(copy.round, rounds[action])
        yield Step(
            _joined(action, suffix),
            suffix,
            tuple(dict.fromkeys(named(group) for group in copy.sources)),
            named(copy.targets),
            named(copy.otherwise),
            copy.row,
        )


def _suffix(round_: Round, rounds: list[Round]) -> str:
    """How a round is told apart: counted from 1, and trailing ones left out.

    So the first has no suffix, and one more bounded row renames nothing.
    """
    first = [min(counts) for counts in zip(*rounds, strict=True)]
    counts = [n - least + 1 for n, least in zip(round_, first, strict=True)]
    while counts and counts[-1] == 1:
        counts.pop()
    return "_".join(map(str, counts))


def _joined(name: str, suffix: str) -> str:
    return f"{name}_{suffix}" if suffix else name
