"""SAGA507: a property that some run breaks."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.checks._words import listed
from sagadsl.diagnostics import Finding, Rule
from sagadsl.model import Always, Needs, Never, Saga
from sagadsl.proofs import Proof, Run

RULE = Rule("SAGA507", "broken-property")


def check(saga: Saga, proof: Proof) -> Iterator[Finding]:
    """That what is declared of all runs holds in all runs."""
    for item in saga.properties:
        if isinstance(item, Needs):
            yield from _needs(item, proof)
        elif isinstance(item, Never):
            yield from _never(item, proof)
        else:
            yield from _always(item, proof)


def _needs(item: Needs, proof: Proof) -> Iterator[Finding]:
    begun = proof.solver.any_of(lanes.begun for lanes in proof.rounds(item.action))
    missing = [-lanes.done for lanes in proof.rounds(item.needed)]
    if run := proof.find(begun, *missing):
        yield _finding(
            item,
            f"`{item.action}` can happen without `{item.needed}`",
            f"`{item.needed}` is not done in this run",
            f"let every way to `{item.action}` lead past `{item.needed}`",
            run,
        )


def _never(item: Never, proof: Proof) -> Iterator[Finding]:
    both = [
        proof.solver.any_of(lanes.done for lanes in proof.rounds(action))
        for action in (item.action, item.other)
    ]
    if run := proof.find(*both):
        yield _finding(
            item,
            f"`{item.action}` and `{item.other}` can both happen",
            "both are done in this run",
            "start both from one state, so that either rules out the other",
            run,
        )


def _always(item: Always, proof: Proof) -> Iterator[Finding]:
    formula = proof.formula
    came = proof.solver.any_of(formula.reached[p] for p in proof.states(item.state))
    named = [name for name in item.outcomes if name in proof.saga.states]
    held = [formula.held[place] for name in named for place in proof.states(name)]
    if run := proof.find(came, formula.at_end(), *(-literal for literal in held)):
        ends = dict.fromkeys(proof.saga.places[place] for place in run.held)
        yield _finding(
            item,
            f"a process that comes to `{item.state}` can end in {listed(list(ends))}",
            "another end than is named here",
            "name this end too, or correct the rows that lead there",
            run,
        )
    elif "compensated" not in item.outcomes and (
        run := proof.find(came, -formula.past_pivot)
    ):
        yield _finding(
            item,
            f"a process that comes to `{item.state}` can still be aborted",
            "`compensated` is not named here",
            "write `or compensated`, or let the pivot come first",
            run,
        )


def _finding(
    item: Needs | Never | Always, message: str, label: str, fix: str, run: Run
) -> Finding:
    return RULE.finding(
        message,
        item.span,
        label,
        why="the property is declared, and this is the shortest run that breaks it",
        help=f"{fix}, or remove the property if it is not meant",
        run=run.moves,
    )
