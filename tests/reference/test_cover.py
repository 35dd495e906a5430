"""The runs that cover a saga leave out nothing that a search through all runs sees."""

from __future__ import annotations

from explicit import forward_records
from reference import Event, Record, Reference
from subjects import random_sagas

from sagadsl.checks import overlap
from sagadsl.machine import Record as Words
from sagadsl.model import Saga
from sagadsl.proofs import Proof
from sagadsl.proofs.cover import cover

Item = tuple[str, str]


def items(reference: Reference, record: Record, *, aborts: bool) -> set[Item]:
    """What a run covers: steps done, failed with an `else`, and undone."""
    steps = reference.steps
    return (
        {("done", name) for name in record.done}
        | {("fail", name) for name in record.failed if steps[name].otherwise}
        | {
            ("undo", name)
            for name in record.done
            if aborts and reference.compensation(name)
        }
    )


def whole_runs(saga: Saga, records: list[Record]) -> list[tuple[int, set[Item]]]:
    """How long each run is that can end where it stands, and what it covers."""
    reference = Reference(saga)
    steps = reference.steps
    covered = []
    for record in records:
        given_up = any(not steps[name].otherwise for name in record.failed)
        if given_up or record.in_doubt:
            continue
        if reference.may(record, Event("finish")):
            covered.append((len(record.begun), items(reference, record, aborts=False)))
        if reference.may(record, Event("abort")):
            covered.append((len(record.begun), items(reference, record, aborts=True)))
    return covered


def names(proof: Proof, words: Words) -> Record:
    """A record of the proof in the terms of the search."""
    begun, done, closed = (
        frozenset(step.name for step in proof.steps_in(lane))
        for lane in (words.begun, words.done, words.closed)
    )
    return Record(begun, done, closed)


def test_each_run_covers_as_many_as_any_and_together_all() -> None:
    compared = 0
    for pinned in random_sagas(range(150), 6):
        saga = pinned.saga
        reference = Reference(saga)
        proof = Proof(saga)
        records = forward_records(reference, 400)
        if records is None or any(overlap.check(saga, proof)):
            continue
        whole = whole_runs(saga, records)
        left: set[Item] = set().union(*(each for _, each in whole))
        for walk in cover(Proof(saga)):
            record = names(proof, walk.record)
            assert record in records
            covered = left & items(reference, record, aborts=walk.aborts)
            assert covered
            assert len(covered) == max(len(left & each) for _, each in whole)
            same = [length for length, each in whole if covered <= each]
            assert len(record.begun) == min(same)
            left -= covered
        assert not left, saga.source.text
        compared += 1
    assert compared > 60


def test_it_is_the_same_however_the_solver_has_searched() -> None:
    """So every machine, and every release of the solver, gives the same runs."""
    for pinned in random_sagas(range(30), 7):
        asked = Proof(pinned.saga)
        for step in pinned.saga.steps:
            asked.ever(asked.of(step).failed)
            asked.find(-asked.of(step).done, asked.formula.at_end())
        assert list(cover(asked)) == list(cover(Proof(pinned.saga)))
