"""Where a record stands, told for the rows and states as they were declared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from sagadsl.machine import ABORTING, FINISHED, Kind, Machine, Record, Rule
from sagadsl.machine.plans import Plan
from sagadsl.model import Version


class Mark(StrEnum):
    """What a record says of a state or a step; nothing, if it has not come there.

    The last three are of two versions in one picture, where nothing means the same.

    A state that is held is `here`, or, if the process is being aborted, `stopped`: it
    has come no further, and nothing begins from there any more.
    """

    NONE = ""
    WAIVED = "waived"
    DONE = "done"
    UNDONE = "undone"
    FAILED = "failed"
    NEXT = "next"
    DOUBT = "in doubt"
    STOPPED = "stopped"
    HERE = "here"
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


DIFFERENCES = (Mark.ADDED, Mark.REMOVED, Mark.CHANGED)


class StepMark(NamedTuple):
    """What a record says of a declared row, or a comparison of two versions.

    `rounds` tells what became of which round, if the row has come to several. `ways`
    are the states that it began from or may begin from, `exits` those it led to.

    Of a row that has changed `was` tells what is not said of it any more, and `lines`
    which are new or gone: by their side, `in`, `out` or `else`, and their state.
    """

    mark: Mark = Mark.NONE
    rounds: tuple[str, ...] = ()
    ways: frozenset[str] = frozenset()
    exits: frozenset[str] = frozenset()
    undo_next: bool = False
    was: tuple[str, ...] = ()
    lines: Mapping[tuple[str, str], Mark] = MappingProxyType({})


class StateMark(NamedTuple):
    """What a record says of a declared state, and in which round it is held."""

    mark: Mark = Mark.NONE
    rounds: tuple[str, ...] = ()


class Standing(NamedTuple):
    """A record seen on the declared rows; `caption` sums it up."""

    caption: str
    states: Mapping[str, StateMark]
    steps: Mapping[str, StepMark]


_MOST_ROUNDS = 4
_MOST_NAMES = 6
# What is told of a row whose rounds differ: what is going on, else what came last.
_URGENT = (Mark.DOUBT, Mark.NEXT)


def stand(version: Version, record: Record) -> Standing:
    """See a record; one with bits that the version does not know is `Refused`."""
    machine = version.machine()
    events = machine.events(record)
    fresh = {e.step for e in events if e.kind is Kind.BEGIN}
    undoable = {e.step for e in events if e.kind is Kind.UNDO}
    copies = version.rows.copies
    plans: dict[str, list[Plan]] = {}
    for plan in machine.guards.plans:
        plans.setdefault(plan.rule.action, []).append(plan)
    steps: dict[str, StepMark] = {}
    for action, rounds in plans.items():
        marks = [_mark(record, plan, plan.rule.step in fresh) for plan in rounds]
        steps[action] = StepMark(
            _salient(marks),
            _rounds(rounds, marks),
            frozenset(_ways(record, rounds, fresh)),
            frozenset(copies.get(name, name) for name in _exits(record, rounds)),
            any(plan.rule.step in undoable for plan in rounds),
        )
    return Standing(_caption(machine, record), _states(machine, record), steps)


def _mark(record: Record, plan: Plan, fresh: bool) -> Mark:
    begun, done, closed = (bool(lane & plan.bit) for lane in record[:3])
    if fresh:
        return Mark.NEXT
    if done and not begun:
        return Mark.WAIVED
    if closed:
        in_doubt = plan.undo_in_doubt and record.control & ABORTING
        return Mark.UNDONE if done or in_doubt else Mark.FAILED
    if done:
        return Mark.DONE
    return Mark.DOUBT if begun else Mark.NONE


def _salient(marks: list[Mark]) -> Mark:
    told = [mark for mark in marks if mark]
    urgent = [mark for mark in _URGENT if mark in told]
    return next(iter(urgent), told[-1] if told else Mark.NONE)


def _rounds(rounds: list[Plan], marks: list[Mark]) -> tuple[str, ...]:
    """What became of each round; of many, of the last, and of the others together."""
    told = [
        (_round(plan.rule.round), mark)
        for plan, mark in zip(rounds, marks, strict=True)
        if mark
    ]
    if len(told) < _MOST_ROUNDS:
        return tuple(f"{name} {mark}" for name, mark in told) if told[1:] else ()
    *others, (name, last) = told
    counts = Counter(mark for _, mark in others).items()
    return (*(f"{n} rounds {mark}" for mark, n in counts), f"{name} {last}")


def _round(suffix: str) -> str:
    return f"round {suffix.replace('_', '.') or '1'}"


def _ways(
    record: Record, rounds: list[Plan], fresh: set[int | str | None]
) -> Iterator[str]:
    begun, done, closed, _ = record
    for plan in rounds:
        if (begun | done) & plan.bit or plan.rule.step in fresh:
            for alternative in plan.alternatives:
                rivals = alternative.rivals & (begun | done)
                if not rivals and alternative.reached(done, closed & ~done):
                    yield from (place.state for place in alternative.places)


def _exits(record: Record, rounds: list[Plan]) -> Iterator[str]:
    for plan in rounds:
        rule: Rule = plan.rule
        if record.done & plan.bit:
            yield from rule.targets
        elif record.closed & plan.bit:
            yield from rule.fallbacks


def held_as(record: Record) -> Mark:
    """What to call the states that a record holds.

    These are the same while it aborts, as the machine says; but nothing begins there.
    """
    return Mark.STOPPED if record.control & ABORTING else Mark.HERE


def _states(machine: Machine, record: Record) -> dict[str, StateMark]:
    _, done, closed, _ = record
    held = {place.name for place in machine.guards.held(record)}
    here = held_as(record)
    failed = closed & ~done
    rounds: dict[str, list[str]] = {}
    marks: dict[str, Mark] = {}
    for place in machine.guards.places:
        name = place.state
        marks.setdefault(name, Mark.NONE)
        if place.name in held:
            marks[name] = here
            suffix = place.name[len(name) + 1 :]
            rounds.setdefault(name, []).append(_round(suffix) if suffix else "")
        elif marks[name] in (Mark.NONE, Mark.UNDONE) and place.reached(done, failed):
            stands = place.reached(done & ~closed, failed)
            marks[name] = Mark.DONE if stands else Mark.UNDONE
    return {
        name: StateMark(mark, tuple(filter(None, rounds.get(name, ()))))
        for name, mark in marks.items()
    }


def _caption(machine: Machine, record: Record) -> str:
    begun, done, closed, control = record
    plans = machine.guards.plans
    held = listed(machine.standing(record))
    if control & FINISHED:
        return "finished: compensated" if control & ABORTING else f"finished in {held}"
    if control & ABORTING:
        return f"aborting{held and f' from {held}'}: what was done is being undone"
    if failed := closed & ~done & machine.guards.dead_ends:
        names = [plan.rule.action for plan in plans if plan.bit & failed]
        return f"{listed(names)} failed: to be aborted"
    doubt = [p.rule.action for p in plans if p.bit & begun & ~done & ~closed]
    parts = [f"now in {held}"] if held else []
    parts += [f"in doubt: {listed(doubt)}"] if doubt else []
    return "; ".join(parts)


def listed(names: Sequence[str]) -> str:
    """Names in a row, as in `a, b and c`, as many as a reader looks at."""
    if len(names) > _MOST_NAMES:
        names = [*names[: _MOST_NAMES - 1], f"{len(names) - _MOST_NAMES + 1} more"]
    *others, last = names or ("",)
    return f"{', '.join(others)} and {last}" if others else last
