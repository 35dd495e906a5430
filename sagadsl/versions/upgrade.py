"""SAGA410: upgrades that do not fit the versions which they lead from."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.diagnostics import Finding, Rule
from sagadsl.model import Pinned, Version, Waive

RULE = Rule("SAGA410", "upgrade")


def check_upgrades(pinned: Pinned) -> Iterator[Finding]:
    """That what is waived is new, and known by what the older version has done."""
    older = {version.number: version for version in pinned.versions[:-1]}
    for waive in pinned.saga.waives:
        if waive.version not in older:
            numbers = ", ".join(map(str, older)) or "none"
            yield _finding(
                waive,
                f"there is no version {waive.version} to upgrade from",
                f"versions before {pinned.latest.number}: {numbers}",
                "name a version that is released, or remove the line",
            )
            continue
        old = older[waive.version]
        if _steps(pinned.latest, waive.action) & _steps(old):
            yield _finding(
                waive,
                f"`{waive.action}` is not new since version {old.number}",
                f"version {old.number} has this step",
                "waive only what the older version could not have done, or remove the"
                " line",
            )
        elif not _steps(pinned.latest, waive.when) & _steps(old):
            yield _finding(
                waive,
                f"version {old.number} has no `{waive.when}`",
                "never begun in its records",
                f"name an action that version {old.number} has after `when`",
            )


def _finding(waive: Waive, message: str, label: str, fix: str) -> Finding:
    return RULE.finding(
        message,
        waive.span,
        label,
        why="an upgrade says what records at rest need not have done, so it must be"
        " true of them",
        help=fix,
    )


def _steps(version: Version, action: str | None = None) -> set[int]:
    """The positions of an action in all its rounds; of all actions if none is named."""
    rules = version.rows.rules
    return {rule.step for rule in rules if action in (None, rule.action)}
