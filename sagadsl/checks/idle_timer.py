"""SAGA210: timers that never go off, since the driver leaves their state at once."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.checks._words import few
from sagadsl.diagnostics import Finding, Label, Rule, Severity
from sagadsl.model import Saga, Transition

RULE = Rule("SAGA210", "idle-timer", Severity.WARNING)


def check(saga: Saga) -> Iterator[Finding]:
    """That a timer starts somewhere where the process may have to wait."""
    left: dict[str, Transition] = {}
    for row in saga.transitions.values():
        if "system" in row.trigger.actors and not row.limit:
            for group in row.sources:
                if len(group) == 1:
                    left.setdefault(group[0], row)
    for name, row in saga.transitions.items():
        first = [next((left[s] for s in g if s in left), None) for g in row.sources]
        sooner = {row.action: row for row in first if row}
        if row.trigger.delay and all(first):
            actions = " or ".join(f"`{action}`" for action in sooner)
            yield RULE.finding(
                f"`{name}` never goes off, since {actions} begins first",
                row.trigger.span or row.name_span,
                "nothing waits here for so long",
                why="what is `by system` the driver begins as soon as it can, and what"
                " has begun rules out the other rows that start from the state",
                help="to limit how long an action takes, say `timeout` and `retry` in"
                " `actions` and `else` in its row;\nelse remove the timer",
                others=few(
                    Label(row.name_span, "begins at once") for row in sooner.values()
                ),
            )
