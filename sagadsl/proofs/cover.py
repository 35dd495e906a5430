"""A few runs that together take every step, every `else` and every compensation.

Fewest runs is the set cover problem, which is NP-hard. Each run here covers as many as
any run can of what those before it have left, so they are at most 1 + ln n times as
many as the fewest, where n is the most that one run covers (Chvátal 1979). Beyond some
400 steps a run covers as many as was found, and the bound is not promised.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sagadsl.machine import Kind, Record
from sagadsl.proofs.proof import Proof


class Walk(NamedTuple):
    """A run from the start to an end; if it aborts, what it did is then undone."""

    record: Record
    aborts: bool


def cover(proof: Proof) -> Iterator[Walk]:
    """Runs that cover all that some run takes, each the shortest that covers the same.

    A step is covered in each round of its loop. Raises `OverBudget`.
    """
    solver, formula = proof.solver, proof.formula
    aborts = solver.variable()
    solver.require(-aborts, -formula.past_pivot)
    ends = solver.any_of((aborts, formula.at_end()))
    rules = (ends, -formula.in_doubt, -formula.given_up)
    undone = _undone(proof, aborts)
    left = [*_taken(proof), *undone]
    while left:
        most = solver.find_first_least(rules, [-item for item in left])
        covered = [item for item in left if most and item in most]
        if not covered:
            return
        given_up = any(item in undone for item in covered)
        yield _walk(proof, (*rules, *covered), aborts=given_up)
        left = [item for item in left if item not in covered]


def _taken(proof: Proof) -> Iterator[int]:
    """That a step is done, and that it fails where an `else` leads on."""
    for step in proof.saga.steps:
        lanes = proof.of(step)
        yield lanes.done
        if step.otherwise:
            yield lanes.failed


def _undone(proof: Proof, aborts: int) -> list[int]:
    """That a step is done and then undone."""
    return [
        proof.solver.all_of((aborts, proof.of(step).done))
        for step in proof.saga.steps
        if step.transition.action in proof.saga.compensations
    ]


def _walk(proof: Proof, rules: tuple[int, ...], *, aborts: bool) -> Walk:
    """The shortest run, and of several the one whose steps stand first in the saga."""
    lanes = [proof.of(step) for step in proof.saga.steps]
    begun = [lane.begun for lane in reversed(lanes)]
    found = proof.solver.find_first_least(rules, begun)
    assert found, "what was found can be found again"
    fixed = [literal if literal in found else -literal for literal in begun]
    found = proof.solver.find_first((*rules, *fixed), [lane.done for lane in lanes])
    assert found, "what was found can be found again"
    record = proof.formula.found(found)
    finishes = proof.machine.guards.may(record, Kind.FINISH, None)
    return Walk(record, aborts or not finishes)
