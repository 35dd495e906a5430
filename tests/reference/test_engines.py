"""The proofs and a search through all records say the same of random sagas."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from itertools import chain, pairwise

import pytest
from explicit import Explicit, forward_records
from reference import Reference
from subjects import pinned_of, random_sagas
from symbolic import Symbolic

from sagadsl.checks import PHASES, PROOFS, overlap, stuck
from sagadsl.diagnostics import Finding
from sagadsl.model import Saga
from sagadsl.proofs import Proof
from sagadsl.proofs.formula import Formula, record_of
from sagadsl.proofs.solver import Solver


def names(finding: Finding, saga: Saga) -> set[str]:
    """What a finding is about, in the terms of the oracle."""
    quoted = re.findall(r"`([^`]*)`", finding.message)
    match finding.rule.name:
        case "stuck":
            return {"stuck"}
        case "never-final":
            return {"never"}
        case "broken-property":
            return {str(finding.span.start)}
        case "nondeterminism":
            return {quoted[2]}
        case "never-happens":
            return {quoted[0]}
    return {quoted[0]}


def agree(saga: Saga, tally: Counter[str]) -> None:
    """Every rule finds what the search finds, neither less nor more."""
    records = forward_records(Reference(saga), 400)
    if records is None:
        return
    explicit = Explicit(saga, records)
    proof = Proof(saga)
    sound = not any(list(check(saga)) for phase in PHASES for check in phase)
    tally["without forks"] += sound and proof.one_at_a_time
    # What the checks of the graph have not seen to, the formula must.
    proof.one_at_a_time = sound and proof.one_at_a_time
    text = saga.source.text
    overlaps = {n for f in overlap.check(saga, proof) for n in names(f, saga)}
    # Past the first overlap the formula knows less: what it blames is still right.
    assert overlaps <= explicit.overlap(), text
    assert bool(overlaps) == bool(explicit.overlap()), text
    tally["sagas"] += 1
    if overlaps:
        tally["overlap"] += 1
        return
    assert formula_records(saga, proof) == len(records), text
    same_by_diagrams(saga, explicit, text)
    for rule, expected in explicit.verdicts().items():
        found = set()
        for phase in PROOFS:
            for module in phase:
                if module.RULE.name == rule:
                    for finding in module.check(saga, proof):
                        found |= names(finding, saga)
        if rule == "never-happens":
            actions = {s.transition.action for s in saga.steps if s.name in expected}
            assert found <= actions, (rule, text)
            assert bool(found) == bool(actions), (rule, text)
        else:
            assert expected == found, (rule, text)
        tally[rule] += bool(expected)


def same_by_diagrams(saga: Saga, explicit: Explicit, text: str) -> None:
    """A third engine, which knows sets of records only, agrees with the search."""
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


def formula_records(saga: Saga, proof: Proof) -> int:
    """How many records the formula admits; each is taken through the machine."""
    count = 0
    solver = Solver()
    guards = proof.formula.guards
    formula = Formula(solver, guards, record_of(solver, [p.bit for p in guards.plans]))
    formula.require()
    solver.require(-formula.record.aborting)
    lanes = formula.record.lanes.values()
    bits = [bit for lane in lanes for bit in (lane.begun, lane.done, lane.closed)]
    while found := solver.find():
        count += 1
        solver.require(*(-bit if bit in found else bit for bit in bits))
    return count


@pytest.mark.parametrize("first", range(0, 400, 100))
def test_proofs_agree_with_a_search(
    first: int, record_property: Callable[[str, object], None]
) -> None:
    """On verdicts, on whom they blame, and on the set of reachable records."""
    tally: Counter[str] = Counter()
    for pinned in random_sagas(range(first, first + 100), 6):
        agree(pinned.saga, tally)
    record_property("verdicts", dict(tally))
    assert tally["sagas"] > 60


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
