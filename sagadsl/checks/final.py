"""SAGA202: a saga has an end."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.diagnostics import Finding, Rule
from sagadsl.model import Saga

RULE = Rule("SAGA202", "final")


def check(saga: Saga) -> Iterator[Finding]:
    """That at least one state is final."""
    if not any(state.kind.startswith("final") for state in saga.states.values()):
        yield RULE.finding(
            f"the saga `{saga.name}` has no final state",
            saga.name_span,
            "never ends",
            why="a process that never ends is kept, watched and retried for ever",
            help="write `final` before the state of success, and `final failure`"
            " before one where the process ends without it",
        )
