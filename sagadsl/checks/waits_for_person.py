"""SAGA509: a compensation that must wait until a person has looked."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.diagnostics import Finding, Label, Rule, Severity
from sagadsl.model import Saga
from sagadsl.proofs import Proof

RULE = Rule("SAGA509", "waits-for-person", Severity.WARNING)
WHY = (
    "after a crash nobody can tell without looking, and until then nothing that came"
    " before is taken back either"
)


def check(saga: Saga, proof: Proof) -> Iterator[Finding]:
    """That an abort need not wait for someone who decides what happened."""
    yield from _before(saga, proof)
    yield from _while(saga, proof)


def _before(saga: Saga, proof: Proof) -> Iterator[Finding]:
    """Where a step is in doubt, and may only be taken back if it happened."""
    doubts = {
        name: proof.solver.any_of(lanes.in_doubt for lanes in proof.rounds(name))
        for name, item in saga.compensations.items()
        if name in saga.actions
        and saga.actions[name].parks
        and not saga.action(item.compensation).even_if_in_doubt
    }
    if not doubts:
        return
    for name, run in proof.each(doubts, -proof.formula.past_pivot):
        compensation = saga.compensations[name]
        yield RULE.finding(
            f"an abort waits for a person where `{name}` is in doubt",
            compensation.span,
            f"must not run before it is known whether `{name}` happened",
            why=WHY,
            help=f"give `{name}` a `probe`, or say `even if in doubt` of"
            f" `{compensation.compensation}` if it is safe without the effect",
            others=(
                Label(saga.actions[name].spans["in doubt park"], "waits for a person"),
            ),
            run=run.moves,
        )


def _while(saga: Saga, proof: Proof) -> Iterator[Finding]:
    """Where it is a compensation that is in doubt."""
    undone: dict[str, list[str]] = {}
    for name, item in saga.compensations.items():
        action = saga.actions.get(item.compensation)
        if action and action.parks:
            undone.setdefault(item.compensation, []).append(name)
    done = {
        undo: proof.solver.any_of(
            lanes.done for name in names for lanes in proof.rounds(name)
        )
        for undo, names in undone.items()
    }
    if not done:
        return
    for undo, run in proof.each(done, -proof.formula.past_pivot):
        yield RULE.finding(
            f"an abort waits for a person where `{undo}` is in doubt",
            saga.actions[undo].spans["in doubt park"],
            "waits for a person",
            why=WHY,
            help=f"give `{undo}` a `probe`, or say `idempotent` if it may be repeated",
            others=tuple(
                Label(saga.compensations[name].span, f"takes back `{name}`")
                for name in undone[undo]
            ),
            run=(*run.moves, "abort"),
        )
