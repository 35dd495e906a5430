"""SAGA002: characters that a reader cannot see, or that deceive the eye."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sagadsl.diagnostics import Finding, Rule
from sagadsl.source import Source, Span

RULE = Rule("SAGA002", "character")

_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_CONTROL = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_INVISIBLE = (
    "\u00ad\u034f\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b-\u200d\u2028\u2029\u2060-\u2065\u206a-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_FORBIDDEN = re.compile(
    f"\r(?!\n)|[{_BIDI}{_CONTROL}{_INVISIBLE}\ud800-\udfff\ufdd0-\ufdef]"
)
_CONTROL_NAMES = {
    "\0": "null",
    "\a": "bell",
    "\b": "backspace",
    "\v": "vertical tab",
    "\f": "form feed",
    "\r": "carriage return",
    "\x1b": "escape",
    "\x7f": "delete",
    "\x85": "next line",
}


def has_forbidden(text: str) -> bool:
    """Whether characters stand in a text that no part of a saga may hold."""
    return _FORBIDDEN.search(text) is not None


def describe(character: str) -> str:
    """A character in words: `U+202E right-to-left override`."""
    import unicodedata  # noqa: PLC0415  only for an error

    code = ord(character)
    if 0xD800 <= code <= 0xDFFF:
        name = "lone surrogate"
    else:
        name = unicodedata.name(character, "").lower() or _CONTROL_NAMES.get(
            character, "control character" if code < 0xA0 else "noncharacter"
        )
    return f"U+{code:04X} {name}"


def check(source: Source) -> Iterator[Finding]:
    """The first forbidden character of each line."""
    text = source.text
    at = 1 if text.startswith("\ufeff") else 0
    while match := _FORBIDDEN.search(text, at):
        start = match.start()
        yield _finding(match[0], Span(source, start, start + 1))
        at = text.find("\n", start)
        if at < 0:
            return


def _finding(character: str, span: Span) -> Finding:
    name = describe(character)
    if character == "\r":
        return RULE.finding(
            "a lone carriage return",
            span,
            "no line feed follows",
            why="editors disagree on whether it ends a line",
            help="end lines with a line feed",
        )
    return RULE.finding(
        f"forbidden character {name}",
        span,
        name,
        why=_why(character),
        help="delete it",
    )


def _why(character: str) -> str:
    if re.match(f"[{_BIDI}]", character):
        return "it changes the order in which the text is shown"
    if re.match("[\ud800-\udfff]", character):
        return "it is half a character and cannot be written as UTF-8"
    return "it cannot be seen, so the text is not what it looks like"
