"""SAGA003: strings that do not close, and escapes that mean nothing."""

from __future__ import annotations

import json
import re

from sagadsl.diagnostics import Finding, Rule
from sagadsl.parser.character import describe, has_forbidden
from sagadsl.source import Span

RULE = Rule("SAGA003", "string")

_CLOSED = re.compile(r'"(?:[^"\\]|\\.)*"')
_BAD_ESCAPE = re.compile(
    r'(?:[^\\]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*+(\\(?:u\w{0,4}|.))'
)
_ESCAPE = re.compile(r"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|u....|.)")


def read_string(text: str, span: Span) -> str | Finding:
    """What a string literal says, or what is wrong with it."""
    if not _CLOSED.fullmatch(text):
        return RULE.finding(
            "the string is not closed",
            span,
            'no `"` before the end of the line',
            why="a string ends on the line on which it begins",
            help='close it with `"`',
        )
    tab = text.find("\t")
    if tab >= 0:
        return RULE.finding(
            "a tab in a string",
            _part(span, tab, tab + 1),
            "this is a tab",
            why="it looks like spaces and shows differently everywhere",
            help="write spaces, or `\\t`",
        )
    bad = _BAD_ESCAPE.match(text)
    if bad:
        return RULE.finding(
            f"unknown escape `{bad[1]}`",
            _part(span, *bad.span(1)),
            "no escape of JSON",
            why="a backslash begins an escape",
            help='write `\\\\` for a backslash; the others are `\\"`, `\\/`, `\\n`, '
            "`\\t` and `\\u` with four hexadecimal digits",
        )
    value = str(json.loads(text))
    return _forbidden_escape(text, span) if has_forbidden(value) else value


def _forbidden_escape(text: str, span: Span) -> Finding:
    """The first escape that stands for what may not stand in a text itself."""
    for match in _ESCAPE.finditer(text):
        meant = json.loads(f'"{match[0]}"')
        if has_forbidden(meant):
            return RULE.finding(
                f"the escape `{match[0]}` is forbidden",
                _part(span, *match.span()),
                f"this is {describe(meant[0])}",
                why="what may not stand in a text may not be escaped into it",
                help="delete the escape",
            )
    raise AssertionError(text)


def _part(span: Span, start: int, end: int) -> Span:
    return Span(span.source, span.start + start, span.start + end)
