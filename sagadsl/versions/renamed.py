"""SAGA406: a released step that is gone, and a new one in its place."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from sagadsl.diagnostics import Finding, Rule, Severity
from sagadsl.model import Saga, Transition, Version
from sagadsl.resolve.names import closest

RENAMED = Rule("SAGA406", "renamed", Severity.WARNING)


_LOOKED_AT = 50
"""So many steps that left or reached the same state are compared with a new one."""


class _Place(NamedTuple):
    """Where a row stands: from which declared states to which."""

    sources: frozenset[str]
    targets: frozenset[str]

    def ends(self) -> Iterator[tuple[str, str]]:
        """The states, each with its side."""
        for side, states in self._asdict().items():
            for state in sorted(states):
                yield side, state


def check_renamed(
    saga: Saga, released: Version, owned: Collection[str]
) -> Iterator[Finding]:
    """That no step of the version is exchanged for what may be the same one."""
    for former, row in renames(saga, released, owned):
        yield _finding(row, former)


def renames(
    saga: Saga, released: Version, owned: Collection[str]
) -> Iterator[tuple[str, Transition]]:
    """The steps of the version that are gone and the new rows that may be the same.

    `owned` are the names that have had the position of a released step.
    """
    kept = {*saga.transitions, *(row.was for row in saga.transitions.values())}
    gone = {n: p for n, p in _places(saga, released) if n not in kept}
    beside: dict[tuple[str, str], dict[str, None]] = {}
    for old, place in gone.items():
        for end in place.ends():
            beside.setdefault(end, {})[old] = None
    for name, row in saga.transitions.items():
        if row.was or name in owned:
            continue
        place = _Place(_flat(row.sources), frozenset((*row.targets, *row.otherwise)))
        near = dict.fromkeys(
            old
            for end in place.ends()
            for old in islice(beside.get(end, ()), _LOOKED_AT)
        )
        same = [old for old in near if gone[old] == place]
        former = closest(name, same) or next(iter(same), None) or closest(name, near)
        if former:
            for end in gone[former].ends():
                del beside[end][former]
            yield former, row


def _places(saga: Saga, released: Version) -> Iterator[tuple[str, _Place]]:
    """The actions of a version and where they stood, in the states' present names."""
    present = {state.was: state.name for state in saga.states.values() if state.was}
    copies = released.rows.copies

    def now(states: Iterable[str]) -> frozenset[str]:
        declared = (copies.get(state, state) for state in states)
        return frozenset(present.get(state, state) for state in declared)

    for rule in released.rows.rules:
        if not rule.round:
            targets = now((*rule.targets, *rule.fallbacks))
            yield rule.action, _Place(now(_flat(rule.sources)), targets)


def _flat(groups: Iterable[Iterable[str]]) -> frozenset[str]:
    return frozenset(state for group in groups for state in group)


def _finding(row: Transition, former: str) -> Finding:
    return RENAMED.finding(
        f"`{former}` is gone, and `{row.action}` is new in its place",
        row.name_span,
        "a new step, with a bit of its own",
        why=f"records that have done `{former}` do not fit a version without it",
        help=f"if it is the same by a new name, write `{row.action} was {former}`",
    )
