"""SAGA614: a released version that is not what it was, or is gone."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.diagnostics import Finding, Rule
from sagadsl.versions.breaking.comparison import Comparison

RULE = Rule("SAGA614", "edited-version")


def check(comparison: Comparison) -> Iterator[Finding]:
    """That every version which was released is still here, with the same meaning."""
    here = {v.number: v.digest for v in comparison.versions if v.released}
    for version in comparison.released:
        if here.get(version.number) != version.digest:
            gone = version.number not in here
            yield RULE.finding(
                f"released version {version.number} is"
                f" {'gone' if gone else 'another one now'}",
                comparison.saga.name_span,
                "not in the lock file" if gone else "its digest has changed",
                why="records that were begun with it are judged by it for ever",
                help="restore the lock file from version control, and build again",
            )
