"""SAGA511: a question that the solver did not answer within its budget."""

from __future__ import annotations

from sagadsl.diagnostics import Finding, Rule
from sagadsl.model import Saga

RULE = Rule("SAGA511", "not-proved")


def not_proved(saga: Saga, rule: Rule) -> Finding:
    """That nothing is known, which is not the same as that nothing is wrong."""
    return RULE.finding(
        f"`{rule.name}` is neither proved nor refuted within the budget",
        saga.name_span,
        f"{len(saga.steps)} steps that depend on each other in too many ways",
        why="what is not proved may be wrong, and silence would say that it is right",
        help="join and split the branches in fewer places, or divide the saga in two",
    )
