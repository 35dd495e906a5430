"""What may happen next: how it is numbered, and how it is typed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sagadsl.machine import Event, Kind, Machine, Record

_VERBS = {"done": Kind.DONE, "fail": Kind.FAIL, "undo": Kind.UNDO}


class Option(NamedTuple):
    """One thing that may happen: what is typed for it, what it is, and its events.

    Of a step `note` tells where it leads, and `trigger` what fires it.
    """

    words: str
    note: str
    events: tuple[Event, ...]
    trigger: str = ""


def options(machine: Machine, record: Record) -> list[Option]:
    """Steps first, then the outcomes of those in doubt, compensations and the abort."""
    rules = {rule.step: rule for rule in machine.rules}
    rows = {row.action: row for row in machine.transitions}
    undoes = dict(machine.compensations)
    found: list[Option] = []
    for event in machine.events(record):
        kind, step = event
        if kind is Kind.ABORT:
            found.append(Option("abort", _abort_note(machine, record), (event,)))
        if not isinstance(step, int):
            continue
        rule = rules[step]
        if kind is Kind.BEGIN:
            row = rows[rule.action]
            events = (event, Event(Kind.DONE, step))
            note = f"-> {row.next}"
            found.append(Option(rule.action, note, events, row.trigger))
        else:
            notes = {Kind.DONE: "it has happened", Kind.FAIL: "it has not happened"}
            note = notes.get(kind, f"{undoes.get(step)}")
            found.append(Option(f"{kind} {rule.name}", note, (event,)))
    return found


def events_of(machine: Machine, record: Record, words: Sequence[str]) -> list[Event]:
    """The events that an input asks for; none if it asks for none.

    Names come before words such as `abort`: what is so named still has its number.
    """
    names = {name for rule in machine.rules for name in (rule.name, rule.action)}
    asked = {"abort", machine.abort.name} if machine.abort else {"abort"}
    undoes = {undo for _, undo in machine.compensations}
    match words:
        case [number] if option := _numbered(machine, record, number):
            return list(option.events)
        case [name] if name in names:
            return _outcome(machine, record, name, Kind.DONE)
        case [name, "fails"] if name in names:
            return _outcome(machine, record, name, Kind.FAIL)
        case [abort] if abort in asked:
            return [Event(Kind.ABORT)]
        case [undo] if undo in undoes:
            return [_undo_by(machine, record, undo)]
        case [verb] if verb in _VERBS:
            doubtful = _in_doubt(machine, record)
            return [Event(_VERBS[verb], doubtful[0])] if len(doubtful) == 1 else []
        case [verb, name]:
            if option := _numbered(machine, record, name):
                name = _name(machine, option.events[0])
            return _said_of(machine, record, verb, name) if name in names else []
    return []


def _said_of(machine: Machine, record: Record, verb: str, name: str) -> list[Event]:
    """What a verb asks for of a step."""
    if verb == "crash":
        return [Event(Kind.BEGIN, machine.due(record, Kind.BEGIN, name))]
    if verb == "undo":
        return [Event(Kind.UNDO, machine.due(record, Kind.UNDO, name))]
    return _outcome(machine, record, name, _VERBS[verb]) if verb in _VERBS else []


def _outcome(machine: Machine, record: Record, name: str, kind: Kind) -> list[Event]:
    """That a step comes to an outcome: one that is in doubt has begun already."""
    step = machine.due(record, kind, name)
    if step in _in_doubt(machine, record):
        return [Event(kind, step)]
    step = machine.due(record, Kind.BEGIN, name)
    return [Event(Kind.BEGIN, step), Event(kind, step)]


def _in_doubt(machine: Machine, record: Record) -> list[int]:
    doubt = record.begun & ~record.done & ~record.closed
    return [rule.step for rule in machine.rules if doubt >> rule.step & 1]


def _undo_by(machine: Machine, record: Record, undo: str) -> Event:
    """The step that a compensation would take back, rather one that it may."""
    known = [
        Event(Kind.UNDO, s) for s, action in machine.compensations if action == undo
    ]
    may = machine.events(record)
    return next((event for event in known if event in may), known[0])


def _numbered(machine: Machine, record: Record, number: str) -> Option | None:
    """The option of a number, counted from 1 as they are shown."""
    if not (number.isascii() and number.isdecimal() and len(number) < 6):
        return None
    return dict(enumerate(options(machine, record), start=1)).get(int(number))


def _name(machine: Machine, event: Event) -> str:
    rules = {rule.step: rule.name for rule in machine.rules}
    return rules.get(event.step, "") if isinstance(event.step, int) else ""


def _abort_note(machine: Machine, record: Record) -> str:
    """Why it may be given up, or by whom, and what would be undone."""
    guards = machine.guards
    failed = guards.names(record.closed & ~record.done & guards.dead_ends)
    note = "by an operator"
    if failed:
        note = f"since {failed} failed".replace("`", "")
    elif machine.abort:
        actors = " | ".join(machine.abort.actors) or "anyone"
        note = f"{machine.abort.name} by {actors}"
    undone = ", ".join(machine.to_undo(record))
    return f"{note}, then {undone}" if undone else note
