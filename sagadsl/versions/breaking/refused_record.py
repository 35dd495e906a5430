"""SAGA621: records in flight that no run of the new version leads to."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.diagnostics import Finding, Rule
from sagadsl.machine import Record
from sagadsl.machine import Waive as WaiveRow
from sagadsl.machine.plans import Plan
from sagadsl.model import Version, Waive
from sagadsl.proofs import OverBudget
from sagadsl.proofs.pair import Pair
from sagadsl.proofs.run import Run
from sagadsl.versions.breaking.comparison import Comparison
from sagadsl.versions.upgrade import check_upgrades

RULE = Rule("SAGA621", "refused-record")
MOST_LINES = 8


def check(comparison: Comparison) -> Iterator[Finding]:
    """That every record of the old version that goes on may do so in the new one."""
    run = _refused(comparison.pair)
    if run is None:
        return
    blamed = _blamed(comparison.new, run.record, comparison.old.number)
    yield RULE.finding(
        f"version {comparison.new.number} refuses records of version"
        f" {comparison.old.number} that are in flight",
        comparison.span(blamed.rule.step) if blamed else comparison.saga.name_span,
        comparison.why_refused(run.record),
        why="a process that has come so far can only be judged by its own version, and"
        " cannot move to the new one",
        help=_help(comparison),
        run=run.moves,
    )


def _refused(pair: Pair) -> Run | None:
    """A shortest run to a refused record, unless another rule tells of its cause.

    Where that is not found out within the budget, it is told twice.
    """
    any_run = pair.find(pair.refused, pair.in_flight)
    if any_run is None:
        return None
    try:
        run = pair.find(pair.refused, pair.in_flight, -pair.past_loss)
        return run or (None if pair.ever(pair.lost) else any_run)
    except OverBudget:
        return any_run


def _blamed(new: Version, record: Record, old: int) -> Plan | None:
    """The first step for which a record of an older version is refused.

    What an upgrade waives is looked at as if it had been performed.
    """
    machine = new.machine()
    record = machine.moved(record, old)
    record = record._replace(begun=record.begun | record.done)
    seen = 0
    for plan in machine.guards.plans:
        seen |= plan.bit
        lanes = (record.begun & seen, record.done & seen, record.closed & seen)
        if machine.why_invalid(Record(*lanes, record.control)):
            return plan
    return None


def _help(comparison: Comparison) -> str:
    end = "let processes end on their own version and approve this"
    try:
        waives = _waives(comparison)
    except OverBudget:
        waives = ()
    if not waives:
        return end
    steps = " and ".join(dict.fromkeys(f"`{waive.action}`" for waive in waives))
    lines = ", ".join(f"from {w[0]} waive {w[1]} when {w[2]}" for w in waives)
    write = f"add `{lines}` to `upgrades`"
    if not comparison.saga.waives:
        write = f"write `upgrades {{ {lines} }}`"
    return f"if they may go on without {steps}, {write}; else {end}"


def _waives(comparison: Comparison) -> tuple[Waive, ...]:
    """What an upgrade has to waive so that none is refused; empty if none does."""
    old, pinned, new = comparison.old, comparison.pinned, comparison.new
    waives: dict[WaiveRow, Waive] = {}
    while len(waives) <= MOST_LINES:
        rows = new.rows._replace(waives=(*new.rows.waives, *waives))
        waiving = new._replace(rows=rows)
        run = _refused(Pair(old, waiving))
        if run is None:
            return tuple(waives.values())
        found = [row for row in _lacks(old, waiving, run.record) if row not in waives]
        span = comparison.saga.name_span
        waives |= {row: Waive(*row, span) for row in found}
        saga = comparison.saga._replace(waives=tuple(waives.values()))
        if not found or list(check_upgrades(pinned._replace(saga=saga))):
            return ()
    return ()


def _lacks(old: Version, new: Version, record: Record) -> Iterator[WaiveRow]:
    """The new steps that a refused record has passed by, as what to waive."""
    blamed = _blamed(new, record, old.number)
    if blamed is None:
        return
    waived = {w.action: w.when for w in new.rows.waives if w.version == old.number}
    when = waived.get(blamed.rule.action, blamed.rule.action)
    plans = new.machine().guards.plans
    known = {rule.step for rule in old.rows.rules}
    record = new.machine().moved(record, old.number)
    failed = record.closed & ~record.done
    passed = [blamed]
    for plan in passed:
        missing = min(
            (
                [p for p in way.places if not p.reached(record.done, failed)]
                for way in plan.alternatives
            ),
            key=len,
        )
        for place in missing:
            passed += [
                maker
                for maker in plans
                if place.producers & maker.bit and maker.rule.step not in known
            ][:1]
    for plan in reversed(passed[1:]):
        yield WaiveRow(old.number, plan.rule.action, when)
