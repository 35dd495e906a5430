"""SAGA410: upgrades that do not fit the versions which they lead from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from sagadsl.diagnostics import Finding, Rule
from sagadsl.graph import flow_of, knots
from sagadsl.model import Pinned, Saga, Version, Waive

RULE = Rule("SAGA410", "upgrade")


class _Wrong(NamedTuple):
    """What is wrong with a line, in words."""

    message: str
    label: str
    fix: str


def check_upgrades(pinned: Pinned) -> Iterator[Finding]:
    """That what is waived is new, and known by what the older version has done."""
    older = {version.number: version for version in pinned.versions[:-1]}
    for waive in pinned.saga.waives:
        if wrong := _wrong_version(pinned, older, waive) or _wrong_step(pinned, waive):
            yield RULE.finding(
                wrong.message,
                waive.span,
                wrong.label,
                why="an upgrade says what records at rest need not have done, so it"
                " must be true of them",
                help=wrong.fix,
            )


def _wrong_version(
    pinned: Pinned, older: Mapping[int, Version], waive: Waive
) -> _Wrong | None:
    """That the older version is there, without the one step and with the other."""
    if waive.version not in older:
        numbers = ", ".join(map(str, older)) or "none"
        return _Wrong(
            f"there is no version {waive.version} to upgrade from",
            f"versions before {pinned.latest.number}: {numbers}",
            "name a version that is released, or remove the line",
        )
    old = older[waive.version]
    if _steps(pinned.latest, waive.action) & _steps(old):
        return _Wrong(
            f"`{waive.action}` is not new since version {old.number}",
            f"version {old.number} has this step",
            "waive only what the older version could not have done, or remove the line",
        )
    if not _steps(pinned.latest, waive.when) & _steps(old):
        return _Wrong(
            f"version {old.number} has no `{waive.when}`",
            "never begun in its records",
            f"name an action that version {old.number} has after `when`",
        )
    return None


def _wrong_step(pinned: Pinned, waive: Waive) -> _Wrong | None:
    """That it is no pivot, and that it is known in which rounds it is waived."""
    if pinned.saga.action(waive.action).pivot:
        return _Wrong(
            f"`{waive.action}` is a pivot, and cannot be waived",
            "the point of no return",
            "let these records end on their own version, and remove the line",
        )
    rounds = [s for s in pinned.saga.steps if s.transition.action == waive.action]
    if len(rounds) > 1 and not _in_one_loop(pinned.saga, waive.action, waive.when):
        return _Wrong(
            f"`{waive.action}` has rounds, and `{waive.when}` is not in its loop",
            f"does not tell which rounds of `{waive.action}` are waived",
            f"name an action in the loop of `{waive.action}` after `when`",
        )
    return None


def _in_one_loop(saga: Saga, *actions: str) -> bool:
    """Whether the rows of actions lie in the body of the same loop."""
    flow = flow_of(saga.transitions.values())
    nodes = {n for n, row in enumerate(flow.rows) if row.action in actions}
    return any(nodes.issubset(knot) for knot in knots(flow.edges))


def _steps(version: Version, action: str | None = None) -> set[int]:
    """The positions of an action in all its rounds; of all actions if none is named."""
    rules = version.rows.rules
    return {rule.step for rule in rules if action in (None, rule.action)}
