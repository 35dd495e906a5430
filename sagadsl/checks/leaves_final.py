"""SAGA208: a final state is the end."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.diagnostics import Finding, Label, Rule
from sagadsl.model import Saga

RULE = Rule("SAGA208", "leaves-final")


def check(saga: Saga) -> Iterator[Finding]:
    """That no row leaves a final state."""
    for row in saga.transitions.values():
        states = [saga.states[name] for group in row.sources for name in group]
        final = [state for state in states if state.kind.startswith("final")]
        if final:
            state = final[0]
            yield RULE.finding(
                f"`{row.action}` leaves `{state.name}`, which is final",
                row.name_span,
                f"goes on from `{state.name}`",
                why="in a final state the process is finished and takes no more events",
                help=f"drop `{state.kind}` from `{state.name}`, or start the row from"
                " another state",
                others=(Label(state.span, f"declared `{state.kind}`"),),
            )
