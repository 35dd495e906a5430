"""All that differs between two versions, found once and judged and shown many times."""

from __future__ import annotations

from itertools import zip_longest
from typing import NamedTuple

from sagadsl.machine import Abort, Action, Transition, Waive
from sagadsl.model import Version


class Row(NamedTuple):
    """A row of one version with how its action is performed and taken back.

    `step` is the position of its first round, `limit` its bound if it leads back.
    """

    step: int
    transition: Transition
    limit: int
    how: Action
    undo: str
    undo_how: Action


class RowChange(NamedTuple):
    """A row in two versions; None where there is none at this position.

    `changed` names what differs: `previous`, `next`, `action`, `trigger`, `bound`,
    `effect`, `compensation`.
    """

    step: int
    old: Row | None
    new: Row | None
    changed: tuple[str, ...]


class StateChange(NamedTuple):
    """A declared state and its kind in two versions; None where there is none."""

    state: str
    old: str | None
    new: str | None


class Setting(NamedTuple):
    """A line of the header in two versions."""

    name: str
    old: str | int | Abort | None
    new: str | int | Abort | None


class WaiveChange(NamedTuple):
    """What upgrades waive, and in which of the versions they do."""

    waive: Waive
    old: bool
    new: bool


class Changes(NamedTuple):
    """Two versions side by side; everything is listed, also what stays as it is."""

    old: Version
    new: Version
    rows: tuple[RowChange, ...]
    states: tuple[StateChange, ...]
    settings: tuple[Setting, ...]
    waives: tuple[WaiveChange, ...]

    @property
    def any(self) -> bool:
        """Whether anything differs."""
        return self.old.digest != self.new.digest


def changes_of(old: Version, new: Version) -> Changes:
    """What differs between two versions; rows of one position are the same row."""
    before, after = rows_of(old), rows_of(new)
    steps = [*after, *(step for step in before if step not in after)]
    kinds, now = _kinds(old), _kinds(new)
    return Changes(
        old,
        new,
        tuple(_row_change(s, before.get(s), after.get(s)) for s in steps),
        tuple(StateChange(s, kinds.get(s), now.get(s)) for s in {**now, **kinds}),
        tuple(
            Setting(name, getattr(old.rows, name), getattr(new.rows, name))
            for name in ("aggregate", "expires", "remember", "abort")
        ),
        tuple(
            WaiveChange(waive, waive in old.rows.waives, waive in new.rows.waives)
            for waive in dict.fromkeys((*new.rows.waives, *old.rows.waives))
        ),
    )


def rows_of(version: Version) -> dict[int, Row]:
    """The rows of a version by the position of their first round."""
    actions = {action.name: action for action in version.rows.actions}
    undoes = version.rows.compensations
    firsts: dict[str, int] = {}
    for rule in sorted(version.rows.rules, key=lambda rule: bool(rule.round)):
        firsts.setdefault(rule.action, rule.step)
    found = {}
    for transition in Transition.rows(version.table()):
        name = transition.action
        undo = undoes.get(name, "")
        how = actions.get(name, Action(name, ""))
        undo_how = actions.get(undo, Action(undo, ""))
        limit = limit_of(version, name)
        row = Row(firsts[name], transition, limit, how, undo, undo_how)
        found[row.step] = row
    return found


def limit_of(version: Version, action: str) -> int:
    """How often a row may lead into a next round; 0 if it leads into none."""
    copies = version.rows.copies
    counts = [1]
    for rule in version.rows.rules:
        if rule.action == action:
            here = _counts(rule.round)
            for state in {*rule.targets, *rule.fallbacks} & copies.keys():
                there = _counts(state[len(copies[state]) + 1 :])
                both = zip_longest(here, there, fillvalue=1)
                counts += [after for before, after in both if after > before]
    return max(counts) - 1


def _counts(round_: str) -> list[int]:
    return [int(count) for count in round_.split("_") if count.isdecimal()]


def _row_change(step: int, old: Row | None, new: Row | None) -> RowChange:
    if old is None or new is None:
        return RowChange(step, old, new, ())
    a, b = old.transition, new.transition
    differs = {
        "previous": a.prev != b.prev,
        "next": a.next != b.next,
        "action": a.action != b.action,
        "trigger": a.trigger != b.trigger,
        "bound": old.limit != new.limit,
        "effect": old.how._replace(name="") != new.how._replace(name=""),
        "compensation": (old.undo, old.undo_how) != (new.undo, new.undo_how),
    }
    return RowChange(
        step, old, new, tuple(k for k, differ in differs.items() if differ)
    )


def _kinds(version: Version) -> dict[str, str]:
    """The declared states and their kinds."""
    copies = version.rows.copies
    return {s: kind for s, kind in version.rows.states.items() if s not in copies}
