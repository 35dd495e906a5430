"""Two versions side by side, for a terminal and for other tools."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sagadsl.emit.page import Column, Page, Section
from sagadsl.emit.rows import bound, clauses, duration
from sagadsl.machine import Abort
from sagadsl.model import Pinned
from sagadsl.proofs.moves import describe, moves_of
from sagadsl.versions.changes import Changes, Row, RowChange

FORMAT = 1
WIDEST = 72


def emit_difference(changes: Changes) -> str:
    """The rows of both versions, changed ones marked, and which records can move."""
    heads = version_heads(changes)
    body = list(_body(changes))
    left = min(max(len(line[1]) for line in [("", heads[0], ""), *body]), WIDEST)
    lines = [f"  {heads[0]:<{left}} | {heads[1]}", f"  {'-' * left}-+-{'-' * left}"]
    lines += [f"{mark:1} {a:<{left}} | {b}".rstrip() for mark, a, b in body]
    if changes.any:
        moves = describe(moves_of(changes.old, changes.new))
        lines += ["", "records", *(f"  {line}" for line in moves)]
    return "\n".join(lines) + "\n"


def difference_page(pinned: Pinned, changes: Changes) -> Page:
    """What differs between two versions as a table, under who can move."""
    heads = version_heads(changes)
    columns = [Column("", names=False), *(Column(head, names=True) for head in heads)]
    words = {"+": "added", "-": "removed", "~": "changed", "": ""}
    rows = tuple(
        (words[mark], was.strip(), now.strip()) for mark, was, now in _body(changes)
    )
    return Page(
        pinned.saga.title or pinned.saga.name,
        tuple(describe(moves_of(changes.old, changes.new))),
        (Section("Side by side", tuple(columns), rows),),
    )


def version_heads(changes: Changes) -> tuple[str, str]:
    """Both versions, each with its number and its status."""
    old, new = (
        f"version {version.number} ({'released' if version.released else 'draft'})"
        for version in (changes.old, changes.new)
    )
    return old, new


def changed_settings(changes: Changes) -> Iterator[tuple[str, str]]:
    """What the header says in the older version and in the newer one."""
    for setting in changes.settings:
        if setting.old != setting.new:
            was, now = (_setting(setting.name, value) for value in setting[1:])
            yield was, now


def changed_waives(changes: Changes) -> Iterator[tuple[str, bool]]:
    """The lines of upgrades that only one version has, and whether it is the newer."""
    for waive, old, new in changes.waives:
        if old != new:
            yield f"from {waive.version} waive {waive.action} when {waive.when}", new


def _body(changes: Changes) -> Iterator[tuple[str, str, str]]:
    """Lines of a mark, the older version and the newer one."""
    for change in changes.rows:
        yield from _lines(change)
    for state in changes.states:
        if state.old != state.new:
            was, now = (_state(state.state, kind) for kind in (state.old, state.new))
            yield _mark(state.old, state.new), was, now
    for was, now in changed_settings(changes):
        yield "~", was, now
    for line, new in changed_waives(changes):
        yield ("+", "", line) if new else ("-", line, "")


def difference_data(changes: Changes) -> dict[str, Any]:
    """All that differs, as JSON has it; what stays as it is is left out.

    `records` is null if who can move is not proved within the budget.
    """
    moves = moves_of(changes.old, changes.new)
    return {
        "format": FORMAT,
        "from": changes.old.number,
        "to": changes.new.number,
        "rows": [
            {
                "step": change.step,
                "change": _kind(change.old, change.new),
                "changed": list(change.changed),
                "old": change.old and _row_data(change.old),
                "new": change.new and _row_data(change.new),
            }
            for change in changes.rows
            if change.old is None or change.new is None or change.changed
        ],
        "states": [s._asdict() for s in changes.states if s.old != s.new],
        "settings": [
            {"name": s.name, "old": _plain(s.old), "new": _plain(s.new)}
            for s in changes.settings
            if s.old != s.new
        ],
        "waives": [
            {**waive._asdict(), "change": "added" if new else "removed"}
            for waive, old, new in changes.waives
            if old != new
        ],
        "records": ({"move": moves.move, "stay": moves.why} if moves.proved else None),
    }


def _lines(change: RowChange) -> Iterator[tuple[str, str, str]]:
    """The row on both sides, and below it what is said of it where that differs."""
    old, new = change.old, change.new
    sides = [_row(row) if row else "" for row in (old, new)]
    mark = _mark(old, new) or ("~" if change.changed else "")
    yield mark, sides[0], sides[1]
    if "effect" in change.changed:
        yield "", f"    {_how(old)}", f"    {_how(new)}"
    if "compensation" in change.changed:
        yield "", f"    {_undo(old)}", f"    {_undo(new)}"


def _kind(old: object, new: object) -> str:
    if old is None:
        return "added"
    return "removed" if new is None else "changed"


def _mark(old: object, new: object) -> str:
    if old is None:
        return "+"
    return "-" if new is None else ("~" if old != new else "")


def _row(row: Row) -> str:
    t = row.transition
    said = filter(None, (t.action, t.trigger, bound(row.limit)))
    return f"{t.prev} -> {t.next} : {' '.join(said)}"


def _how(row: Row | None) -> str:
    return ", ".join(clauses(row.how)) if row else ""


def _undo(row: Row | None) -> str:
    if row is None or not row.undo:
        return "no compensation"
    return f"undone by {row.undo}: {', '.join(clauses(row.undo_how))}"


def _state(name: str, kind: str | None) -> str:
    return "" if kind is None else f"state {kind} {name}".replace("  ", " ")


def _setting(name: str, value: str | int | Abort | None) -> str:
    if isinstance(value, int):
        return f"{name} {duration(value) if value else 'never'}"
    if isinstance(value, Abort):
        return f"{name} {value.name} by {' | '.join(value.actors) or 'anyone'}"
    return f"{name} {value or 'by operators'}"


def _row_data(row: Row) -> dict[str, Any]:
    return {
        **row.transition._asdict(),
        "limit": row.limit,
        "how": row.how._asdict(),
        "compensation": row.undo_how._asdict() if row.undo else None,
    }


def _plain(value: str | int | Abort | None) -> Any:
    return value._asdict() if isinstance(value, Abort) else value
