"""SAGA001: what was found, what could stand there, and how to put it right."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from difflib import get_close_matches
from typing import NamedTuple

from sagadsl.diagnostics import Finding, Label, Rule
from sagadsl.parser.forms import (
    CLAUSES,
    ENDS,
    FORMS,
    PHRASES,
    WORDS_OF,
    is_word,
    list_clauses,
    list_kinds,
)
from sagadsl.parser.slips import find_slip
from sagadsl.parser.tokens import END, LINE_END, Token
from sagadsl.source import Source, Span

RULE = Rule("SAGA001", "syntax")


class Place(NamedTuple):
    """Where the parser stands: the open braces, each with the word before it."""

    braces: Sequence[tuple[Token, str]]
    previous: Token
    closed: bool

    @property
    def section(self) -> str:
        """The word before the innermost open brace; "" outside of the saga."""
        return self.braces[-1][1] if self.braces else ""


class Unexpected(NamedTuple):
    """A token that cannot stand where it does."""

    source: Source
    found: Token
    place: Place
    expected: AbstractSet[str]
    would_take: Callable[..., bool]

    def span(self, token: Token) -> Span:
        """Where a token stands."""
        return Span(self.source, token.start, token.end)


def describe(error: Unexpected) -> Finding:
    """The finding for an unexpected token."""
    found, place = error.found, error.place
    if place.closed:
        return _after_the_end(error)
    if found.type == END and place.braces:
        return _not_closed(error)
    word = _misspelt(error) or _after_comma(error)
    if word is not None:
        return word
    repair = find_slip(error.source.text, found.start, error.expected)
    end = found.start + repair.length if repair else found.end
    span = Span(error.source, found.start, max(found.end, end))
    return _finding(error, span, repair.help if repair else _general_help(error))


def describe_open_section(error: Unexpected, word: Token) -> Finding:
    """The finding for a section that begins inside another."""
    section = error.place.section
    return RULE.finding(
        f"`{section}` is not closed before `{word.text}`",
        error.span(word),
        "expected `}` before this",
        why="a section cannot hold another",
        help=f"close `{section}` with `}}` before `{word.text}`",
        others=_opened(error),
    )


def _finding(error: Unexpected, span: Span, help_: str) -> Finding:
    found = error.found
    if span.end != found.end:
        found = found._replace(text=span.text)
    return RULE.finding(
        f"unexpected {_name(found)}",
        span,
        "expected a unit such as `seconds`"
        if _wants_unit(error)
        else f"expected {list_kinds(error.expected)}",
        why=FORMS[error.place.section].nature,
        help=help_,
    )


def _after_the_end(error: Unexpected) -> Finding:
    found, place = error.found, error.place
    help_ = "remove the `}` that is too many"
    if found.type == "SAGA":
        help_ = "put each saga in a file of its own"
    return RULE.finding(
        f"unexpected {_name(found)} after the end of the saga",
        error.span(found),
        "expected the end of the file",
        why="a file holds one saga, and nothing follows it",
        help=help_,
        others=(Label(error.span(place.previous), "the saga ends here"),),
    )


def _not_closed(error: Unexpected) -> Finding:
    _, word = error.place.braces[-1]
    return RULE.finding(
        "unexpected end of the file",
        error.span(error.found),
        "expected `}`",
        why=f"`{word}` is not closed",
        help=f"close `{word}` with `}}`",
        others=_opened(error),
    )


def _opened(error: Unexpected) -> tuple[Label, ...]:
    brace, word = error.place.braces[-1]
    return (Label(error.span(brace), f"`{word}` opened here"),)


def _misspelt(error: Unexpected) -> Finding | None:
    """A word that is nearly one of the language, here or just before."""
    found, previous = error.found, error.place.previous
    if found.type == "NAME":
        words = [kind.lower() for kind in error.expected if is_word(kind)]
        near = _near(found, words)
        if near:
            return _finding(error, error.span(found), f"did you mean `{near}`?")
    if previous.type == "NAME":
        near = _near(previous, WORDS_OF.get(error.place.section, ()))
        if near:
            return RULE.finding(
                f"unknown word `{previous.text}`",
                error.span(previous),
                "no word of the language",
                why=FORMS[error.place.section].nature,
                help=f"did you mean `{near}`?",
            )
    return None


def _after_comma(error: Unexpected) -> Finding | None:
    """A word that was meant to go on with an item, and is read as the next one."""
    word, section = error.place.previous, error.place.section
    before = error.source.text[: word.start].rstrip(" \t")
    if error.expected != {"COLON"} or not before.endswith(","):
        return None
    if section == "compensations":
        return RULE.finding(
            f"`{word.text}` is a second compensation",
            error.span(word),
            "after the comma the next compensation begins",
            why="a step is taken back by one action",
            help="let one action do both",
        )
    if section == "actions":
        return RULE.finding(
            f"unknown clause `{word.text}`",
            error.span(word),
            "no clause of the language",
            why=FORMS[section].nature,
            help=f"write {list_clauses()}",
        )
    return None


def _near(token: Token, words: Sequence[str]) -> str:
    """The word that was meant, if one is near; "" otherwise."""
    near = get_close_matches(token.text.lower(), words, 1, 0.7)
    return PHRASES.get(near[0].upper(), near[0]) if near else ""


def _general_help(error: Unexpected) -> str:
    """What to do where no slip is known: what is left out, or what the form is."""
    kind, name = error.found.type, _name(error.found)
    form = FORMS[error.place.section]
    number = error.place.previous.text if len(error.place.previous.text) < 9 else "3"
    if "TIMES" in error.expected and "NAME" not in error.expected:
        return f"write `{number} time{'' if number == '1' else 's'}`"
    if _wants_unit(error):
        return f"write the unit, as in `{number} seconds`"
    if kind in ("COMMA", "AMPERSAND") and error.expected == {"COLON"}:
        return f"write each {form.noun} on a line of its own: `{form.example}`"
    if kind in ENDS and error.place.section == "saga":
        return f"complete the line with {list_kinds(error.expected)}"
    if kind in ENDS:
        return f"complete the {form.noun}: `{form.example}`"
    if is_word(kind) and "NAME" in error.expected:
        return f"choose another name: {name} is a word of the language"
    for left_out in _left_out(error):
        if error.would_take(left_out, kind):
            if left_out == LINE_END:
                return f"put {name} on a line of its own"
            return f"put {list_kinds({left_out})} before {name}"
    if len(error.expected) == 1:
        return f"write {list_kinds(error.expected)}"
    return f"write the {form.noun} as `{form.example}`"


def _wants_unit(error: Unexpected) -> bool:
    return error.place.previous.type == "INT" and "NAME" in error.expected


def _left_out(error: Unexpected) -> Iterator[str]:
    """What may have been left out, the likeliest first."""
    yield from ("COLON", "ARROW", "LBRACE")
    if error.found.type in CLAUSES or "RESULT" in error.expected:
        yield "COMMA"
    yield LINE_END
    if len(error.expected) == 1:
        yield from error.expected


def _name(token: Token) -> str:
    """A token as it is called in a message."""
    if token.type in (LINE_END, END):
        return ENDS[token.type].removeprefix("the ")
    text = token.text if len(token.text) <= 40 else f"{token.text[:39]}…"
    if len(text) == 1 and unicodedata.category(text)[0] in "ZM":
        return f"character U+{ord(text):04X} {unicodedata.name(text, '').lower()}"
    if "`" in text:
        return "backtick" if text == "`" else f"string {text}"
    return f"string `{text}`" if token.type == "STRING" else f"`{text}`"
