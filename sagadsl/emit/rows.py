"""The user's own table: previous, next, action; and what is said beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sagadsl.machine import Action, Rule
from sagadsl.model import Pinned, Saga, Transition

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


def undoes(saga: Saga) -> list[tuple[str, str]]:
    """Each action with what takes it back."""
    return [(row.action, row.compensation) for row in saga.compensations.values()]


def performed(saga: Saga) -> list[tuple[str, str, str]]:
    """Each action that our code performs, how, and what is said of it."""
    return [
        (name, ", ".join(clauses(action.row, parks=action.parks)), action.doc)
        for name, action in saga.actions.items()
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
    leads = [Rule.cell([states]) for states in (row.targets, row.otherwise) if states]
    limit = f"up to {_counted(row.limit, 'time')}" if row.limit else ""
    action = saga.actions.get(row.action)
    return Row(
        Rule.cell(row.sources),
        " else ".join(leads),
        row.action,
        " ".join(filter(None, (row.trigger.text, limit))),
        "; ".join(filter(None, (row.doc, action.doc if action else ""))),
    )


def clauses(row: Action, *, parks: bool = False) -> Iterator[str]:
    """How an action is performed, in the words of the language."""
    yield row.effect or "a fact"
    if row.probe:
        yield f"probe {row.probe}"
    if parks:
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
