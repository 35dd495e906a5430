"""The scanner and the LALR parser that the tables drive, one token at a time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from sagadsl.parser.tables import Rule, Tables
from sagadsl.parser.tokens import END, Token

_NAME_RULES = frozenset(("name", "bare", "head_name", "key"))


class Reduce(NamedTuple):
    """What a table says of a rule that is complete; no `make` keeps its one value."""

    size: int
    rule: str
    make: Callable[[list[Any]], Any] | None


Table = list[dict[str, int | Reduce]]


class Grammar:
    """The language: scans texts and starts parsers, which build with a builder."""

    def __init__(self, tables: Tables, builder: object) -> None:
        self._words = tables.words
        self._pattern = re.compile(tables.pattern)
        self._ignored = frozenset(tables.ignored)
        rules = [
            Reduce(rule.size, rule.name, _maker(rule, builder)) for rule in tables.rules
        ]
        self._table: Table = [
            {kind: rules[~to] if to < 0 else to for kind, to in state.items()}
            for state in tables.states
        ]
        self._ends = tables.start, tables.end

    def scan(self, text: str) -> Iterator[Token]:
        """The tokens of a text, comments included; `STRAY` is what fits no other."""
        words, ignored = self._words, self._ignored
        for match in self._pattern.finditer(text):
            kind = match.lastgroup or ""
            if kind not in ignored:
                word = match[0]
                if kind == "NAME":
                    kind = words.get(word, kind)
                yield Token(kind, word, *match.span())

    def push(self) -> Push:
        """A parser at the start of a text."""
        return Push(self._table, *self._ends)


def _maker(rule: Rule, builder: object) -> Callable[[list[Any]], Any] | None:
    """How a rule's values become one: by the builder's method of its name."""
    if rule.passes:
        return None
    gather = _gatherer(rule.inlined)
    if rule.name.startswith("_"):
        return gather
    build: Callable[[list[Any]], Any] = getattr(builder, rule.name)
    return (lambda values: build(gather(values))) if rule.inlined else build


def _gatherer(inlined: list[int]) -> Callable[[list[Any]], list[Any]]:
    def gather(values: list[Any]) -> list[Any]:
        # A list that goes on is the first value; to copy it would take squared time.
        starts = inlined[:1] == [0]
        gathered: list[Any] = values[0] if starts else []
        for at in range(starts, len(values)):
            if at in inlined:
                gathered += values[at]
            else:
                gathered.append(values[at])
        return gathered

    return gather


class Push:
    """A parser that takes one token at a time and can give up a part of its stack.

    `result` is what the whole text gave, once the end of the file was taken.
    """

    result: Any = None

    def __init__(self, table: Table, start: int, end: int) -> None:
        self._table = table
        self._end = end
        self._states = self._before = [start]
        self._values: list[Any] = []

    def feed(self, token: Token) -> bool:
        """Takes a token, or gives false if it may not come."""
        table, kind = self._table, token.type
        values, states = self._values, self._states
        self._before = states[:]
        while (entry := table[states[-1]].get(kind)) is not None:
            if isinstance(entry, int):
                states.append(entry)
                values.append(token)
                return True
            size, rule, make = entry
            if make is None:
                del states[-1]
            elif size:
                values[-size:] = [make(values[-size:])]
                del states[-size:]
            else:
                values.append(make([]))
            states.append(self._goto(states, rule))
            if states[-1] == self._end:
                self.result = values[-1]
                return True
        return False

    def would_take(self, *kinds: str) -> bool:
        """Whether these kinds of token could have come instead of the last."""
        states = self._before
        for kind in kinds:
            shifted = self._shifted(states, kind)
            if shifted is None:
                return False
            states = shifted
        return True

    def expected(self) -> set[str]:
        """The kinds that could have come; a word that would be a mere name is none."""
        kinds = self._table[self._before[-1]]
        return {kind for kind in kinds if kind.isupper() and self._says_more(kind)}

    def give_up(self, *kinds: str) -> None:
        """Gives up what was begun, until one of these kinds may follow."""
        while len(self._states) > 1:
            if any(self._shifted(self._states, kind) for kind in kinds):
                return
            self._states.pop()
            self._values.pop()

    def _goto(self, states: list[int], rule: str) -> int:
        to = self._table[states[-1]][rule]
        assert isinstance(to, int)
        return to

    def _says_more(self, kind: str) -> bool:
        states = self._shifted(self._before, kind)
        if states is None or kind in ("NAME", END):
            return states is not None
        return any(
            isinstance(entry, int) or entry.rule not in _NAME_RULES
            for entry in self._table[states[-1]].values()
        )

    def _shifted(self, states: list[int], kind: str) -> list[int] | None:
        """The stack of states after a token of this kind; none if it may not come."""
        states = states[:]
        while (entry := self._table[states[-1]].get(kind)) is not None:
            if isinstance(entry, int):
                return [*states, entry]
            if entry.size:
                del states[-entry.size :]
            states.append(self._goto(states, entry.rule))
            if states[-1] == self._end:
                return states
        return None
