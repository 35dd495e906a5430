"""The validator module: the user's table, the machine of every version, handlers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from sagadsl import machine
from sagadsl.emit.jinja import render
from sagadsl.emit.rows import rows, undoes
from sagadsl.machine import Abort, Action, Rule, Waive
from sagadsl.model import Pinned, Saga, Version

ENGINE = ("record", "plans", "guards", "machine")
START = "State = str\n"
WIDEST = 80


def emit_python(pinned: Pinned) -> str:
    """The text of `<saga>_saga.py`: standard library only, typed, formatted."""
    saga = pinned.saga
    return render(
        "validator.py.jinja",
        title=_doc(f"Saga `{saga.name}`: {saga.title or _summary(saga)}."),
        table=[f"    {line}".rstrip() for line in _table(saga)],
        origin=f"{saga.name}.saga",
        name=saga.name,
        aggregate=f"`{saga.aggregate}`",
        steps=list(_step_members(pinned.versions)),
        states=list(_state_members(pinned)),
        row_types=_text("tables"),
        versions=[_version(version) for version in pinned.versions],
        engine="\n\n\n".join(map(_text, ENGINE)),
        tables=", ".join(f"_V{v.number}" for v in pinned.versions) + ",",
        latest=pinned.latest.number,
        handlers=list(_handlers(pinned)),
        moves=list(_moves(pinned.versions)),
    )


@cache
def _text(part: str) -> str:
    """The text of a part of the machine, which the compiler itself runs."""
    path = Path(machine.__file__).with_name(f"{part}.py")
    return path.read_text(encoding="utf-8").split(START, 1)[1].strip()


def _summary(saga: Saga) -> str:
    return f"one process for each {saga.aggregate}"


def _doc(text: str) -> str:
    """A text in a docstring, where nothing in it ends the docstring."""
    line = " ".join(text.split())
    return line.replace("\\", "\\\\").replace('"', '\\"')


def _columns(rows: Sequence[Sequence[str]], gap: str = "  ") -> list[str]:
    """Rows of cells, aligned; the others do not wait for one that is very long."""
    widths = [
        max((len(cell) for cell in column if len(cell) <= WIDEST), default=0)
        for column in zip(*rows, strict=True)
    ]
    return [
        gap.join(
            cell.ljust(width) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def _table(saga: Saga) -> list[str]:
    head = ("previous", "next", "action", "trigger")
    lines = _columns([head, *(row[:4] for row in rows(saga))])
    if saga.compensations:
        lines += ["", *_columns([("action", "compensation"), *undoes(saga)])]
    return lines


def _step_members(versions: Iterable[Version]) -> Iterator[str]:
    """The newest name of each position, then the former names of some."""
    names: dict[int, dict[str, None]] = {}
    for version in versions:
        for rule in version.rows.rules:
            known = names.setdefault(rule.step, {})
            known.pop(rule.name, None)
            known[rule.name] = None
    for position, known in sorted(names.items()):
        yield f"{list(known)[-1].upper()} = {position}"
    for position, known in sorted(names.items()):
        for name in list(known)[:-1]:
            yield f"{name.upper()} = {position}"


def _state_members(pinned: Pinned) -> Iterator[str]:
    """The states as they were declared, of the newest version first."""
    names: dict[str, None] = {}
    for version in reversed(pinned.versions):
        table = version.rows
        names.update(dict.fromkeys(table.copies.get(s, s) for s in table.states))
    for name in names:
        yield f'{name.upper()} = "{name}"'


class _VersionView(NamedTuple):
    number: int
    digest: str
    draft: bool
    expires: int
    remember: int
    abort: str
    states: list[str]
    copies: list[str]
    rules: list[str]
    actions: list[str]
    compensations: list[str]
    waives: list[str]


def _version(version: Version) -> _VersionView:
    table = version.rows
    return _VersionView(
        version.number,
        version.digest,
        not version.released,
        table.expires,
        table.remember,
        _abort(table.abort),
        _pairs(table.states),
        _pairs(table.copies),
        _rules(table.rules),
        [_action(row) for row in table.actions],
        _pairs(table.compensations),
        [_waive(row) for row in table.waives],
    )


def _abort(abort: Abort | None) -> str:
    if abort is None:
        return "None"
    actors = "".join(f'"{actor}", ' for actor in abort.actors).rstrip()
    return f'Abort("{abort.name}", ({actors}))'


def _pairs(pairs: Mapping[str, str]) -> list[str]:
    rows = [(f'"{key}":', f'"{value}",') for key, value in pairs.items()]
    return _columns(rows, " ") if rows else []


def _rules(rules: Sequence[Rule]) -> list[str]:
    head = ("step", "action", "previous", "next", "else", "trigger", "delay", "round")
    rows = [head] + [
        (
            f"Step.{rule.name.upper()},",
            f'"{rule.action}",',
            f'"{rule.prev}",',
            f'"{rule.next}",',
            f'"{rule.otherwise}",',
            f"{rule.trigger!a},".replace("'", '"'),
            f"{rule.delay},",
            f'"{rule.round}"',
        )
        for rule in rules
    ]
    lines = _columns(rows)
    return [f"#    {lines[0]}", *(f"Rule({line})," for line in lines[1:])]


def _waive(row: Waive) -> str:
    """A step that an upgrade waives, and where."""
    return f'Waive({row.version}, "{row.action}", "{row.when}"),'


def _action(row: Action) -> str:
    """A row with what it says beside its name and effect."""
    said = [f'"{row.name}"', f'"{row.effect}"']
    default = Action("", "")._asdict()
    for key, value in row._asdict().items():
        if key not in ("name", "effect") and value != default[key]:
            said.append(
                f'{key}="{value}"' if isinstance(value, str) else f"{key}={value}"
            )
    return f"Action({', '.join(said)}),"


def _moves(versions: Sequence[Version]) -> Iterator[str]:
    """Which records can move from each version to the next, as lines of a docstring."""
    if len(versions) > 1:
        from textwrap import wrap  # noqa: PLC0415  many sagas have one version

        from sagadsl.proofs.moves import describe, moves_of  # noqa: PLC0415  so too

        for old, new in pairwise(versions):
            for line in describe(moves_of(old, new)):
                yield from wrap(f"{line[0].upper()}{line[1:]}.", 84)


class _Handler(NamedTuple):
    name: str
    returns: str
    doc: str


def _handlers(pinned: Pinned) -> Iterator[_Handler]:
    """Effects in order of the table, then compensations, then probes.

    Processes of older versions are still under way, so what only they need is here too.
    """
    effects: dict[str, str] = {}
    undoes: dict[str, str] = {}
    probes: dict[str, str] = {}
    for version in reversed(pinned.versions):
        rows = version.rows
        performed = {row.name: row for row in rows.actions if row.effect}
        for name in dict.fromkeys(rule.action for rule in rows.rules):
            if name in performed:
                effects.setdefault(name, f"Perform `{name}`.")
        for name, undo in rows.compensations.items():
            undoes.setdefault(undo, f"Take back `{name}`.")
        for row in performed.values():
            if row.probe:
                probes.setdefault(row.probe, f"Whether `{row.name}` has happened.")
    actions = pinned.saga.actions
    for name, default in (effects | undoes).items():
        doc = actions[name].doc if name in actions else ""
        yield _Handler(name, "Effect", _doc(doc or default))
    for name, doc in probes.items():
        yield _Handler(name, "Answer", doc)
