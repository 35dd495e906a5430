"""Names: their form, where they are declared, and what was meant by an unknown one."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping

from sagadsl.diagnostics import Finding, Label, Rule
from sagadsl.model import State, Transition
from sagadsl.source import Span
from sagadsl.syntax import Name

UNKNOWN_NAME = Rule("SAGA101", "unknown-name")
DUPLICATE = Rule("SAGA102", "duplicate")
NAME_FORM = Rule("SAGA103", "name-form")

_FORM = re.compile(r"[a-z][a-z0-9_]{0,62}")
_LONGEST = 63


def check_form(name: Name) -> Finding | None:
    """What is wrong with the form of a name, if anything is."""
    text = name.text
    if keyword.iskeyword(text):
        return NAME_FORM.finding(
            f"`{text}` is a word of Python and cannot be a name",
            name.span,
            "kept by Python for itself",
            why="names become attributes and methods of the emitted module",
            help=f"write another name, such as `{text}_step`",
        )
    if _FORM.fullmatch(text):
        return None
    if len(text) > _LONGEST:
        label, advice = f"{len(text)} characters", "shorten it"
    else:
        label = "not of the form `[a-z][a-z0-9_]*`"
        plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", _without_accents(text)).lower()
        plain = re.sub(r"[^a-z0-9_]", "", plain).lstrip("_0123456789")[:_LONGEST]
        valid = _FORM.fullmatch(plain) and not keyword.iskeyword(plain)
        advice = f"write `{plain}`" if valid else "write an English word"
    return NAME_FORM.finding(
        f"`{text[:_LONGEST]}` is not a name",
        name.span,
        label,
        why="names are lower-case ASCII letters, digits and underscores, at most 63, so"
        " that they are safe in Python, SQL and every diagram",
        help=advice,
    )


def _without_accents(text: str) -> str:
    from unicodedata import normalize  # noqa: PLC0415  only needed for a finding

    return normalize("NFKD", text)


def unknown(what: str, name: Name, known: Iterable[str], declare: str) -> Finding:
    """That a name is declared nowhere; `declare` says how it would be."""
    close = closest(name.text, known)
    return UNKNOWN_NAME.finding(
        f"there is no {what} `{name.text}`",
        name.span,
        f"no {what} of this name",
        why="every name is declared once, so that a slip of the pen is caught here and"
        " not in production",
        help=f"did you mean `{close}`?" if close else declare,
    )


def in_order(
    findings: Iterable[Finding],
    states: Mapping[str, State],
    transitions: Mapping[str, Transition],
) -> tuple[Finding, ...]:
    """The findings as the text has them; a former name says what it is called now.

    What was the name of both a state and an action tells of neither.
    """
    former = [
        {item.was: name for name, item in items.items()}
        for items in (states, transitions)
    ]

    def at_present(finding: Finding) -> Finding:
        now = {old[finding.span.text] for old in former if finding.span.text in old}
        if finding.rule != UNKNOWN_NAME or len(now) != 1:
            return finding
        (name,) = now
        return finding._replace(label=f"is called `{name}` now", help=f"write `{name}`")

    told = map(at_present, findings)
    return tuple(sorted(told, key=lambda finding: finding.span.start))


def closest(text: str, known: Iterable[str]) -> str | None:
    """The known name that is most like a text, if any is like it."""
    from difflib import get_close_matches  # noqa: PLC0415  only needed for a finding

    matches = get_close_matches(text, sorted(known), 1, 0.6)
    return matches[0] if matches else None


def duplicate(what: str, span: Span, first: Span, *, why: str, help: str) -> Finding:  # noqa: A002  the field's name
    """That something stands twice."""
    return DUPLICATE.finding(
        f"{what} stands twice",
        span,
        "the second time",
        why=why,
        help=help,
        others=(Label(first, "the first time"),),
    )
