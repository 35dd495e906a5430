"""Logs of random runs by the reference, corrupted, and judged by it row by row."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from reference import Event, Record, Reference

from sagadsl.model import Pinned

NOTES = ("start", "try", "asked", "late")
WORDS = ("begin", "done", "fail", "undo", "abort", "finish")


class Told(NamedTuple):
    """A row of a log; an empty event says that the step was taken."""

    aggregate: int
    seq: int
    version: int
    event: str
    step: int | None


class Found(NamedTuple):
    """The first bad row of an aggregate, by its place among the rows of that."""

    aggregate: int
    place: int
    kind: str


def write_log(pinned: Pinned, rng: Random, aggregates: int) -> list[Told]:
    """The rows of so many aggregates, in order, many with something wrong."""
    rows = []
    for aggregate in range(aggregates):
        own = list(_run(pinned, rng, aggregate))
        for _ in range(rng.choice((0, 0, 1, 1, 2))):
            own = _corrupted(own, rng, len(pinned.positions))
        rows += sorted(own, key=lambda row: row.seq)
    return rows


def _run(pinned: Pinned, rng: Random, aggregate: int) -> Iterator[Told]:
    reference, positions = Reference(pinned.saga), pinned.positions
    version = pinned.latest.number
    record, seq, masks = Record(), 0, rng.random() < 0.2
    for _ in range(rng.randint(1, 30)):
        events = reference.events(record)
        if masks:
            events = [Event("", e.step) for e in events if e.kind == "begin"]
        if not events:
            break
        event = rng.choice(events)
        seq += 1
        if rng.random() < 0.1:
            yield Told(aggregate, seq, version, rng.choice(NOTES), None)
            seq += 1
        position = positions.get(event.step)
        yield Told(aggregate, seq, version, event.kind, position)
        record = after(reference, record, event)


def after(reference: Reference, record: Record, event: Event) -> Record:
    if event.kind:
        return reference.apply(record, event)
    begun = reference.apply(record, Event("begin", event.step))
    return reference.apply(begun, Event("done", event.step))


def _corrupted(rows: list[Told], rng: Random, steps: int) -> list[Told]:
    if not rows:
        return rows
    rows = list(rows)
    at = rng.randrange(len(rows))
    row = rows[at]
    match rng.randrange(9):
        case 0:
            rows[at] = row._replace(event=rng.choice(WORDS))
        case 1:
            rows[at] = row._replace(step=rng.randrange(steps))
        case 2:
            rows[at] = row._replace(step=rng.choice((None, -1, steps, 62, 200)))
        case 3:
            rows[at] = row._replace(version=rng.choice((0, 2, 9)))
        case 4:
            rows[at] = row._replace(event="nonsense")
        case 5:
            rows.insert(at, row)
            return _counted(rows) if rng.random() < 0.5 else rows
        case 6:
            del rows[at]
            return _counted(rows) if rng.random() < 0.5 else rows
        case 7:
            other = rng.randrange(len(rows))
            rows[at], rows[other] = rows[other], rows[at]
            return _counted(rows)
        case 8:
            rows[at] = row._replace(event="")
    return rows


def _counted(rows: list[Told]) -> list[Told]:
    return [row._replace(seq=n) for n, row in enumerate(rows, start=1)]


def first_bad(pinned: Pinned, rows: list[Told], *, counted: bool) -> list[Found]:
    """What the reference says of a log; `counted` if its numbers matter."""
    judge = _Judge(pinned, counted=counted)
    return [found for row in rows if (found := judge.take(row))]


class _Judge:
    def __init__(self, pinned: Pinned, *, counted: bool) -> None:
        self.reference = Reference(pinned.saga)
        self.names = {step: name for name, step in pinned.positions.items()}
        self.version = pinned.latest.number
        self.counted = counted
        self.records: dict[int, Record] = {}
        self.places: dict[int, int] = {}
        self.bad: set[int] = set()

    def take(self, row: Told) -> Found | None:
        """What is wrong with a row, if it is the first of its aggregate."""
        if row.aggregate in self.bad:
            return None
        place = self.places[row.aggregate] = self.places.get(row.aggregate, 0) + 1
        kind = self._kind(row, place)
        if not kind:
            return None
        self.bad.add(row.aggregate)
        return Found(row.aggregate, place, kind)

    def _kind(self, row: Told, place: int) -> str:
        if self.counted and row.seq != place:
            return "sequence"
        if row.version != self.version:
            return "version"
        if row.event in NOTES:
            return ""
        if row.event not in ("", *WORDS):
            return "event"
        whole = row.event in ("abort", "finish")
        if not whole and row.step not in self.names:
            return "step"
        name = "" if whole or row.step is None else self.names[row.step]
        event = Event(row.event, name)
        record = self.records.get(row.aggregate, Record())
        if not self.reference.may(record, event._replace(kind=row.event or "begin")):
            return "refused"
        self.records[row.aggregate] = after(self.reference, record, event)
        return ""
