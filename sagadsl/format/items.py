"""How the parts of a saga are written: the header's, and each item in cells."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from sagadsl import syntax

_CLAUSES: Final = (
    "once",
    "idempotent",
    syntax.Probe,
    "in doubt park",
    syntax.Retry,
    syntax.Timeout,
    "cannot fail",
    "pivot",
    "no undo",
    "even if in doubt",
)


def string(text: syntax.Text) -> str:
    """A string, with no more escapes than it needs."""
    return json.dumps(text.value, ensure_ascii=False)


def _doc(text: syntax.Text | None) -> str:
    return string(text) if text else ""


def _names(names: Iterable[syntax.Name], separator: str) -> str:
    return separator.join(name.text for name in names)


def _duration(duration: syntax.Duration) -> str:
    return _counted(duration.amount, duration.unit)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def header(part: syntax.HeaderItem) -> str:
    """A line of the header."""
    match part:
        case syntax.Aggregate(name):
            return f"aggregate {name.text}"
        case syntax.Expires(duration):
            return f"expires after {_duration(duration)}"
        case syntax.Remember(duration):
            return f"remember for {_duration(duration)}"
        case syntax.Abort(name, actors):
            by = f" by {_names(actors, ' | ')}" if actors else ""
            return f"abort {name.text}{by}"


def _state(item: syntax.StateItem) -> tuple[str, ...]:
    kind = f"{item.kind} " if item.kind else ""
    was = f" was {item.was.text}" if item.was else ""
    return f"{kind}{item.name.text}{was}", _doc(item.doc)


def _row(item: syntax.Row) -> tuple[str, ...]:
    sources = " | ".join(_names(joined, " & ") for joined in item.sources)
    targets = _names(item.targets, " & ")
    if item.otherwise:
        targets += f" else {_names(item.otherwise, ' & ')}"
    trigger: list[str] = []
    limit: list[str] = []
    was: list[str] = []
    for clause in item.clauses:
        match clause:
            case syntax.By(actors):
                trigger.append(f"by {_names(actors, ' | ')}")
            case syntax.After(duration):
                trigger.append(f"after {_duration(duration)}")
            case syntax.Limit(times):
                limit.append(f"up to {_counted(times.value, 'time')}")
            case syntax.Was(name):
                was.append(f"was {name.text}")
    clauses = (" ".join(texts) for texts in (trigger, limit, was))
    return sources, targets, item.action.text, *clauses, _doc(item.doc)


def _compensation(item: syntax.CompensationItem) -> tuple[str, ...]:
    return item.action.text, item.compensation.text


def _action(item: syntax.ActionItem) -> tuple[str, ...]:
    clauses = ", ".join(map(_clause, sorted(item.clauses, key=_clause_rank)))
    doc = _doc(item.doc)
    return (item.name.text, clauses, doc) if clauses else (item.name.text, doc, "")


def _clause_rank(clause: syntax.ActionClause) -> int:
    kind = clause.word if isinstance(clause, syntax.Flag) else type(clause)
    return _CLAUSES.index(kind)


def _clause(clause: syntax.ActionClause) -> str:
    match clause:
        case syntax.Flag(word):
            return word
        case syntax.Probe(name):
            return f"probe {name.text}"
        case syntax.Timeout(duration):
            return f"timeout {_duration(duration)}"
        case syntax.Retry(times, every, up_to):
            text = f"retry {_counted(times.value, 'time')}"
            text += f" every {_duration(every)}" if every else ""
            return text + (f" up to {_duration(up_to)}" if up_to else "")


def _property(item: syntax.PropertyItem) -> tuple[str, ...]:
    match item:
        case syntax.Needs(action, needed):
            return (f"{action.text} needs {needed.text}",)
        case syntax.Never(action, other):
            return (f"never {action.text} with {other.text}",)
        case syntax.Always(state, outcomes):
            return (f"from {state.text} always {_names(outcomes, ' or ')}",)


def _scenario(item: syntax.ScenarioItem) -> tuple[str, ...]:
    return string(item.title), moves(item)


def moves(item: syntax.ScenarioItem) -> str:
    """The actions of a scenario and what comes of them."""
    actions = (f"{move.action.text}{' fails' * move.fails}" for move in item.moves)
    return f"{', '.join(actions)} => {item.result.text}"


def _waive(item: syntax.WaiveItem) -> tuple[str, ...]:
    return f"from {item.version.value} waive {item.action.text}", item.when.text


class Columns(NamedTuple):
    """How an item of a section falls into cells, and what stands between these."""

    cells: Callable[[Any], tuple[str, ...]]
    separators: tuple[str, ...]


COLUMNS: Final = {
    "states": Columns(_state, ("  ",)),
    "transitions": Columns(_row, (" -> ", " : ", "  ", "  ", "  ", "  ")),
    "compensations": Columns(_compensation, (" : ",)),
    "actions": Columns(_action, (" : ", "  ")),
    "properties": Columns(_property, ()),
    "scenarios": Columns(_scenario, (" : ",)),
    "upgrades": Columns(_waive, (" when ",)),
}
