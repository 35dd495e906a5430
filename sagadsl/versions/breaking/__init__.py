"""Which changes break what, by who is hurt: one rule, one file.

The categories go from what must never happen to what a search and replace mends; each
is judged between two versions, of which the older one is released.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import StrEnum

from sagadsl.checks.not_proved import not_proved
from sagadsl.diagnostics import Finding
from sagadsl.model import Pinned, Version
from sagadsl.proofs import OverBudget
from sagadsl.source import Source
from sagadsl.versions.breaking import (
    edited_version,
    lost_compensation,
    lost_event,
    moved_step,
    new_handler,
    other_aggregate,
    outgrown_record,
    refused_record,
    reopened,
    repeated_effect,
)
from sagadsl.versions.breaking.comparison import Comparison
from sagadsl.versions.lock import read_lock

__all__ = ["RULES", "Category", "approve", "breaking_since", "find_breaking"]


class Category(StrEnum):
    """Who is hurt: records at rest, processes in flight, or code that is compiled."""

    STORED = "STORED"
    RUNNING = "RUNNING"
    SOURCE = "SOURCE"


RULES = {
    Category.STORED: (moved_step, other_aggregate, outgrown_record, edited_version),
    Category.RUNNING: (
        refused_record,
        lost_event,
        repeated_effect,
        lost_compensation,
        reopened,
    ),
    Category.SOURCE: (new_handler,),
}


def find_breaking(
    pinned: Pinned, kept: Sequence[Version], categories: Collection[str]
) -> tuple[Finding, ...]:
    """What the newest version breaks for who relies on versions that were kept.

    The last released one of these counts. A rule that was approved for a version since
    is not asked. The findings stand in the order of the categories.
    """
    released = [version for version in kept if version.released]
    if not released:
        return ()
    comparison = Comparison(pinned, released)
    since = pinned.versions[released[-1].number :]
    approved = {name for version in since for name in version.approved}
    findings: list[Finding] = []
    for category, rules in RULES.items():
        if category not in categories:
            continue
        for rule in rules:
            if rule.RULE.name not in approved:
                try:
                    findings += rule.check(comparison)
                except OverBudget:
                    findings.append(not_proved(pinned.saga, rule.RULE))
        if findings and category is Category.STORED:
            break  # where bits mean other things, nothing that they say can be compared
    return tuple(findings)


def breaking_since(
    pinned: Pinned, lock: str | None, categories: Collection[str]
) -> tuple[Finding, ...]:
    """What the newest version breaks for who relies on those in a lock file.

    The last released one is what counts; a lock file without any breaks nothing.
    """
    if lock is None:
        return ()
    kept = Source(f"{pinned.saga.source.path}.lock", lock)
    versions, wrong = read_lock(kept, pinned.saga.name)
    if versions is None:
        return wrong
    return find_breaking(pinned, versions.versions, categories)


def approve(pinned: Pinned, rule: str, reason: str) -> Pinned | str:
    """The saga with a rule's findings approved for its draft, or why not."""
    known = [module.RULE.name for rules in RULES.values() for module in rules]
    if rule not in known:
        return f"there is no rule `{rule}`; there are {', '.join(known)}"
    latest = pinned.latest
    if latest.released:
        return f"version {latest.number} is released, and there is no draft"
    latest = latest._replace(approved={**latest.approved, rule: reason})
    return pinned._replace(versions=(*pinned.versions[:-1], latest))
