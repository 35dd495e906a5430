"""SAGA302: effects that an abort would leave behind."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.checks._plain import plain_steps
from sagadsl.checks._words import pivot_labels
from sagadsl.diagnostics import Finding, Rule
from sagadsl.model import Saga
from sagadsl.proofs import Proof

RULE = Rule("SAGA302", "undo")


def check(saga: Saga, proof: Proof) -> Iterator[Finding]:
    """That what stands when an abort is possible is compensated or said to stay."""
    early = None
    if proof.one_at_a_time:
        plain = plain_steps(saga, before_pivot=True)
        early = {step.transition.action for step in saga.steps if step.name in plain}
    stands = {
        name: proof.solver.any_of(lanes.done for lanes in proof.rounds(name))
        for name, action in saga.actions.items()
        if name in saga.transitions
        and name not in saga.compensations
        and action.performed
        and not action.row.pivot
        and not action.row.no_undo
        and (early is None or name in early)
    }
    if not stands:
        return
    for name, run in proof.each(stands, -proof.formula.past_pivot):
        targets = saga.transitions[name].targets
        last = all(saga.states[state].kind.startswith("final") for state in targets)
        forward = ",\nor `pivot` if there is no way back once it is begun"
        yield RULE.finding(
            f"nothing takes back `{name}` when the process is aborted",
            saga.actions[name].span,
            "neither a compensation nor `no undo`",
            why="an abort is possible after this run, and its effect would silently"
            " stay",
            help=f"write `{name} : …` in `compensations`, or add `no undo` if the"
            f" effect may stay{forward if last and not proof.pivots else ''}",
            others=pivot_labels(saga),
            run=run.moves,
        )
