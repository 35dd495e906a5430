"""Times in what a page shows: now is always the same moment, and all was just now."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_AGO = re.compile(r"\b(\d+ s ago|SINCE) *")
_NOW = "0 s ago"


def as_of_now(printed: str) -> str:
    """What was printed, as if it were the moment of all pages."""
    return _just_now(_MOMENT.sub(_as_told, printed))


def _just_now(printed: str) -> str:
    """What was some seconds ago was now, in a column that is as wide as that needs."""
    widest = max((len(match[1]) for match in _AGO.finditer(printed)), default=0)
    spare = max(widest - len(_NOW), 0)

    def cell(match: re.Match[str]) -> str:
        word = match[1] if match[1] == "SINCE" else _NOW
        return word.ljust(len(match[0]) - spare)

    return _AGO.sub(cell, printed)


def _as_told(moment: re.Match[str]) -> str:
    """A moment as far from the one of all pages as it is from now, in whole hours."""
    at = datetime.fromisoformat(moment[0]).replace(tzinfo=UTC)
    hours = round((at - datetime.now(UTC)) / timedelta(hours=1))
    return f"{datetime(2026, 1, 5, 12, tzinfo=UTC) + timedelta(hours=hours):%F %T}"
