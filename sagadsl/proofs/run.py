"""A run that leads to a record: what a witness is shown as."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sagadsl.machine import Event, Kind, Machine, Record

Step = int


class Run(NamedTuple):
    """A run in the saga's words, the record it leads to and the places held there.

    A move is `pay`, `pay fails`, or `pay begins` for a step that stays in doubt, then
    `abort` and `undo pay`; steps of later rounds go by their action, as in a scenario.
    `waive pay` is of an upgrade on the way.
    """

    moves: tuple[str, ...]
    record: Record
    held: tuple[str, ...]


def run_to(machine: Machine, record: Record) -> Run:
    """A run to a record that is not finished, one step after the other.

    It is taken through the machine, so that nothing is shown that cannot happen.
    """
    reached = Record()
    moves: list[str] = []

    def move(words: str, step: Step | None, *kinds: Kind) -> None:
        nonlocal reached
        moves.append(words)
        for kind in kinds:
            reached = machine.apply(reached, Event(kind, step))

    undone = []
    for plan in machine.guards.plans:
        name, step = plan.rule.action, plan.rule.step
        if not record.begun & plan.bit:
            if record.done & plan.bit:
                reached = reached._replace(done=reached.done | plan.bit)
                moves.append(f"waive {name}")
            continue
        if record.done & plan.bit:
            move(name, step, Kind.BEGIN, Kind.DONE)
        elif record.closed & plan.bit and plan.fallible:
            move(f"{name} fails", step, Kind.BEGIN, Kind.FAIL)
        else:
            move(f"{name} begins", step, Kind.BEGIN)
        if record.closed & ~reached.closed & plan.bit:
            undone.append(plan)
    if record.control:
        move("abort", None, Kind.ABORT)
    for plan in reversed(undone):
        move(f"undo {plan.rule.action}", plan.rule.step, Kind.UNDO)
    assert reached == record, "a proof and the machine disagree"
    held = machine.guards.held(record)
    return Run(tuple(moves), record, tuple(place.name for place in held))


KINDS = {
    "": (Kind.BEGIN, Kind.DONE),
    "fails": (Kind.BEGIN, Kind.FAIL),
    "begins": (Kind.BEGIN,),
}


def walk(machine: Machine, moves: Iterable[str]) -> Record:
    """The record that the moves of a run lead to.

    Raises `Refused` if one of them cannot be made.
    """
    record = Record()
    for move in moves:
        name, _, how = move.partition(" ")
        if move == "abort":
            record = machine.apply(record, Event(Kind.ABORT))
        elif name == "waive" and how:
            bit = 1 << machine.due(record, Kind.BEGIN, how)
            record = record._replace(done=record.done | bit)
        elif name == "undo" and how:
            step = machine.due(record, Kind.UNDO, how)
            record = machine.apply(record, Event(Kind.UNDO, step))
        else:
            step = machine.due(record, Kind.BEGIN, name)
            for kind in KINDS[how]:
                record = machine.apply(record, Event(kind, step))
    return record
