"""SAGA621: records in flight that no run of the new version leads to."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.diagnostics import Finding, Rule
from sagadsl.versions.breaking.comparison import Comparison

RULE = Rule("SAGA621", "refused-record")


def check(comparison: Comparison) -> Iterator[Finding]:
    """That every record of the old version that goes on may do so in the new one."""
    pair = comparison.pair
    run = pair.find(pair.refused, pair.in_flight)
    if run is None:
        return
    yield RULE.finding(
        f"version {comparison.new.number} refuses records of version"
        f" {comparison.old.number} that are in flight",
        comparison.blamed(run.record),
        comparison.why_refused(run.record),
        why="a process that has come so far can only be judged by its own version, and"
        " cannot move to the new one",
        help="let processes end on their own version and approve this, or declare what"
        f" an upgrade waives: `upgrades {{ from {comparison.old.number} waive … }}`",
        run=run.moves,
    )
