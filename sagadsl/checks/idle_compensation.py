"""SAGA307: compensations that no abort ever reaches."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.checks._plain import plain_steps
from sagadsl.checks._words import pivot_labels
from sagadsl.diagnostics import Finding, Rule, Severity
from sagadsl.model import Saga
from sagadsl.proofs import Proof

RULE = Rule("SAGA307", "idle-compensation", Severity.WARNING)


def check(saga: Saga, proof: Proof) -> Iterator[Finding]:
    """That what has a compensation can stand when an abort is possible."""
    plain = plain_steps(saga, before_pivot=True)
    early = {step.transition.action for step in saga.steps if step.name in plain}
    done = {
        name: proof.solver.any_of(lanes.done for lanes in proof.rounds(name))
        for name in saga.compensations
        if name not in early
    }
    if done:
        early |= proof.possible(done, -proof.formula.past_pivot)
    for name, item in saga.compensations.items():
        if name not in early:
            yield RULE.finding(
                f"the compensation of `{name}` never runs",
                item.span,
                f"`{name}` comes after the pivot",
                why="past the point of no return nothing is taken back, though the line"
                " says so",
                help="remove the line, or move the pivot",
                others=pivot_labels(saga),
            )
