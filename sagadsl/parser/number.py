"""SAGA004: counts and durations that mean nothing, or too much."""

from __future__ import annotations

from typing import Final

from sagadsl.diagnostics import Finding, Rule
from sagadsl.source import Span
from sagadsl.syntax import SECONDS

RULE = Rule("SAGA004", "number")

_YEARS: Final = 100
_LONGEST: Final = _YEARS * 365 * SECONDS["day"]
_DIGITS: Final = 9
_SHORT: Final = (
    ("seconds", ("s", "sec", "secs")),
    ("minutes", ("m", "min", "mins")),
    ("hours", ("h", "hr", "hrs")),
    ("days", ("d",)),
)
_IN_DAYS: Final = {"week": 7, "month": 30, "year": 365}


def check_count(digits: str, span: Span) -> Finding | None:
    """What is wrong with a whole number, if anything."""
    significant = digits.lstrip("0")
    if not significant:
        return RULE.finding(
            "zero is no count",
            span,
            "must be at least 1",
            why="what is said here would never happen",
            help="write 1 or more, or leave the clause out",
        )
    if len(significant) > _DIGITS:
        return RULE.finding(
            "the number is too big",
            span,
            f"more than {_DIGITS} digits",
            why="a number of this size is a slip, and overflows elsewhere",
            help=f"write at most {_DIGITS} digits",
        )
    return None


def check_duration(digits: str, unit: str, number: Span, name: Span) -> Finding | None:
    """What is wrong with a duration, if anything."""
    finding = check_count(digits, number)
    if finding is not None:
        return finding
    seconds = SECONDS.get(unit.removesuffix("s"))
    if seconds is None or unit.endswith("ss"):
        return RULE.finding(
            f"unknown unit `{unit}`",
            name,
            "expected `seconds`, `minutes`, `hours` or `days`",
            why="a duration is a whole number and a unit, from seconds to days",
            help=_unit_help(int(digits), unit),
        )
    if int(digits) * seconds > _LONGEST:
        return RULE.finding(
            "the duration is too long",
            number.to(name),
            f"more than {_YEARS} years",
            why="a time so far away overflows the clocks of other tools",
            help="write a duration of at most 36500 days",
        )
    return None


def _unit_help(count: int, unit: str) -> str:
    singular = unit.lower().removesuffix("s")
    if singular in _IN_DAYS:
        return f"write `{count * _IN_DAYS[singular]} days`"
    near = [unit_ for unit_, short in _SHORT if unit.lower() in short]
    from difflib import get_close_matches  # noqa: PLC0415  only for an error

    near += [f"{close}s" for close in get_close_matches(singular, SECONDS, 1)]
    if near:
        return f"did you mean `{near[0]}`?"
    return "write the duration in seconds, minutes, hours or days"
