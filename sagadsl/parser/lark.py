"""The only module that knows Lark, which makes the parser's tables of the grammar."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lark import Lark
from lark.parsers.lalr_analysis import Shift

from sagadsl.parser.tables import Rule, Tables


class _Keep:
    """Keeps terminals that no rule names: they are for the parser's own eyes."""

    always_accept = ("COMMENT", "OPEN_STRING", "STRAY")

    def process(self, stream: Iterator[Any]) -> Iterator[Any]:
        return stream


def load(grammar: str, *, strict: bool = False) -> Lark:
    """Lark with a grammar; if strict, any conflict is an error."""
    return Lark(
        grammar,
        start="saga",
        parser="lalr",
        lexer="basic",
        postlex=_Keep(),
        keep_all_tokens=True,
        maybe_placeholders=False,
        strict=strict,
    )


def make_tables(grammar: str) -> Tables:
    """The tables of a grammar."""
    lark = load(grammar)
    words: dict[str, str] = {}
    patterns: list[str] = []
    for terminal in sorted(
        lark.terminals, key=lambda t: (-t.priority, t.pattern.type == "re", t.name)
    ):
        value = terminal.pattern.value
        if terminal.pattern.type == "str" and value.isalpha():
            words[value] = terminal.name
        else:
            patterns.append(f"(?P<{terminal.name}>{terminal.pattern.to_regexp()})")
    conf = lark.parse_interactive("").parser_state.parse_conf
    rules = {rule: at for at, rule in enumerate(lark.rules)}
    order = _order(conf.states, conf.start_state)
    numbers = {state: at for at, state in enumerate(order)}
    states = [
        {
            kind: numbers[arg] if action is Shift else ~rules[arg]
            for kind, (action, arg) in sorted(conf.states[state].items())
        }
        for state in order
    ]
    return Tables(
        "|".join(patterns),
        words,
        list(lark.ignore_tokens),
        [_rule(rule) for rule in lark.rules],
        states,
        numbers[conf.start_state],
        numbers[conf.end_state],
    )


def _order(states: dict[Any, dict[str, Any]], start: Any) -> list[Any]:
    """The states as they are met from the start; Lark's own numbers vary."""
    order = {start: None}
    queue = [start]
    for state in queue:
        for _, (action, to) in sorted(states[state].items(), key=lambda item: item[0]):
            if action is Shift and to not in order:
                order[to] = None
                queue.append(to)
    return queue


def _rule(rule: Any) -> Rule:
    names = [(symbol.is_term, str(symbol.name)) for symbol in rule.expansion]
    inlined = [
        at for at, (is_term, name) in enumerate(names) if _is_list(is_term, name)
    ]
    passes = bool(rule.options.expand1) and len(names) == 1
    return Rule(str(rule.origin.name), len(names), inlined, passes)


def _is_list(is_term: bool, name: str) -> bool:
    """Whether a symbol only gathers others, for the rule in which it stands."""
    return not is_term and name.startswith("_")
