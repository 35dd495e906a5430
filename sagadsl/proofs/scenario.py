"""What becomes of a scenario when its moves are made."""

from __future__ import annotations

from typing import NamedTuple

from sagadsl.machine import Event, Kind, Machine, Record, Refused
from sagadsl.model import Move, Saga, Scenario


class Played(NamedTuple):
    """How far a scenario came: the moves that were made, and what is wrong, if any.

    `wrong` is empty if the scenario holds; `record` is where it stands at its end, and
    `events` are those of the moves, as `take` makes them.
    """

    made: tuple[str, ...]
    events: tuple[Event, ...]
    record: Record
    wrong: str


def play(saga: Saga, machine: Machine, scenario: Scenario) -> Played:
    """Make the moves of a scenario and judge its result.

    An action is begun and done, or begun and failed, in the round that is due; the
    request to abort is a move as well.
    """
    record = Record()
    made: list[str] = []
    events: list[Event] = []
    for number, move in enumerate(scenario.moves, start=1):
        event = event_of(saga, machine, record, move)
        try:
            record = take(machine, record, event)
        except Refused as refused:
            expected = number == len(scenario.moves) and scenario.result == "refused"
            wrong = "" if expected else refused.reason
            return Played(tuple(made), tuple(events), record, wrong)
        made.append(move.text)
        events.append(event)
    wrong = _result(saga, machine, record, scenario.result)
    return Played(tuple(made), tuple(events), record, wrong)


def event_of(saga: Saga, machine: Machine, record: Record, move: Move) -> Event:
    """What a move asks for where a record stands: of rounds, the one that is due."""
    if saga.abort and move.action == saga.abort.name:
        return Event(Kind.ABORT)
    step = machine.due(record, Kind.BEGIN, move.action)
    return Event(Kind.FAIL if move.fails else Kind.DONE, step)


def take(machine: Machine, record: Record, event: Event) -> Record:
    """The record after an event, or `Refused`; what is done or fails begins before."""
    if event.kind in (Kind.DONE, Kind.FAIL):
        record = machine.apply(record, Event(Kind.BEGIN, event.step))
    return machine.apply(record, event)


def give_up(machine: Machine, record: Record) -> tuple[Event, ...]:
    """The events that abort a process, undo what it has done and end it.

    Raises `Refused` where that cannot be.
    """
    events: list[Event] = []

    def happen(event: Event) -> None:
        nonlocal record
        record = machine.apply(record, event)
        events.append(event)

    if not record.control:
        happen(Event(Kind.ABORT))
    while undos := [e for e in machine.events(record) if e.kind is Kind.UNDO]:
        happen(undos[0])
    happen(Event(Kind.FINISH))
    return tuple(events)


def _result(saga: Saga, machine: Machine, record: Record, result: str) -> str:
    """What is wrong with the result of a scenario whose moves are all made."""
    if result == "refused":
        return "no move is refused"
    if result in ("compensated", "expired"):
        return _given_up(saga, machine, record, expires=result == "expired")
    held = machine.standing(record)
    if record.control:
        return "it is aborting, and stands in no state"
    if result not in held:
        where = " and ".join(f"`{state}`" for state in held)
        return f"it stands in {where or 'no state'}"
    return ""


def _given_up(saga: Saga, machine: Machine, record: Record, *, expires: bool) -> str:
    """Why a process does not end compensated, be it for a failure or for its age."""
    failed = record.closed & ~record.done & machine.guards.dead_ends
    if expires and not saga.expires:
        return "the saga has no `expires after`"
    if not expires and not failed and not record.control:
        return "nothing gives it up: no move failed for good or asked to abort"
    try:
        give_up(machine, record)
    except Refused as refused:
        return refused.reason
    return ""
