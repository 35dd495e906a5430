"""SAGA509: a compensation that must wait until a person has looked."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.diagnostics import Finding, Label, Rule, Severity
from sagadsl.model import Saga
from sagadsl.proofs import Proof

RULE = Rule("SAGA509", "waits-for-person", Severity.WARNING)


def check(saga: Saga, proof: Proof) -> Iterator[Finding]:
    """That an abort need not wait for someone who decides what happened."""
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
            why="after a crash nobody can tell without looking, and until then nothing"
            " that came before is taken back either",
            help=f"give `{name}` a `probe`, or say `even if in doubt` of"
            f" `{compensation.compensation}` if it is safe without the effect",
            others=(
                Label(saga.actions[name].spans["in doubt park"], "waits for a person"),
            ),
            run=run.moves,
        )
