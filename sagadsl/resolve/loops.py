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
from sagadsl.graph import flow_of, knots, reach
from sagadsl.model import Step, Transition

TOO_MANY_STEPS = Rule("SAGA207", "too-many-steps")
MOST_STEPS = 20_000

Round = tuple[int, ...]
Place = tuple[str, Round]


class _Loop(NamedTuple):
    """A body, by its number, and the bounded rows in it with their bounds."""

    number: int
    limits: dict[str, int]

    def rounds(self) -> Iterator[Round]:
        return product(*(range(limit + 1) for limit in self.limits.values()))

    @property
    def first(self) -> Round:
        return (0,) * len(self.limits)

    @property
    def size(self) -> int:
        """How many rounds there are."""
        return prod(limit + 1 for limit in self.limits.values())

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


def check_size(rows: Mapping[str, Transition]) -> Finding | None:
    """That the rounds of all loops together are not too many to number."""
    total = 0
    loops = _loops(rows)
    for row in rows.values():
        own = _loop_of(row, loops)
        # A row out of loops is one step, which can begin from any of their rounds.
        ways = sum(
            prod(loop.size for loop in _through(group, loops) if loop is not own)
            for group in row.sources
        )
        total += ways * own.size if own else ways
        if total > MOST_STEPS:
            bounds = [rows[name] for loop in loops.values() for name in loop.limits]
            most = max(bounds, key=lambda row: row.limit, default=row)
            return TOO_MANY_STEPS.finding(
                f"the saga has more than {MOST_STEPS} steps",
                most.limit_span or most.span,
                "the largest bound" if bounds else "the limit is passed here",
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
    start = {_first_place(state, loops) for state in initial}
    moves = ((copy.sources, (*copy.targets, *copy.otherwise)) for copy in copies)
    reached = reach(start, moves)
    names = _place_names(states, reached, loops)
    steps = tuple(_steps(_live(copies, reached, loops), names))
    return {name: state for (state, _), name in names.items()}, steps


def _sources(row: Transition) -> tuple[str, ...]:
    return tuple(state for group in row.sources for state in group)


def _loops(rows: Mapping[str, Transition]) -> dict[str, _Loop]:
    """For each state in the body of a loop, that loop."""
    loops: dict[str, _Loop] = {}
    if not any(row.limit for row in rows.values()):
        return loops
    flow = flow_of(rows.values())
    for number, knot in enumerate(sorted(knots(flow.edges))):
        within = [flow.rows[node] for node in knot if node < len(flow.rows)]
        bounded = sorted((row.action, row.limit) for row in within if row.limit)
        limits = dict(bounded)  # by name: the order of rows means nothing
        if limits:
            loop = _Loop(number, limits)
            for node in knot[len(within) :]:
                loops[flow.state(node)] = loop
    return loops


def _loop_of(row: Transition, loops: Mapping[str, _Loop]) -> _Loop | None:
    """The loop in whose body a row lies."""
    around = {loop.number for loop in _through(_sources(row), loops)}
    for loop in _through((*row.targets, *row.otherwise), loops):
        if loop.number in around:
            return loop
    return None


def _through(states: Iterable[str], loops: Mapping[str, _Loop]) -> list[_Loop]:
    """The loops in whose bodies states lie, in order."""
    found = {loops[state].number: loops[state] for state in states if state in loops}
    return [found[number] for number in sorted(found)]


def _first_place(state: str, loops: Mapping[str, _Loop]) -> Place:
    return state, loops[state].first if state in loops else ()


def _copies(row: Transition, loops: Mapping[str, _Loop]) -> Iterator[_Copy]:
    own = _loop_of(row, loops)

    def place(state: str, rounds: Mapping[int, Round]) -> Place:
        if state in loops and loops[state].number in rounds:
            return state, rounds[loops[state].number]
        return _first_place(state, loops)

    for round_ in own.rounds() if own else [()]:
        reached = own.next(row.action, round_) if own else ()
        if reached is None:
            continue
        sources: list[tuple[Place, ...]] = []
        for group in row.sources:
            through = _through(group, loops)
            if own and own not in through and round_ != own.first:
                continue
            choices = [[round_] if loop is own else loop.rounds() for loop in through]
            for choice in product(*choices):
                at = {n.number: r for n, r in zip(through, choice, strict=True)}
                sources.append(tuple(place(state, at) for state in group))
        at = {own.number: reached} if own else {}
        yield _Copy(
            row,
            round_,
            tuple(sources),
            tuple(place(state, at) for state in row.targets),
            tuple(place(state, at) for state in row.otherwise),
        )


def _live(
    copies: list[_Copy], reached: set[Place], loops: Mapping[str, _Loop]
) -> list[_Copy]:
    """The copies that can happen; of a row that cannot at all, its first."""
    live: dict[str, list[_Copy]] = {}
    for copy in copies:
        groups = tuple(group for group in copy.sources if reached.issuperset(group))
        rounds = live.setdefault(copy.row.action, [])
        if groups:
            rounds.append(copy._replace(sources=groups))
    for copy in copies:
        if not live[copy.row.action]:
            first = (
                tuple(_first_place(state, loops) for state in group)
                for group in copy.row.sources
            )
            live[copy.row.action].append(copy._replace(sources=tuple(first)))
    return [copy for rounds in live.values() for copy in rounds]


def _place_names(
    states: Iterable[str], reached: set[Place], loops: Mapping[str, _Loop]
) -> dict[Place, str]:
    names: dict[Place, str] = {}
    for state in states:
        loop = loops.get(state)
        every = loop.rounds() if loop else [()]
        rounds = [r for r in every if (state, r) in reached] or [
            loop.first if loop else ()
        ]
        for round_ in rounds:
            names[state, round_] = _joined(state, _suffix(round_))
    return names


def _steps(copies: list[_Copy], names: Mapping[Place, str]) -> Iterator[Step]:
    def named(places: Iterable[Place]) -> tuple[str, ...]:
        return tuple(names.get(place, place[0]) for place in places)

    for copy in copies:
        suffix = _suffix(copy.round)
        yield Step(
            _joined(copy.row.action, suffix),
            suffix,
            tuple(dict.fromkeys(named(group) for group in copy.sources)),
            named(copy.targets),
            named(copy.otherwise),
            copy.row,
        )


def _suffix(round_: Round) -> str:
    """How a round is told apart: counted from 1, and trailing ones left out.

    The bounded rows of a loop are counted in the order of their names, so one more
    whose name comes last renames nothing. Nor does another way into the loop: a round
    has its number even where it is the first that can be reached.
    """
    counts = [n + 1 for n in round_]
    while counts and counts[-1] == 1:
        counts.pop()
    return "_".join(map(str, counts))


def _joined(name: str, suffix: str) -> str:
    return f"{name}_{suffix}" if suffix else name
