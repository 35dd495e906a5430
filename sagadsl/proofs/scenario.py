"""What becomes of a scenario when its moves are made."""

from __future__ import annotations

from typing import NamedTuple

from sagadsl.machine import Event, Kind, Machine, Record, Refused
from sagadsl.model import Saga, Scenario


class Played(NamedTuple):
    """How far a scenario came: the moves that were made, and what is wrong, if any.

    `wrong` is empty if the scenario holds; `record` is where it stands at its end.
    """

    made: tuple[str, ...]
    record: Record
    wrong: str


def play(saga: Saga, machine: Machine, scenario: Scenario) -> Played:
    """Make the moves of a scenario and judge its result.

    An action is begun and done, or begun and failed, in the round that is due; the
    request to abort is a move as well.
    """
    record = Record()
    made: list[str] = []
    for number, move in enumerate(scenario.moves, start=1):
        last = number == len(scenario.moves)
        try:
            record = _moved(saga, machine, record, move.action, fails=move.fails)
        except Refused as refused:
            if last and scenario.result == "refused":
                return Played(tuple(made), record, "")
            return Played(tuple(made), record, refused.reason)
        made.append(f"{move.action} fails" if move.fails else move.action)
    return Played(tuple(made), record, _result(saga, machine, record, scenario.result))


def _moved(
    saga: Saga, machine: Machine, record: Record, action: str, *, fails: bool
) -> Record:
    if saga.abort and action == saga.abort.name:
        return machine.apply(record, Event(Kind.ABORT))
    step = machine.due(record, Kind.BEGIN, action)
    record = machine.apply(record, Event(Kind.BEGIN, step))
    return machine.apply(record, Event(Kind.FAIL if fails else Kind.DONE, step))


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
        if not record.control:
            record = machine.apply(record, Event(Kind.ABORT))
        undone = True
        while undone:
            undos = [e for e in machine.events(record) if e.kind is Kind.UNDO]
            undone = bool(undos)
            record = machine.apply(record, undos[0]) if undos else record
        machine.apply(record, Event(Kind.FINISH))
    except Refused as refused:
        return refused.reason
    return ""
