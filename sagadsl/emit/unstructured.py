"""SAGA212: what a definition for Step Functions has no words for."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.diagnostics import Finding, Rule
from sagadsl.emit.amazon_states import emit_amazon_states
from sagadsl.emit.inexpressible import Inexpressible
from sagadsl.model import Pinned
from sagadsl.source import Span

RULE = Rule("SAGA212", "unstructured")


def check_structure(pinned: Pinned) -> Iterator[Finding]:
    """That the newest version can be written as states, forks and joins."""
    try:
        emit_amazon_states(pinned)
    except Inexpressible as found:
        yield RULE.finding(
            f"Step Functions cannot run `{found.name}` as it is meant",
            _span(pinned, found.name),
            found.why,
            why="what is emitted would be another process than the one that is proved",
            help="write it otherwise, or run it as it is, embedded or on an engine",
        )


def _span(pinned: Pinned, name: str) -> Span:
    """Where a step or state is written; the name of the saga if neither is."""
    saga = pinned.saga
    for step in saga.steps:
        if step.name == name:
            return step.transition.name_span
    state = saga.states.get(saga.places.get(name, name))
    return state.span if state else saga.name_span
