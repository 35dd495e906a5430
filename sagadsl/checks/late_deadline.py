"""SAGA510: a deadline that can only fall when it is too late to abort."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.checks._words import pivot_labels
from sagadsl.diagnostics import Finding, Rule, Severity
from sagadsl.model import Saga
from sagadsl.proofs import Proof

RULE = Rule("SAGA510", "late-deadline", Severity.WARNING)


def check(saga: Saga, proof: Proof) -> Iterator[Finding]:
    """That there is a time before the pivot in which the process can expire.

    Time passes while a step is performed, and while the process waits for something
    that the driver does not take by itself.
    """
    if not saga.expires:
        return
    passes = []
    for step in saga.steps:
        row = step.transition
        if row.trigger.actors != ("system",):
            passes.append(proof.enabled(step))
        elif saga.action(row.action).effect and not saga.action(row.action).pivot:
            passes.append(proof.of(step).in_doubt)
    if not proof.ever(proof.solver.any_of(passes), -proof.formula.past_pivot):
        pivots = pivot_labels(saga)
        yield RULE.finding(
            f"`{saga.name}` can only expire when it is too late to abort"
            if pivots
            else f"`{saga.name}` never lasts until it expires",
            saga.name_span,
            "says `expires after`",
            why="past the point of no return nothing is aborted, and before it no time"
            " passes, so the deadline does nothing"
            if pivots
            else "`system` takes every step at once and performs nothing, so no time"
            " passes",
            help="remove `expires after`"
            + (", or let the pivot come later" if pivots else ""),
            others=pivots,
        )
