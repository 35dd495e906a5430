"""Which changes break what, by who is hurt: one rule, one file.

The categories go from what must never happen to what a search and replace mends; each
is judged between two versions, of which the older one is released.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from sagadsl.diagnostics import Finding
from sagadsl.model import Pinned, Version
from sagadsl.versions.breaking import (
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

__all__ = ["RULES", "Category", "find_breaking"]


class Category(StrEnum):
    """Who is hurt: records at rest, processes in flight, or code that is compiled."""

    STORED = "STORED"
    RUNNING = "RUNNING"
    SOURCE = "SOURCE"


RULES = {
    Category.STORED: (moved_step, other_aggregate, outgrown_record),
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
    pinned: Pinned, old: Version, new: Version, categories: Collection[Category]
) -> tuple[Finding, ...]:
    """What the newer of two versions breaks, in the order of the categories."""
    comparison = Comparison(pinned, old, new)
    return tuple(
        finding
        for category, rules in RULES.items()
        if category in categories and old.digest != new.digest
        for rule in rules
        for finding in rule.check(comparison)
    )
