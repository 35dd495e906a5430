"""What makes a saga wrong though every name in it is right: one rule, one file."""

from __future__ import annotations

from sagadsl.checks import (
    compensation_as_step,
    contradiction,
    cycle,
    dead_end,
    doubt,
    final,
    former_name,
    idle_compensation,
    idle_timer,
    initial,
    late_timer,
    leaves_final,
    left_standing,
    loop,
    name_clash,
    needless_else,
    no_way_forward,
    pivot,
    undo,
    unperformed,
    unreachable,
)
from sagadsl.diagnostics import Finding, Severity
from sagadsl.model import Saga

__all__ = ["PHASES", "check_saga"]

# What names and clauses say; what a row or a rule says by itself; then where a process
# can come, which asks for one beginning and no cycles; then what it does on its way,
# which asks that it gets there.
PHASES = (
    (name_clash.check, former_name.check, contradiction.check),
    (
        initial.check,
        final.check,
        leaves_final.check,
        cycle.check,
        loop.check,
        doubt.check,
        pivot.check,
        compensation_as_step.check,
        needless_else.check,
        unperformed.check,
    ),
    (unreachable.check, dead_end.check),
    (
        late_timer.check,
        idle_timer.check,
        undo.check,
        no_way_forward.check,
        idle_compensation.check,
        left_standing.check,
    ),
)


def check_saga(saga: Saga) -> tuple[Finding, ...]:
    """What is wrong with a saga, in the order of its text.

    A phase is asked only if those before it found no error: one cause, one finding.
    """
    findings: list[Finding] = []
    for phase in PHASES:
        findings.extend(finding for check in phase for finding in check(saga))
        if any(f.rule.severity is Severity.ERROR for f in findings):
            break
    return tuple(sorted(findings, key=lambda finding: finding.span.start))
