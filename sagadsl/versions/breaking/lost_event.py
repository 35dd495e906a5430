"""SAGA622: records in flight that may no longer do what they were promised."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.diagnostics import Finding, Rule
from sagadsl.machine import Event, Kind, Record, Refused
from sagadsl.model import Transition
from sagadsl.versions.breaking.comparison import Comparison

RULE = Rule("SAGA622", "lost-event")
END = "let processes end on their own version and approve this"


def check(comparison: Comparison) -> Iterator[Finding]:
    """That what may begin in the old version may, then or later, in the new one."""
    pair = comparison.pair
    told: set[str] = set()
    for step, run in pair.each(pair.lost_events, pair.in_flight, -pair.refused):
        action = pair.old_plans[step].rule.action
        if action in told:
            continue
        told.add(action)
        renamed = comparison.renamed.get(action)
        yield RULE.finding(
            f"a process that may go on with `{action}` may not in version"
            f" {comparison.new.number}",
            renamed.name_span if renamed else comparison.span(step),
            f"is new in place of `{action}`"
            if renamed
            else _why(comparison, run.record, Event(Kind.BEGIN, step)),
            why="what was promised to a process in flight is taken from it",
            help=_help(comparison, step, renamed),
            run=run.moves,
        )
    late = pair.find(pair.lost_abort, pair.in_flight, -pair.refused)
    if late:
        begun = pair.new.guards.pivots & late.record.begun
        yield RULE.finding(
            f"a process that may be aborted may not in version {comparison.new.number}",
            comparison.span((begun & -begun).bit_length() - 1),
            "is a pivot now",
            why="a process in flight is past a point of no return that it did not know"
            " when it went there",
            help=END,
            run=late.moves,
        )


def _help(comparison: Comparison, step: int, renamed: Transition | None) -> str:
    former = comparison.pair.old_plans[step].rule.action
    if renamed:
        return (
            f"if it is the same by a new name, write `{renamed.action} was {former}`;"
            f" else {END}"
        )
    if step not in comparison.pair.new_plans:
        return f"keep the row of `{former}`, or {END}"
    return f"let the row start from where it started, or {END}"


def _why(comparison: Comparison, record: Record, event: Event) -> str:
    if event.step not in comparison.pair.new_plans:
        return f"version {comparison.new.number} has no such step"
    try:
        comparison.machine.apply(record, event)
    except Refused as refused:
        return refused.reason
    raise AssertionError(f"{event} is not lost")
