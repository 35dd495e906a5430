"""The usual slips, one entry each: how it looks, where it is one, what to do."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple


class Slip(NamedTuple):
    """A pattern that stands where something else is meant.

    It counts only where all kinds of tokens in `wanted` could stand.
    """

    pattern: re.Pattern[str]
    wanted: AbstractSet[str]
    help: str


def _slip(pattern: str, wanted: str, help_: str) -> Slip:
    return Slip(re.compile(pattern), frozenset(wanted.split()), help_)


_QUOTES = "['`‘’‚‛“”„‟«»‹›]"  # noqa: RUF001  the slip

_SLIPS: Final = (
    _slip(r"\.[0-9]+", "TIMES", "write a whole number"),
    _slip(r"\.[0-9]+", "NAME", "write whole numbers of a smaller unit: `36 hours`"),
    _slip(r"(?<=\w)[-.](?=\w)", "", "write names with `_`, as in `check_out`"),
    _slip(r"(upto|max|maximum|at[ \t]+most)\b", "UP", "write `up to`"),
    _slip(r"(?<=failure )\w+", "WAS", "write `final failure` before the name"),
    _slip(r":(?=[ \t]*\")", "STRING WAS", "leave out the `:`"),
    _slip(r'"[^"\n]*"', "NAME", "write the name without quotes"),
    _slip(r"//|/\*|\*/?|--(?![->])|<!--", "", "begin a comment with `#`"),
    _slip(r"[-=~]+[ \t]*>|[→⇒⟶⟹➔➜⟼]|-+", "ARROW", "write `->`"),
    _slip(r"[-=~]+[ \t]*>|[→⇒⟶⟹➔➜⟼]|=+", "RESULT", "write `=>`"),
    _slip(r":?=", "COLON", "write `:`"),
    _slip(r"(?<=&)&", "", "write one `&`"),
    _slip(r"(?<=\|)\|", "", "write one `|`"),
    _slip(r"and\b", "AMPERSAND", "write `&`"),
    _slip(r"or\b", "VBAR", "write `|`"),
    _slip(r",", "AMPERSAND VBAR", "write `&` where all are meant, `|` where any is"),
    _slip(r",", "VBAR", "write `|`"),
    _slip(r",", "AMPERSAND", "write `&`"),
    _slip(r"\|", "AMPERSAND", "write `&` for both, or a row for each"),
    _slip(r";(?=[ \t]*[^\s;#}])", "", "write `,`, or end the line"),
    _slip(r";", "", "leave it out: the end of the line ends an item"),
    _slip(_QUOTES, "", 'write strings in plain quotes: `"text"`'),
    _slip(r"[0-9]+(?=[^\W\d])", "NAME", "begin the name with a letter"),
    _slip(r"version\b", "AGGREGATE", "leave it out: the compiler keeps the versions"),
)


class Repair(NamedTuple):
    """How long the slip is in the text, and what to do about it."""

    length: int
    help: str


def find_slip(text: str, at: int, expected: AbstractSet[str]) -> Repair | None:
    """The slip that stands at an offset, if one is known."""
    for slip in _SLIPS:
        match = slip.pattern.match(text, at)
        if match and slip.wanted <= expected:
            return Repair(match.end() - at, slip.help)
    return _wide(text[at : at + 1])


def _wide(character: str) -> Repair | None:
    """A character that only looks like the one that is meant."""
    if not character:
        return None
    category = unicodedata.category(character)
    if category == "Zs" and character != " ":
        return Repair(1, "write a plain space")
    if category.startswith("M"):
        return Repair(1, "write names with the letters `a` to `z`")
    plain = unicodedata.normalize("NFKC", character)
    if plain != character and plain.isascii() and not plain.isalpha():
        return Repair(1, f"write a plain `{plain}`")
    return None
