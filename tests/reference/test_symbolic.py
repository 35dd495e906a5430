"""A third engine, of sets of records, beside the formula and the search."""

from __future__ import annotations

from itertools import chain, pairwise

import pytest
from explicit import Explicit, forward_records
from reference import Reference
from subjects import pinned_of, random_sagas
from symbolic import Symbolic

from sagadsl.checks import stuck
from sagadsl.model import Saga
from sagadsl.proofs import Proof


@pytest.mark.parametrize("first", range(0, 200, 100))
def test_diagrams_agree_with_a_search(first: int) -> None:
    compared = 0
    for pinned in random_sagas(range(first, first + 100), 6):
        records = forward_records(Reference(pinned.saga), 400)
        explicit = Explicit(pinned.saga, records or [])
        if records and not explicit.overlap():
            compared += 1
            same_by_diagrams(pinned.saga, explicit, pinned.saga.source.text)
    assert compared > 40


def same_by_diagrams(saga: Saga, explicit: Explicit, text: str) -> None:
    """The reachable records, with an abort and without, and the verdicts."""
    symbolic = Symbolic(saga)
    verdicts = explicit.verdicts()
    assert symbolic.count(symbolic.forward) == len(explicit.records), text
    every = explicit.reference.reachable(3000)
    if every is not None:
        running = [record for record in every if not record.finished]
        assert symbolic.count(symbolic.reachable) == len(running), text
    assert symbolic.ever(symbolic.stuck()) == bool(verdicts["stuck"]), text
    assert symbolic.ended_early() == verdicts["improper-completion"], text
    assert symbolic.never_begun() == verdicts["never-happens"], text
    assert symbolic.left_standing() == verdicts["undo"], text


def wide(branches: int, length: int, *, joined: int) -> Saga:
    """A fork into branches of several steps, of which so many are joined."""
    names = [[f"b{b}_{i}" for i in range(length + 1)] for b in range(branches)]
    rows = [
        f"{here} -> {there} : make_{there}"
        for branch in names
        for here, there in pairwise(branch)
    ]
    rows.append(f"ready -> {' & '.join(branch[0] for branch in names)} : split")
    ends = [branch[-1] for branch in names]
    rows.append(f"{' & '.join(ends[:joined])} -> shipped : ship")
    states = "\n".join(["initial ready", *chain(*names), "final shipped"])
    text = f"aggregate id\nstates {{\n{states}\n}}\ntransitions {{\n"
    return pinned_of("saga random {\n" + text + "\n".join(rows) + "\n}\n}\n").saga


def test_a_saga_with_thousands_of_millions_of_records() -> None:
    """Where no search comes to an end, two engines still agree."""
    sound, broken = wide(8, 7, joined=8), wide(8, 7, joined=7)
    symbolic = Symbolic(sound)
    assert symbolic.count(symbolic.forward) > 2_500_000_000
    assert not symbolic.ever(symbolic.stuck())
    assert not list(stuck.check(sound, Proof(sound)))
    left = Symbolic(broken)
    assert left.ever(left.stuck())
    assert list(stuck.check(broken, Proof(broken)))
