"""What makes a saga wrong though every name in it is right: one rule, one file."""

from __future__ import annotations

from sagadsl.checks import (
    broken_property,
    compensation_as_step,
    contradiction,
    cycle,
    dead_end,
    doubt,
    failing_scenario,
    final,
    former_name,
    idle_compensation,
    idle_timer,
    improper_completion,
    initial,
    late_deadline,
    late_timer,
    leaves_final,
    left_standing,
    loop,
    name_clash,
    needless_else,
    never_final,
    never_happens,
    nondeterminism,
    not_proved,
    overlap,
    pivot,
    stuck,
    undo,
    unperformed,
    unreachable,
    waits_for_person,
)
from sagadsl.diagnostics import Finding
from sagadsl.model import Saga
from sagadsl.proofs import OverBudget, Proof

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
    (late_timer.check, idle_timer.check, left_standing.check),
)

# What holds of all records that a run can lead to. The first asks that bits tell what
# happened, on which all the others build; what is stuck may be so for what came before.
PROOFS = (
    (overlap, nondeterminism),
    (improper_completion,),
    (stuck,),
    (never_happens, never_final, undo, idle_compensation),
    (broken_property, failing_scenario, waits_for_person, late_deadline),
)


def check_saga(saga: Saga) -> tuple[Finding, ...]:
    """What is wrong with a saga, in the order of its text.

    A phase is asked only if those before it found no error: one cause, one finding.
    """
    findings: list[Finding] = []
    for phase in PHASES:
        findings.extend(finding for check in phase for finding in check(saga))
        if _stops(findings):
            break
    else:
        findings.extend(_prove(saga))
    return tuple(sorted(findings, key=lambda finding: finding.span.start))


def _prove(saga: Saga) -> list[Finding]:
    """What some run of the saga shows to be wrong."""
    proof = Proof(saga)
    findings: list[Finding] = []
    for phase in PROOFS:
        for module in phase:
            try:
                findings.extend(module.check(saga, proof))
            except OverBudget:
                return [*findings, not_proved.not_proved(saga, module.RULE)]
        if _stops(findings):
            break
    return findings


def _stops(findings: list[Finding]) -> bool:
    return any(finding.is_error for finding in findings)
