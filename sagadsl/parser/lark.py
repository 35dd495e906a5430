"""The only module that knows Lark: the grammar's terminals, its tables, its stack."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from lark import Lark
from lark.lexer import Lexer
from lark.parsers.lalr_analysis import Shift

from sagadsl import resources
from sagadsl.parser.tokens import END, Token

_NAME_RULES = frozenset(("name", "bare", "head_name", "key"))


class _Keep:
    """Keeps terminals that no rule names: they are for the parser's own eyes."""

    always_accept = ("COMMENT", "OPEN_STRING", "STRAY")

    def process(self, stream: Iterator[Any]) -> Iterator[Any]:
        return stream


class _Unused(Lexer):
    """Stands where Lark wants a lexer: `Grammar.scan` is three times as fast."""

    __future_interface__ = True

    def __init__(self, _conf: object) -> None: ...

    def lex(self, *_: object) -> Iterator[Any]:
        return iter(())


def load(
    builder: object, *, lexer: type[Lexer] | str = _Unused, strict: bool = False
) -> Lark:
    """Lark with the grammar and a builder's methods for its rules."""
    return Lark(
        (resources.folder("grammar") / "saga.lark").read_text(encoding="utf-8"),
        start="saga",
        parser="lalr",
        lexer=lexer,
        postlex=_Keep(),
        keep_all_tokens=True,
        maybe_placeholders=False,
        transformer=builder,
        strict=strict,
    )


class Reduce(NamedTuple):
    """What a table says of a rule that is complete; no `make` keeps its one value."""

    size: int
    rule: str
    make: Callable[[list[Any]], Any] | None


Table = dict[Any, dict[str, Any]]
"""For each state and kind of symbol: the state to go to, or a `Reduce`."""


class Grammar:
    """The loaded grammar: it scans texts and starts parsers."""

    def __init__(self, builder: object) -> None:
        lark = load(builder)
        patterns: list[str] = []
        self._words: dict[str, str] = {}
        for terminal in sorted(
            lark.terminals, key=lambda t: (-t.priority, t.pattern.type == "re")
        ):
            value = terminal.pattern.value
            if terminal.pattern.type == "str" and value.isalpha():
                self._words[value] = terminal.name
            else:
                regexp = terminal.pattern.to_regexp()
                patterns.append(f"(?P<{terminal.name}>{regexp})")
        self._pattern = re.compile("|".join(patterns))
        self._ignored = frozenset(lark.ignore_tokens)
        conf = lark.parse_interactive("").parser_state.parse_conf
        self._table: Table = {
            state: {
                kind: arg if action is Shift else _reduce(arg, conf.callbacks)
                for kind, (action, arg) in choices.items()
            }
            for state, choices in conf.states.items()
        }
        self._ends = conf.start_state, conf.end_state

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


def _reduce(rule: Any, callbacks: Any) -> Reduce:
    keeps = rule.options.expand1 and len(rule.expansion) == 1
    make = None if keeps else callbacks[rule]
    return Reduce(len(rule.expansion), str(rule.origin.name), make)


class Push:
    """A parser that takes one token at a time and can give up a part of its stack.

    `result` is what the whole text gave, once the end of the file was taken.
    """

    result: Any = None

    def __init__(self, table: Table, start: Any, end: Any) -> None:
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
            if type(entry) is not Reduce:
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
            states.append(table[states[-1]][rule])
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

    def _says_more(self, kind: str) -> bool:
        states = self._shifted(self._before, kind)
        if states is None or kind in ("NAME", END):
            return states is not None
        return any(
            type(entry) is not Reduce or entry.rule not in _NAME_RULES
            for entry in self._table[states[-1]].values()
        )

    def _shifted(self, states: list[Any], kind: str) -> list[Any] | None:
        """The stack of states after a token of this kind; none if it may not come."""
        states = states[:]
        while (entry := self._table[states[-1]].get(kind)) is not None:
            if type(entry) is not Reduce:
                return [*states, entry]
            if entry.size:
                del states[-entry.size :]
            states.append(self._table[states[-1]][entry.rule])
            if states[-1] == self._end:
                return states
        return None
