"""The guards and the triggers accept what the reference accepts, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from comparison import Comparison
from judges import DATABASES, LANES, Judge, Open, Row, judged
from reference import STEP_KINDS, Event, Record
from subjects import of_machine, pinned_of, random_sagas

from sagadsl.driver import compile_saga
from sagadsl.model import Pinned
from sagadsl.sql import event_guard, held_guard, valid_guard

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").rglob("*.saga"))


class Subject:
    """A saga with the records that are looked at, packed in the order of a list."""

    def __init__(self, pinned: Pinned, most: int, every: int) -> None:
        self.pinned = pinned
        self.version = pinned.latest.number
        self.guards = pinned.latest.machine().guards
        self.comparison: Comparison = of_machine(pinned)
        self.reference = self.comparison.reference
        self.positions = self.comparison.positions
        reachable = self.reference.reachable(most)
        self.records: list[Record] = []
        if reachable:
            near = self.comparison._near(reachable)[::every]
            self.records = [*reachable, *near]
            self.reachable = reachable
            self.exact = not any(self.reference.swallows(reachable))

    def row(self, record: Record, seq: int) -> Row:
        begun, done, closed, control = self.comparison.packed(record)
        return Row(self.version, begun, done, closed, control, seq)

    def moves(self) -> Iterator[tuple[int, Row, bool]]:
        """Every change of one bit, and a few others, and whether an event makes it."""
        every_bit = self.guards.steps | self.guards.steps + 1
        for number, record in enumerate(self.records):
            after = {
                self.row(self.reference.apply(record, event), 2)
                for event in self.reference.events(record)
            }
            row = self.row(record, 2)
            yield number, row, True
            for lane in LANES.split(", "):
                bits = every_bit if lane != "control" else 7
                for at in range(bits.bit_length()):
                    changed = row._replace(**{lane: getattr(row, lane) ^ 1 << at})
                    yield number, changed, changed in after
            for one, other in pairwise(sorted(after)):
                both = (a | b for a, b in zip(one, other, strict=True))
                yield number, Row(*both), False


def compare_triggers(subject: Subject, judge: Judge) -> int:
    """Hold the triggers to the reference; how many changes they have judged."""
    rows = [subject.row(record, 1) for record in subject.records]
    moves = list(subject.moves())
    accepted = judged(judge, subject.pinned, rows, [move[:2] for move in moves])
    for (number, row, expected), actual in zip(moves, accepted, strict=True):
        if expected != actual:
            shown = f"{rows[number]}\n{row}\nexpected {expected}, actual {actual}"
            pytest.fail(f"{shown}\n{subject.pinned.saga.source.text}")
    return len(moves)


def compare_guards(subject: Subject, judge: Judge) -> int:
    """Hold each guard to the reference; how many verdicts there were."""
    guards = subject.guards
    plans = {plan.rule.name: plan for plan in guards.plans}
    expected: dict[str, Callable[[Record], bool]] = {}
    for kind in (*STEP_KINDS, "waive"):
        for name, plan in plans.items():
            guard = event_guard(guards, kind, plan)
            expected[guard + f" /* {kind} {name} */"] = _may(subject, Event(kind, name))
    for kind in ("abort", "finish"):
        guard = event_guard(guards, kind, None)
        expected[guard + f" /* {kind} */"] = _may(subject, Event(kind))
    for place in guards.places:
        guard = held_guard(place)
        expected[guard + f" /* {place.name} */"] = _held(subject, place.name)
    if subject.exact:
        expected[valid_guard(guards)] = lambda record: record in subject.reachable
    for guard, holds in expected.items():
        query = f"SELECT aggregate_id FROM saga_process WHERE {guard}"
        actual = {int(number) for (number,) in judge.rows(query)}
        wanted = {n for n, record in enumerate(subject.records) if holds(record)}
        for number in actual ^ wanted:
            text = subject.pinned.saga.source.text
            pytest.fail(f"{guard}\n{subject.records[number]}\n{text}")
    return len(expected) * len(subject.records)


def _may(subject: Subject, event: Event) -> Callable[[Record], bool]:
    return lambda record: subject.reference.may(record, event)


def _held(subject: Subject, place: str) -> Callable[[Record], bool]:
    return lambda record: subject.reference.is_held(record, place)


def compare(sagas: Iterable[Pinned], open_judge: Open, most: int, every: int) -> int:
    """Everything of each saga that has not too many records."""
    compared = 0
    for pinned in sagas:
        subject = Subject(pinned, most, every)
        if subject.records:
            judge = open_judge()
            compared += compare_triggers(subject, judge)
            compared += compare_guards(subject, judge)
    return compared


@pytest.mark.parametrize("database", DATABASES)
def test_random_sagas(
    open_judge: Open, record_property: Callable[[str, object], None]
) -> None:
    """Every record that can be, and of those one bit away a part."""
    compared = compare(random_sagas(range(30_000, 30_020), 5), open_judge, 40, 3)
    record_property("compared", compared)
    assert compared > 30_000


@pytest.mark.slow
@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize("first", range(31_000, 31_400, 40))
def test_many_sagas(
    first: int, open_judge: Open, record_property: Callable[[str, object], None]
) -> None:
    """Every record of hundreds of sagas, and every one that is one bit away."""
    compared = compare(random_sagas(range(first, first + 40), 6), open_judge, 60, 1)
    record_property("compared", compared)
    assert compared > 200_000


@pytest.mark.parametrize("database", DATABASES)
def test_examples(
    open_judge: Open, record_property: Callable[[str, object], None]
) -> None:
    """The smaller examples, and a sample of what is one bit away."""
    compared = compare(examples(), open_judge, 60, 19)
    record_property("compared", compared)
    assert compared > 20_000


@pytest.mark.slow
@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_each_example(
    path: Path, open_judge: Open, record_property: Callable[[str, object], None]
) -> None:
    """Each example: all its records if it has less than some thousands."""
    pinned = pinned_of(path.read_text(encoding="utf-8"), path.stem)
    compared = compare([pinned], open_judge, 3000, 7)
    record_property("compared", compared)
    if not compared:
        pytest.skip("more than 3000 records")


def examples() -> Iterator[Pinned]:
    for path in EXAMPLES:
        pinned, _ = compile_saga(path.name, path.read_bytes(), None)
        if pinned:
            yield pinned
