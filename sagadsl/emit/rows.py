"""The user's own table: previous, next, action; and what is said beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sagadsl.machine import Action, Rule
from sagadsl.model import Pinned, Saga, Transition, Version

_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


class Row(NamedTuple):
    """A line of the table; `trigger` also has the bound of a loop."""

    prev: str
    next: str
    action: str
    trigger: str
    doc: str


class Position(NamedTuple):
    """A step, its bit, and the versions that have it, as in `1` or `1, 2`."""

    number: int
    step: str
    versions: str


def rows(saga: Saga) -> list[Row]:
    """The table, in the order in which it was written."""
    return [_row(saga, transition) for transition in saga.transitions.values()]


def next_cell(targets: Sequence[str], otherwise: Sequence[str]) -> str:
    """The states that a row leads to, as they are written."""
    leads = (targets, otherwise)
    return " else ".join(Rule.cell([states]) for states in leads if states)


def bound(limit: int) -> str:
    """How often a row may be taken, as in `up to 2 times`; empty if it is no loop."""
    return f"up to {_counted(limit, 'time')}" if limit else ""


def undoes(saga: Saga) -> list[tuple[str, str]]:
    """Each action with what takes it back."""
    return [(row.action, row.compensation) for row in saga.compensations.values()]


def performed(saga: Saga, version: Version) -> list[tuple[str, str, str]]:
    """Each action of a version that our code performs, how, and what is said of it."""
    return [
        (
            action.name,
            ", ".join(clauses(action)),
            saga.actions[action.name].doc if action.name in saga.actions else "",
        )
        for action in version.rows.actions
    ]


def positions(pinned: Pinned) -> list[Position]:
    """Every bit, also of steps that only earlier versions have."""
    names: dict[int, str] = {}
    versions: dict[int, list[str]] = {}
    for version in pinned.versions:
        for rule in version.rows.rules:
            names[rule.step] = rule.name
            versions.setdefault(rule.step, []).append(str(version.number))
    return [
        Position(number, names[number], ", ".join(versions[number]))
        for number in sorted(names)
    ]


def duration(seconds: int) -> str:
    """A time in its largest whole unit, as in `90 minutes`."""
    size, unit = next(unit for unit in _UNITS if not seconds % unit[0])
    return _counted(seconds // size, unit)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _row(saga: Saga, row: Transition) -> Row:
    action = saga.actions.get(row.action)
    return Row(
        Rule.cell(row.sources),
        next_cell(row.targets, row.otherwise),
        row.action,
        " ".join(filter(None, (row.trigger.text, bound(row.limit)))),
        "; ".join(filter(None, (row.doc, action.doc if action else ""))),
    )


def clauses(row: Action) -> Iterator[str]:
    """How an action is performed, in the words of the language."""
    yield row.effect or "a fact"
    if row.probe:
        yield f"probe {row.probe}"
    elif row.effect == "once":
        yield "in doubt park"
    if row.attempts > 1 or row.pause:
        every = f" every {duration(row.pause)}" if row.pause else ""
        longest = f" up to {duration(row.longest)}" if row.longest else ""
        yield f"retry {_counted(row.attempts, 'time')}{every}{longest}"
    if row.timeout:
        yield f"timeout {duration(row.timeout)}"
    flags = {
        "pivot": row.pivot,
        "cannot fail": row.cannot_fail,
        "no undo": row.no_undo,
        "even if in doubt": row.even_if_in_doubt,
    }
    yield from (word for word, said in flags.items() if said)
