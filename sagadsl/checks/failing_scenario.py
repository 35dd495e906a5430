"""SAGA508: a scenario that does not go as it says."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.diagnostics import Finding, Rule
from sagadsl.model import Saga
from sagadsl.proofs import Proof
from sagadsl.proofs.scenario import play

RULE = Rule("SAGA508", "failing-scenario")


def check(saga: Saga, proof: Proof) -> Iterator[Finding]:
    """That each worked example works."""
    for scenario in saga.scenarios:
        played = play(saga, proof.machine, scenario)
        if not played.wrong:
            continue
        moves = scenario.moves
        stopped = len(played.made) < len(moves)
        yield RULE.finding(
            f'the scenario "{scenario.title}" does not come to `{scenario.result}`',
            moves[len(played.made)].span if stopped else scenario.span,
            played.wrong,
            why="a scenario is shown to readers as what the saga does",
            help="correct the scenario, or the rows that it goes by",
            run=played.made,
        )
