"""SAGA001: what was found, what could stand there, and how to put it right."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from difflib import get_close_matches
from typing import Final, NamedTuple

from sagadsl.diagnostics import Finding, Label, Rule
from sagadsl.parser.slips import find_slip
from sagadsl.parser.tokens import END, LINE_END, Token
from sagadsl.source import Source, Span

RULE = Rule("SAGA001", "syntax")

SECTIONS: Final = frozenset(
    (
        "STATES",
        "TRANSITIONS",
        "COMPENSATIONS",
        "ACTIONS",
        "PROPERTIES",
        "SCENARIOS",
    )
)
_FORMS: Final = {
    "": ("a file", 'saga name "title" { … }'),
    "saga": ("a saga", "states { … }"),
    "states": ("a state", 'initial name "text"'),
    "transitions": ("a row", "previous -> next : action by actor"),
    "compensations": ("a compensation", "action : compensation"),
    "actions": ("an action", "action : once, probe question"),
    "properties": ("a property", "action needs action"),
    "scenarios": ("a scenario", '"title" : action, action => result'),
}
_MARKS: Final = {
    "NAME": "a name",
    "INT": "a number",
    "STRING": "a string",
    "LBRACE": "`{`",
    "ARROW": "`->`",
    "AMPERSAND": "`&`",
    "VBAR": "`|`",
    "COLON": "`:`",
    "RESULT": "`=>`",
    "COMMA": "`,`",
}
_ENDS: Final = {
    "RBRACE": "`}`",
    LINE_END: "the end of the line",
    END: "the end of the file",
}
_PHRASES: Final = {
    "UP": "up to",
    "IN": "in doubt park",
    "CANNOT": "cannot fail",
    "NO": "no undo",
    "EVEN": "even if in doubt",
}
_CLAUSES: Final = frozenset(
    ("ONCE", "IDEMPOTENT", "PROBE", "RETRY", "TIMEOUT", "PIVOT", *_PHRASES)
) - {"UP"}
_GROUPS: Final = (
    (SECTIONS, "a section such as `states`"),
    (_CLAUSES, "a clause such as `once`"),
)
_CLAUSES_OF: Final = {
    "saga": tuple(word.lower() for word in sorted(SECTIONS)),
    "states": ("initial", "final", "failure", "was"),
    "transitions": ("by", "after", "up", "was", "else"),
    "actions": tuple(word.lower() for word in sorted(_CLAUSES)),
    "properties": ("needs", "never", "from", "always"),
}
_LEFT_OUT: Final = {
    "COLON": "`:`",
    "ARROW": "`->`",
    "LBRACE": "`{`",
    "RESULT": "`=>`",
    "COMMA": "`,`",
    LINE_END: "a line end",
}


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
    misspelt = _misspelt(error)
    if misspelt is not None:
        return misspelt
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
    what, form = _FORMS[error.place.section]
    found = error.found
    if span.start == found.start and span.end != found.end:
        found = found._replace(text=span.text)
    return RULE.finding(
        f"unexpected {_name(found)}",
        span,
        f"expected {_list(error.expected)}",
        why=f"{what} reads `{form}`",
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
    previous = error.place.previous
    expected = [kind.lower() for kind in error.expected if _is_word(kind)]
    of_section = _CLAUSES_OF.get(error.place.section, ())
    for token, words in ((error.found, expected), (previous, of_section)):
        if token.type != "NAME":
            continue
        near = get_close_matches(token.text.lower(), words, 1, 0.7)
        if near:
            word = _PHRASES.get(near[0].upper(), near[0])
            at = error._replace(found=token)
            return _finding(at, error.span(token), f"did you mean `{word}`?")
    return None


def _general_help(error: Unexpected) -> str:
    """What to do where no slip is known: what is left out, or what the form is."""
    kind, name = error.found.type, _name(error.found)
    what, form = _FORMS[error.place.section]
    if _is_word(kind) and "NAME" in error.expected:
        return f"choose another name: {name} is a word of the language"
    for left_out, mark in _LEFT_OUT.items():
        if error.would_take(left_out, kind):
            return f"put {mark} before {name}"
    if kind == "RBRACE":
        return f"complete {what} before the `}}`"
    if kind == LINE_END:
        return f"complete the line: {what} reads `{form}`"
    return f"write {what} as `{form}`"


def _is_word(kind: str) -> bool:
    return kind not in _MARKS and kind not in _ENDS and kind != "STRAY"


def _name(token: Token) -> str:
    """A token as it is called in a message."""
    if token.type in (LINE_END, END):
        return _ENDS[token.type].removeprefix("the ")
    text = token.text if len(token.text) <= 40 else f"{token.text[:39]}…"
    if len(text) == 1 and not (text.isascii() or text.isalnum()):
        if unicodedata.category(text)[0] in "ZM":
            code = f"U+{ord(text):04X} {unicodedata.name(text, '').lower()}"
            return f"character {code.strip()}"
    if "`" in text:
        return "backtick" if text == "`" else f"string {text}"
    return f"string `{text}`" if token.type == "STRING" else f"`{text}`"


def _list(kinds: AbstractSet[str]) -> str:
    """What could stand there, for people: `` `->`, `&` or `|` ``."""
    rest, items = set(kinds), []
    items += [text for kind, text in _MARKS.items() if kind in rest]
    for group, text in _GROUPS:
        if len(group & rest) > 2:
            items.append(text)
            rest -= group
    items += sorted(
        f"`{_PHRASES.get(kind, kind.lower())}`" for kind in rest if _is_word(kind)
    )
    items += [text for kind, text in _ENDS.items() if kind in rest]
    return _join(items)


def _join(items: Iterable[str]) -> str:
    *most, last = items
    return f"{', '.join(most)} or {last}" if most else last
