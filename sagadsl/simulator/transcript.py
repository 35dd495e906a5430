"""A session as a scenario, for the saga's own file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from sagadsl.machine import ABORTING, Event, Kind, Machine, Record
from sagadsl.model import Move, Pinned, Saga, Scenario
from sagadsl.proofs.scenario import play
from sagadsl.source import Span


class NoScenario(Exception):
    """Why a session cannot be written as a scenario."""


def write_scenario(
    pinned: Pinned, machine: Machine, events: Sequence[Event], record: Record
) -> str:
    """The line for `scenarios { … }`, played before it is given; or `NoScenario`."""
    saga = pinned.saga
    nowhere = Span(saga.source, 0, 0)
    moves = tuple(
        Move(name, fails, nowhere) for name, fails in _moves(saga, machine, events)
    )
    if not moves:
        raise NoScenario("nothing has happened")
    result = _result(machine, record)
    scenario = Scenario(_title(saga), moves, result, nowhere)
    _hold(pinned, scenario)
    made = ", ".join(move.text for move in moves)
    return f"{json.dumps(scenario.title)} : {made} => {result}"


def _moves(
    saga: Saga, machine: Machine, events: Sequence[Event]
) -> Iterator[tuple[str, bool]]:
    """Each step where it began, with the outcome it came to; and who asked to abort."""
    rules = {rule.step: rule for rule in machine.rules}
    outcomes: dict[object, Kind] = {}
    for event in events:
        if event.kind is not Kind.BEGIN:
            outcomes.setdefault(event.step, event.kind)
    failed = False
    for kind, step in events:
        if kind is Kind.ABORT and not failed:
            if saga.abort is None:
                raise NoScenario("the saga declares no `abort` that a move could name")
            yield saga.abort.name, False
        if kind is not Kind.BEGIN or not isinstance(step, int):
            continue
        rule = rules[step]
        outcome = outcomes.get(step)
        if outcome is None:
            raise NoScenario(f"`{rule.name}` is in doubt, which no move can say")
        if outcome is Kind.UNDO:
            raise NoScenario(
                f"`{rule.name}` was undone in doubt, which no move can say"
            )
        failed |= outcome is Kind.FAIL and not rule.otherwise
        yield rule.action, outcome is Kind.FAIL


def _result(machine: Machine, record: Record) -> str:
    """The outcome, or of the states that are held a final one, else the first."""
    given_up = record.closed & ~record.done & machine.guards.dead_ends
    if given_up or record.control & ABORTING:
        return "compensated"
    held = machine.guards.held(record)
    final = [place for place in held if place.kind.startswith("final")]
    for place in final or held:
        return str(place.state)
    raise NoScenario("it stands in no state")


def _title(saga: Saga) -> str:
    """`session`, with a number where that is taken."""
    taken = {scenario.title for scenario in saga.scenarios}
    title, number = "session", 1
    while title in taken:
        number += 1
        title = f"session {number}"
    return title


def _hold(pinned: Pinned, scenario: Scenario) -> None:
    """Scenarios are of the saga as it is now, whichever version was simulated."""
    saga = pinned.saga
    known = {*saga.transitions, *([saga.abort.name] if saga.abort else [])}
    for move in scenario.moves:
        if move.action not in known:
            raise NoScenario(f"the saga has no `{move.action}` any more")
    wrong = play(saga, pinned.latest.machine(), scenario).wrong
    if wrong:
        raise NoScenario(f"in the newest version it goes another way: {wrong}")
