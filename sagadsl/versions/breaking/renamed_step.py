"""SAGA631: a member of `Step` in the emitted module that has another name now."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.diagnostics import Finding, Rule
from sagadsl.versions.breaking.comparison import Comparison

RULE = Rule("SAGA631", "renamed-step")


def check(comparison: Comparison) -> Iterator[Finding]:
    """That code which names a step still finds it."""
    now = {rule.step: rule.name for rule in comparison.new.rows.rules}
    for rule in comparison.old.rows.rules:
        new = now.get(rule.step, rule.name)
        if new != rule.name and not rule.round:
            yield RULE.finding(
                f"`Step.{rule.name.upper()}` is `Step.{new.upper()}` now",
                comparison.span(rule.step),
                f"was `{rule.name}`",
                why="code that names the step by its old name no longer type-checks or"
                " runs",
                help="change the code with the saga and approve this, or keep the name",
            )
