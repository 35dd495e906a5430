"""SAGA506: a saga that no process ever brings to a good end."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.diagnostics import Finding, Label, Rule
from sagadsl.model import Saga
from sagadsl.proofs import Proof

RULE = Rule("SAGA506", "never-final")


def check(saga: Saga, proof: Proof) -> Iterator[Finding]:
    """That some run finishes in a success, where one is declared."""
    ends = [state for state in saga.states.values() if state.kind == "final"]
    if proof.one_at_a_time:
        return
    if ends and not proof.ever(proof.formula.at_end(("final",))):
        yield RULE.finding(
            "no process ever finishes in success",
            ends[0].span,
            "never held without a `final failure` beside it",
            why="a process is a success only if all the states that it ends in are",
            help="let all branches of some run end in states that are `final`, and not"
            " `final failure`",
            others=tuple(Label(state.span, "nor here") for state in ends[1:]),
        )
