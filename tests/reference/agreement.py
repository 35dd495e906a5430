"""The proofs beside a search through all records of a saga."""

from __future__ import annotations

import re
from collections import Counter

from explicit import Explicit, forward_records
from reference import Record, Reference

from sagadsl.checks import PHASES, PROOFS, overlap
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
    assert formula_records(proof) == set(records), text
    verdicts = explicit.verdicts()
    tally["sound"] += not any(verdicts.values())
    for rule, expected in verdicts.items():
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


def formula_records(proof: Proof) -> set[Record]:
    """Every record that the formula admits."""
    solver = Solver()
    guards = proof.formula.guards
    formula = Formula(solver, guards, record_of(solver, [p.bit for p in guards.plans]))
    formula.require()
    solver.require(-formula.record.aborting)
    lanes = {proof.steps[bit].name: lane for bit, lane in formula.record.lanes.items()}
    bits = [bit for lane in lanes.values() for bit in lane[:3]]
    records = set()
    while found := solver.find():
        begun, done, closed = (
            frozenset(name for name, lane in lanes.items() if lane[word] in found)
            for word in range(3)
        )
        records.add(Record(begun, done, closed))
        solver.require(*(-bit if bit in found else bit for bit in bits))
    return records
