"""SAGA503: an end that is reached while other work goes on."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.checks._words import few, listed
from sagadsl.diagnostics import Finding, Label, Rule
from sagadsl.model import Saga
from sagadsl.proofs import Proof

RULE = Rule("SAGA503", "improper-completion")


def check(saga: Saga, proof: Proof) -> Iterator[Finding]:
    """That nothing can begin any more where a final state is held."""
    if proof.one_at_a_time:
        return
    held = {
        name: proof.solver.any_of(proof.formula.held[p] for p in proof.states(name))
        for name, state in saga.states.items()
        if state.kind.startswith("final")
    }
    for name, run in proof.each(held, proof.formula.busy):
        steps = proof.steps_in(proof.allowed(run))
        rows = {step.transition.action: step.transition for step in steps}
        yield RULE.finding(
            f"`{name}` can be reached while other work goes on",
            saga.states[name].span,
            f"{listed(list(rows))} can still begin here",
            why="who sees the process in its end takes it for ended",
            help=f"join the branches with `&` before `{name}`, or lead the others to"
            " their end first",
            others=few(Label(row.name_span, "still to come") for row in rows.values()),
            run=run.moves,
        )
