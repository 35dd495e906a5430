"""SAGA505: rows that no run can take, though there is a path of rows to them."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.checks._plain import plain_steps
from sagadsl.checks._words import listed
from sagadsl.diagnostics import Finding, Rule
from sagadsl.model import Saga, Step
from sagadsl.proofs import Proof

RULE = Rule("SAGA505", "never-happens")


def check(saga: Saga, proof: Proof) -> Iterator[Finding]:
    """That each row can happen, and a bounded one as often as it says."""
    plain = plain_steps(saga)
    begun = {s.name: proof.of(s).begun for s in saga.steps if s.name not in plain}
    never = begun.keys() - proof.possible(begun)
    explained: set[str] = set()
    for step in saga.steps:
        if step.name in never and step.transition.action not in explained:
            explained.add(step.transition.action)
            if _is_a_cause(step, never, saga):
                yield _finding(saga, step, proof)


def _is_a_cause(step: Step, never: set[str], saga: Saga) -> bool:
    """Whether its states are reached, each by itself."""
    dead = {
        p for s in saga.steps if s.name in never for p in (*s.targets, *s.otherwise)
    }
    alive = {
        p for s in saga.steps if s.name not in never for p in (*s.targets, *s.otherwise)
    }
    return any(not (dead - alive).intersection(way) for way in step.sources)


def _finding(saga: Saga, step: Step, proof: Proof) -> Finding:
    row = step.transition
    label = "no run comes to this row"
    for way in step.sources:
        for number, place in enumerate(way):
            for other in way[:number]:
                if not proof.ever(proof.held((place, other))):
                    pair = [saga.places[other], saga.places[place]]
                    label = f"{listed(pair)} are never held together"
    times = f" {int(step.round.split('_')[-1])} times" if step.round else ""
    return RULE.finding(
        f"`{row.action}` can never happen{times}",
        row.span,
        label,
        why="over all runs there is none that takes it, so a row is wrong or too many",
        help="start it from states that are held together, or remove the row",
    )
