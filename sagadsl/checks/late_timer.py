"""SAGA209: a timer that the whole saga does not live to see."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.diagnostics import Finding, Rule
from sagadsl.model import Saga

RULE = Rule("SAGA209", "late-timer")


def check(saga: Saga) -> Iterator[Finding]:
    """That timers go off before the saga expires, where no pivot lets it go on."""
    if not saga.expires or any(action.row.pivot for action in saga.actions.values()):
        return
    for name, row in saga.transitions.items():
        if row.trigger.delay >= saga.expires:
            yield RULE.finding(
                f"`{name}` waits until the saga has expired",
                row.trigger.span or row.name_span,
                "not before the end of the whole saga",
                why="a saga that expires is aborted, and its timers with it",
                help="shorten the timer, or lengthen `expires after`",
            )
