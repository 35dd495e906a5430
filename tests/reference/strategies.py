"""Whole random sagas as text: they parse and resolve, and their steps have no cycle.

One writer serves bulk runs, with a seeded `Random`, and Hypothesis, with one of its own
that can be shrunk.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from random import Random
from typing import NamedTuple

from hypothesis import strategies as st

STATES = [
    "placed",
    "paid",
    "packed",
    "shipped",
    "once",
    "order",
    "select",
    "match",
    "probe",
    "final",
    "initial",
    "fail",
    "after",
    "undo",
    "s_1",
    "type",
    "a0",
    "up",
    "case",
    "x",
]
ACTIONS = [
    "pay",
    "pack",
    "ship",
    "call_off",
    "confirm",
    "retry",
    "timeout",
    "saga",
    "doubt",
    "exec",
    "print",
    "to",
    "by",
    "no",
    "list",
    "table",
    "group",
    "pivot",
    "even",
    "z_9",
    "grant",
]
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
NOISE = ('"', "{", "}", "->", "&", "|", "\x00", "é", ":", "up to", "\\", "\n", "9" * 40)


def _likely(rng: Random, chance: float) -> bool:
    """Whether something is there; the least draw, to which all shrinks, says no."""
    return rng.random() >= 1 - chance


class _Role(NamedTuple):
    """What is decided of an action before its row is written."""

    performed: bool
    can_fail: bool
    pivot: bool
    undone: bool


def _role(rng: Random) -> _Role:
    """Only what is performed can fail, and no pivot is undone."""
    performed = _likely(rng, 0.7)
    pivot = _likely(rng, 0.1)
    return _Role(
        performed,
        performed and _likely(rng, 0.75),
        pivot,
        not pivot and _likely(rng, 0.5),
    )


class _Net:
    """The rows so far; every row leads from earlier states to later ones."""

    def __init__(self, rng: Random, size: int) -> None:
        self.rng = rng
        self.roles: dict[str, _Role] = {}
        self.names = rng.sample(STATES, len(STATES))
        self.states = [self.names.pop()]
        self.free = [0]
        self.parents: list[set[int]] = [set()]
        self.rows: list[str] = []
        self.cost = 0
        for action in rng.sample(ACTIONS, len(ACTIONS))[:size]:
            if self.cost < size and len(self.names) > 4:
                self.roles[action] = _role(rng)
                self._add(action, size - self.cost)

    def _add(self, action: str, left: int) -> None:
        sources = self._sources()
        used = {state for group in sources for state in group}
        looped = self._loop(action, used) if left > 2 else ""
        if looped:
            self.rows.append(looped)
            return
        targets = self._targets(used)
        fails_on = self.roles[action].can_fail and _likely(self.rng, 0.5)
        otherwise = self._targets(used, most=1) if fails_on else []
        line = " | ".join(self._joined(group) for group in sources)
        line += f" -> {self._joined(targets)}"
        line += f" else {self._joined(otherwise)}" if otherwise else ""
        self.rows.append(f"{line} : {action}{self._trigger()}{_doc(self.rng)}")
        self.free = [s for s in self.free if s not in used]
        self.cost += 1

    def _joined(self, states: Iterable[int]) -> str:
        return " & ".join(self.states[state] for state in states)

    def _sources(self) -> list[list[int]]:
        """Mostly one free state; else a join, a choice or alternatives."""
        rng = self.rng
        first = rng.choice(self.free) if self.free else self._any()
        if _likely(rng, 0.2):
            first = self._any()
        groups = [[first]]
        if _likely(rng, 0.35) and len(self.free) > 1:
            groups[0] = sorted({first, rng.choice(self.free)})
        while _likely(rng, 0.2) and len(groups) < 3:
            relatives = [
                other
                for other in range(len(self.states))
                if other in self._before(first) or first in self._before(other)
            ]
            pool = relatives if relatives and _likely(rng, 0.7) else [self._any()]
            group = [rng.choice(pool)]
            if _likely(rng, 0.2):
                group = sorted({*group, self._any()})
            if group not in groups:
                groups.append(group)
        return groups

    def _any(self) -> int:
        return self.rng.randrange(len(self.states))

    def _before(self, state: int) -> set[int]:
        found: set[int] = set()
        todo = [state]
        while todo:
            new = self.parents[todo.pop()] - found
            found |= new
            todo.extend(new)
        return found

    def _targets(self, used: set[int], most: int = 3) -> list[int]:
        rng = self.rng
        targets: set[int] = set()
        for _ in range(rng.choice((1, 1, 1, 2, 2, 3)[: most * 2])):
            later = range(max(used) + 1, len(self.states))
            if later and _likely(rng, 0.25):
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
        if len(used) > 1 or not _likely(self.rng, 0.2):
            return ""
        (source,) = used
        near = sorted(self.parents[source])
        if not near or (len(self.parents) > 5 and _likely(self.rng, 0.5)):
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
                return f" after {_duration(rng)}"
        return ""


def write_saga(rng: Random, most_steps: int = 7) -> str:
    """A saga of about so many steps: the text of `random.saga`."""
    net = _Net(rng, rng.randint(1, most_steps))
    actions = list(net.roles)
    pairs = {a: f"undo_{a}" for a, role in net.roles.items() if role.undone}
    if len(pairs) > 1 and _likely(rng, 0.1):
        pairs = dict.fromkeys(pairs, next(iter(pairs.values())))
    how = [_forward(rng, a, role) for a, role in net.roles.items()]
    how += [_backward(rng, undo) for undo in sorted({*pairs.values()})]
    performed = [line for line in how if line]
    rng.shuffle(performed)
    parts = ["aggregate random_id"]
    if _likely(rng, 0.3):
        parts.append(f"expires after {_duration(rng)}")
    if _likely(rng, 0.3):
        parts.append(f"remember for {_duration(rng)}")
    if _likely(rng, 0.4):
        parts.append("abort give_up" + rng.choice(("", " by user", " by user | ops")))
    sections = {
        "states": _states(rng, net),
        "transitions": net.rows,
        "compensations": [f"{a} : {undo}" for a, undo in pairs.items()],
        "actions": performed,
        "properties": _properties(rng, net.states, actions),
        "scenarios": _scenarios(rng, net.states, actions),
    }
    parts += [_block(word, lines) for word, lines in sections.items() if lines]
    if _likely(rng, 0.2):
        rng.shuffle(parts)
    text = f"saga random{_doc(rng)} {{\n" + "\n".join(parts) + "\n}\n"
    return text.replace("\n", "\r\n") if _likely(rng, 0.05) else text


def _block(word: str, lines: Sequence[str]) -> str:
    return f"{word} {{\n    " + "\n    ".join(lines) + "\n}"


def _states(rng: Random, net: _Net) -> list[str]:
    """Most states that lead nowhere are final, a few others too."""
    lines = []
    for i, name in enumerate(net.states):
        final = _likely(rng, 0.85 if i in net.free and i else 0.04)
        word = rng.choice(("final ", "final ", "final failure ")) if final else ""
        lines.append(("initial " if i == 0 else word) + name + _doc(rng))
    return lines


def _forward(rng: Random, name: str, role: _Role) -> str:
    """How the action of a row is performed; empty if nothing is said of it."""
    clauses = _performed(rng, name, can_fail=role.can_fail) if role.performed else []
    if role.pivot:
        clauses.append("pivot")
    elif _likely(rng, 0.05 if role.undone else 0.3):
        clauses.append("no undo")
    return f"{name} : {', '.join(clauses)}{_doc(rng)}" if clauses else ""


def _backward(rng: Random, name: str) -> str:
    """How a compensation is performed."""
    clauses = _performed(rng, name, can_fail=_likely(rng, 0.5))
    if _likely(rng, 0.4):
        clauses.append("even if in doubt")
    return f"{name} : {', '.join(clauses)}{_doc(rng)}"


def _performed(rng: Random, name: str, *, can_fail: bool) -> list[str]:
    clauses = ["idempotent"]
    if _likely(rng, 0.5):
        clauses = ["once", rng.choice((f"probe ask_{name}", "in doubt park"))]
    if not can_fail:
        clauses.append("cannot fail")
    elif _likely(rng, 0.3):
        every = f" every {_duration(rng)}" if _likely(rng, 0.5) else ""
        up_to = f" up to {_duration(rng)}" if every and _likely(rng, 0.5) else ""
        clauses.append(f"retry {rng.randint(1, 9)} times{every}{up_to}")
    if _likely(rng, 0.2):
        clauses.append(f"timeout {_duration(rng)}")
    return clauses


def _properties(rng: Random, states: list[str], actions: list[str]) -> list[str]:
    lines = (
        f"{rng.choice(actions)} needs {rng.choice(actions)}",
        f"never {rng.choice(actions)} with {rng.choice(actions)}",
        f"from {rng.choice(states)} always {rng.choice(states)} or compensated",
    )
    return [line for line in lines if _likely(rng, 0.1)]


def _scenarios(rng: Random, states: list[str], actions: list[str]) -> list[str]:
    moves = [rng.choice(actions) + rng.choice(("", " fails")) for _ in range(3)]
    result = rng.choice((*states, "refused", "compensated", "expired"))
    line = f'"an example" : {", ".join(moves)} => {result}'
    return [line] if _likely(rng, 0.15) else []


def _duration(rng: Random) -> str:
    return f"{rng.randint(1, 90)} {rng.choice(UNITS)}"


def _doc(rng: Random) -> str:
    if not _likely(rng, 0.2):
        return ""
    return " " + json.dumps(rng.choice(DOCS), ensure_ascii=_likely(rng, 0.5))


def mutate(rng: Random, text: str) -> str:
    """The text with a few slips of the pen, or of a hostile hand."""
    for _ in range(rng.randint(1, 4)):
        at = rng.randint(0, len(text))
        to = min(len(text), at + rng.randint(0, 30))
        match rng.randrange(4):
            case 0:
                text = text[:at] + text[to:]
            case 1:
                text = text[:at] + rng.choice(NOISE) + text[at:]
            case 2:
                text = text[:to] + text[at:to] + text[to:]
            case _:
                words = text.split(" ")
                words[rng.randrange(len(words))] = rng.choice(words)
                text = " ".join(words)
    return text


def sagas(most_steps: int = 7) -> st.SearchStrategy[str]:
    """Texts that parse and resolve."""
    randoms = st.randoms(use_true_random=False)
    return randoms.map(lambda rng: write_saga(rng, most_steps))


def broken_sagas() -> st.SearchStrategy[str]:
    """Texts that are nearly sagas."""
    randoms = st.randoms(use_true_random=False)
    return randoms.map(lambda rng: mutate(rng, write_saga(rng)))
