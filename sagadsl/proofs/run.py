"""A run that leads to a record: what a witness is shown as."""

from __future__ import annotations

from typing import NamedTuple

from sagadsl.machine import Event, Kind, Machine, Record


class Run(NamedTuple):
    """A run in the saga's words, the record it leads to and the places held there.

    A move is `pay`, `pay fails`, or `pay begins` for a step that stays in doubt; the
    steps of later rounds go by their action, as in a scenario.
    """

    moves: tuple[str, ...]
    record: Record
    held: tuple[str, ...]


def run_to(machine: Machine, record: Record) -> Run:
    """A run to a record in which nothing was given up, one step after the other.

    It is taken through the machine, so that nothing is shown that cannot happen.
    """
    reached = Record()
    moves: list[str] = []
    for plan in machine.guards.plans:
        if not record.begun & plan.bit:
            continue
        events = [Kind.BEGIN]
        name = plan.rule.action
        if record.done & plan.bit:
            events.append(Kind.DONE)
        elif record.closed & plan.bit:
            events.append(Kind.FAIL)
            name += " fails"
        else:
            name += " begins"
        for kind in events:
            reached = machine.apply(reached, Event(kind, plan.rule.step))
        moves.append(name)
    assert reached == record, "a proof and the machine disagree"
    held = machine.guards.held(record)
    return Run(tuple(moves), record, tuple(place.name for place in held))
