"""SAGA631: a method that the emitted `Handlers` asks for and did not before."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.diagnostics import Finding, Rule
from sagadsl.model import Version
from sagadsl.versions.breaking.comparison import Comparison

RULE = Rule("SAGA631", "new-handler")


def check(comparison: Comparison) -> Iterator[Finding]:
    """That code which implements `Handlers` still does."""
    had = _handlers(comparison.old)
    for name in _handlers(comparison.new):
        if name not in had:
            action = comparison.saga.actions.get(name)
            yield RULE.finding(
                f"`Handlers` asks for `{name}`",
                action.span if action else comparison.saga.name_span,
                f"version {comparison.old.number} did without it",
                why="code that implements `Handlers` no longer type-checks",
                help="write the method with the change of the saga, and approve this",
            )


def _handlers(version: Version) -> dict[str, None]:
    """The effects, compensations and probes that our code performs."""
    names: dict[str, None] = {}
    for action in version.rows.actions:
        if action.effect:
            names[action.name] = None
            if action.probe:
                names[action.probe] = None
    return names
