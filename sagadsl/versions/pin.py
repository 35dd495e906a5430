"""Positions and versions: what a saga gets, given the versions that went before."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from sagadsl.diagnostics import Finding, Rule
from sagadsl.model import Pinned, Saga, Step, Version
from sagadsl.rows import rows_of
from sagadsl.source import Span
from sagadsl.versions.digest import digest_of
from sagadsl.versions.lock import Lock
from sagadsl.versions.renamed import check_renamed

NAME_REUSED = Rule("SAGA403", "name-reused")
WAS = Rule("SAGA404", "was")


def pin(saga: Saga, lock: Lock | None) -> tuple[Pinned | None, tuple[Finding, ...]]:
    """The saga with its positions and versions, and what is wrong with its names.

    A position that a released version gave a step is that step's for ever. Those that
    only the draft gave stay with steps that stay, and are free again without them.
    """
    versions = lock.versions if lock else ()
    released = tuple(version for version in versions if version.released)
    owners = _owners(versions)
    former = dict(_former(saga, owners, _owners(released)))
    findings = (
        *_check_states(saga, versions),
        *_check_names(saga, versions, owners, former),
    )
    if findings:
        return None, findings
    taken = {rule.step for version in released for rule in version.rows.rules}
    if released:
        owned = {name for name, position in owners.items() if position in taken}
        findings = tuple(check_renamed(saga, released[-1], owned))
    positions = _positions(saga, owners, former, taken)
    rows = rows_of(saga, positions)
    digest = digest_of(rows)
    if released and released[-1].digest == digest:
        latest = released[-1]._replace(rows=rows)
        return Pinned(saga, positions, (*released[:-1], latest)), findings
    before = [version.approved for version in versions if not version.released]
    approved = before[0] if before else {}
    draft = Version(
        len(released) + 1, digest, released=False, rows=rows, approved=approved
    )
    return Pinned(saga, positions, (*released, draft)), findings


def release(pinned: Pinned) -> Pinned:
    """The same with the draft, if there is one, released."""
    latest = pinned.latest._replace(released=True)
    return pinned._replace(versions=(*pinned.versions[:-1], latest))


def _owners(versions: tuple[Version, ...]) -> dict[str, int]:
    """The position that each name has had, by the newest version that has it."""
    return {rule.name: rule.step for version in versions for rule in version.rows.rules}


def _former(
    saga: Saga, owners: dict[str, int], lasting: dict[str, int]
) -> Iterator[tuple[str, str]]:
    """The former name of each step that has a new one, be it in a draft already."""
    for step in saga.steps:
        was = step.transition.was
        if was and step.name not in lasting:
            name = f"{was}_{step.round}" if step.round else was
            if name in owners:
                yield step.name, name


def _check_states(saga: Saga, versions: tuple[Version, ...]) -> Iterator[Finding]:
    known = {state for version in versions for state in version.rows.states}
    for state in saga.states.values():
        if state.was and known.isdisjoint((state.was, state.name)):
            yield _never_was("a state", state.was, state.span)


def _never_was(what: str, former: str, span: Span) -> Finding:
    return WAS.finding(
        f"no version has {what} `{former}`",
        span,
        f"was `{former}`",
        why="`was` hands on what a former name stands for in stored records, and there"
        " is nothing of this name; the lock file may be missing",
        help="correct the former name, or remove `was`",
    )


def _check_names(
    saga: Saga,
    versions: tuple[Version, ...],
    owners: dict[str, int],
    former: dict[str, str],
) -> Iterator[Finding]:
    newest = {
        rule.step: rule.name for version in versions for rule in version.rows.rules
    }
    current = {step.name for step in saga.steps}
    for step in saga.steps:
        row = step.transition
        again = former.get(step.name) in current
        if again and (not step.round or row.was not in current):
            yield _still_there(step, former[step.name])
        elif step.round:
            continue
        elif row.was and step.name not in owners and step.name not in former:
            yield _never_was("an action", row.was, row.name_span)
        elif step.name in owners and newest[owners[step.name]] != step.name:
            owner = newest[owners[step.name]]
            yield NAME_REUSED.finding(
                f"`{step.name}` is the former name of `{owner}`",
                row.name_span,
                f"belongs to position {owners[step.name]}",
                why="in stored records this name stands for that bit, and for no other",
                help="give the new action a name that has never been used",
            )


def _still_there(step: Step, former: str) -> Finding:
    row = step.transition
    return WAS.finding(
        f"`{former}` is the former name of `{step.name}` and still a row",
        row.name_span,
        f"was `{row.was}`",
        why="one bit cannot belong to two steps",
        help=f"remove the row of `{former}`, or the `was`",
    )


def _positions(
    saga: Saga, owners: dict[str, int], former: dict[str, str], taken: set[int]
) -> dict[str, int]:
    """Each step's position: kept where it has one, else the next that is free."""
    kept = {
        step.name: owners[former.get(step.name, step.name)]
        for step in saga.steps
        if former.get(step.name, step.name) in owners
    }
    used = taken | set(kept.values())
    free = (
        position
        for position in count(max(taken, default=-1) + 1)
        if position not in used
    )
    ordered = sorted(saga.steps, key=lambda step: bool(step.round))
    positions = {
        step.name: kept[step.name] if step.name in kept else next(free)
        for step in ordered
    }
    assert len(set(positions.values())) == len(saga.steps), "two steps at one position"
    return positions
