"""Random nets: rows that lead from earlier states to later ones, and a few loops."""

from __future__ import annotations

import json
from collections.abc import Iterable
from random import Random
from typing import NamedTuple

WORDS = """
placed paid packed shipped once order select match probe final initial fail after undo
s_1 type a0 up case x
---
pay pack ship call_off confirm retry timeout saga doubt exec print to by no list table
group pivot even z_9 grant
"""
STATES, ACTIONS = (part.split() for part in WORDS.split("---"))
ACTORS = ("user", "ops", "courier", "states", "by")
DOCS = (
    "plain words",
    "",
    'quotes " and \'\'\' and """',
    "a backslash \\ and \\n and \\",
    "{{ 7 * 7 }} {% raw %} ${HOME} #{x}",
    "*/ --> <script>alert(1)</script> &amp; ]]>",
    "a\ttab, a\nline, ünï códe, 漢字, 🙂",
    "'; DROP TABLE saga; --",
    "%s {0} `tick` |pipe| # no comment",
)
UNITS = ("second", "minutes", "hour", "days")


def likely(rng: Random, chance: float) -> bool:
    """Whether something is there; the least draw, to which all shrinks, says no."""
    return rng.random() >= 1 - chance


class Role(NamedTuple):
    """What is decided of an action before its row is written."""

    performed: bool
    can_fail: bool
    pivot: bool
    undone: bool


def role_of(rng: Random) -> Role:
    """Only what is performed can fail, and no pivot is undone."""
    performed = likely(rng, 0.7)
    pivot = likely(rng, 0.1)
    return Role(
        performed,
        performed and likely(rng, 0.75),
        pivot,
        not pivot and likely(rng, 0.5),
    )


class Net:
    """The rows so far; every row leads from earlier states to later ones."""

    def __init__(self, rng: Random, size: int) -> None:
        self.rng = rng
        self.roles: dict[str, Role] = {}
        self.names = rng.sample(STATES, len(STATES))
        self.states = [self.names.pop()]
        self.free = [0]
        self.parents: list[set[int]] = [set()]
        self.rows: list[str] = []
        self.cost = 0
        for action in rng.sample(ACTIONS, len(ACTIONS))[:size]:
            if self.cost < size and len(self.names) > 4:
                self.roles[action] = role_of(rng)
                self._add(action, size - self.cost)

    def _add(self, action: str, left: int) -> None:
        sources = self._sources()
        used = {state for group in sources for state in group}
        looped = self._loop(action, used) if left > 2 else ""
        if looped:
            self.rows.append(looped)
            return
        targets = self._targets(used)
        fails_on = self.roles[action].can_fail and likely(self.rng, 0.5)
        otherwise = self._targets(used, most=1) if fails_on else []
        line = " | ".join(self._joined(group) for group in sources)
        line += f" -> {self._joined(targets)}"
        line += f" else {self._joined(otherwise)}" if otherwise else ""
        self.rows.append(f"{line} : {action}{self._trigger()}{doc(self.rng)}")
        self.free = [s for s in self.free if s not in used]
        self.cost += 1

    def _joined(self, states: Iterable[int]) -> str:
        return " & ".join(self.states[state] for state in states)

    def _sources(self) -> list[list[int]]:
        """Mostly one free state; else a join, a choice or alternatives."""
        rng = self.rng
        first = rng.choice(self.free) if self.free else self._any()
        if likely(rng, 0.2):
            first = self._any()
        groups = [[first]]
        if likely(rng, 0.35) and len(self.free) > 1:
            groups[0] = sorted({first, rng.choice(self.free)})
        while likely(rng, 0.2) and len(groups) < 3:
            relatives = [
                other
                for other in range(len(self.states))
                if other in self._before(first) or first in self._before(other)
            ]
            pool = relatives if relatives and likely(rng, 0.7) else [self._any()]
            group = [rng.choice(pool)]
            if likely(rng, 0.2):
                group = sorted({*group, self._any()})
            if group not in groups:
                groups.append(group)
        return groups

    def _any(self) -> int:
        return self.rng.randrange(len(self.states))

    def _before(self, state: int) -> set[int]:
        found: set[int] = set()
        reached = [state]
        while reached:
            new = self.parents[reached.pop()] - found
            found |= new
            reached.extend(new)
        return found

    def _targets(self, used: set[int], most: int = 3) -> list[int]:
        rng = self.rng
        targets: set[int] = set()
        for _ in range(rng.choice((1, 1, 1, 2, 2, 3)[: most * 2])):
            later = range(max(used) + 1, len(self.states))
            if later and likely(rng, 0.25):
                target = rng.choice(later)
            else:
                target = len(self.states)
                self.states.append(self.names.pop())
                self.parents.append(set())
                self.free.append(target)
            self.parents[target] |= used
            targets.add(target)
        return rng.sample(sorted(targets), len(targets))

    def _loop(self, action: str, used: set[int]) -> str:
        """A bounded row that leads from a state back to one that led to it."""
        if len(used) > 1 or not likely(self.rng, 0.2):
            return ""
        (source,) = used
        near = sorted(self.parents[source])
        if not near or (len(self.parents) > 5 and likely(self.rng, 0.5)):
            return ""
        limit = self.rng.choice((1, 1, 2))
        self.cost += 1 + 2 * limit
        back = self.states[self.rng.choice(near)]
        trigger = self._trigger()
        return (
            f"{self.states[source]} -> {back} : {action}{trigger} up to {limit} times"
        )

    def _trigger(self) -> str:
        rng = self.rng
        match rng.choice(("", "", "actors", "actors", "system", "system", "timer")):
            case "actors":
                actors = rng.sample(ACTORS, rng.choice((1, 1, 2)))
                return f" by {' | '.join(actors)}"
            case "system":
                return " by system"
            case "timer":
                return f" after {duration(rng)}"
        return ""


def duration(rng: Random) -> str:
    return f"{rng.randint(1, 90)} {rng.choice(UNITS)}"


def doc(rng: Random) -> str:
    if not likely(rng, 0.2):
        return ""
    return " " + json.dumps(rng.choice(DOCS), ensure_ascii=likely(rng, 0.5))
