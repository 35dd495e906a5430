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
    if claims := tuple(_check_owners(saga, owners, former)):
        return None, claims
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
    sealed = {r.step: r.name for v in versions if v.released for r in v.rows.rules}
    rules = [rule for version in versions for rule in version.rows.rules]
    newest = {rule.step: rule.name for rule in rules}
    known = {rule.name: (rule.action, rule.round) for rule in rules}
    current = {step.name for step in saga.steps}
    told: set[str] = set()
    for step in saga.steps:
        row = step.transition
        again = former.get(step.name) in current
        if row.was in current and step.name not in former:
            again = owners.get(row.was) != owners.get(step.name)
        was = row.was if step.name in former else row.action
        mine = known.get(former.get(step.name, step.name), (was, step.round))
        if again and (not step.round or row.was not in current):
            yield _still_there(step, former.get(step.name, row.was))
        elif step.name in former.values():
            continue  # it is told of the step that was called so
        elif mine != (was, step.round) and row.action not in told:
            told.add(row.action)
            yield _another(step, mine)
        elif step.round:
            continue
        elif row.was and step.name not in owners and step.name not in former:
            yield _never_was("an action", row.was, row.name_span)
        elif step.name in owners and step.name not in (
            newest[owners[step.name]],
            sealed.get(owners[step.name]),
        ):
            position = owners[step.name]
            yield _handed_on(step, newest[position], position)


def _handed_on(step: Step, owner: str, position: int) -> Finding:
    return NAME_REUSED.finding(
        f"`{step.name}` is the former name of `{owner}`",
        step.transition.name_span,
        f"belongs to position {position}",
        why="in stored records this name stands for that bit, and for no other",
        help="give the new action a name that has never been used",
    )


def _check_owners(
    saga: Saga, owners: dict[str, int], former: dict[str, str]
) -> Iterator[Finding]:
    """That no two steps claim one position, be it under names of long ago."""
    claimed: dict[int, Step] = {}
    for step in saga.steps:
        position = owners.get(former.get(step.name, step.name))
        if position is None:
            continue
        first = claimed.setdefault(position, step)
        if first is not step:
            late = step if step.name in former else first
            yield WAS.finding(
                f"`{first.name}` and `{step.name}` would be one step",
                late.transition.name_span,
                f"was `{late.transition.was}`",
                why=f"both claim position {position} in stored records, under a name"
                " of now or of before",
                help="remove the `was` of the one that is new",
            )


def _another(step: Step, known: tuple[str, str]) -> Finding:
    """That a round has the name of an action that was, or an action that of a round."""
    action, round_ = known
    was = f"a round of `{action}`" if round_ else f"the action `{action}`"
    return NAME_REUSED.finding(
        f"`{step.name}` was {was} before",
        step.transition.name_span,
        f"a round of it is called `{step.name}`" if step.round else "the same name",
        why="in stored records this name stands for that bit, and for no other",
        help="give the action a name that has never been used",
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
