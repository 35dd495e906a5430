"""Whole records as SQL: which are valid, which event leads from one to the next, and
which may move to another version.

As in the guards, what is written here are integers and operators only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sagadsl.sql.guards import (
    ABORTING,
    FALSE,
    FINISHED,
    LANES,
    TRUE,
    Columns,
    all_of,
    any_of,
    event_guard,
    finish_guard,
    none,
    reached,
    some,
)

if TYPE_CHECKING:
    from sagadsl.machine.guards import Guards
    from sagadsl.machine.plans import Plan, Waiver

BEFORE, AFTER = "OLD.", "NEW."


def valid_guard(guards: Guards, prefix: str = "") -> str:
    """Whether some run leads to a record, as `Machine.is_valid_record` says."""
    say = Columns(prefix)
    known = f"({say.begun} | {say.done} | {say.closed}) & ~{guards.steps}"
    waived = _waived(guards.waivers, say.begun)
    orphans = f"(({say.done} & ~{waived}) | {say.closed}) & ~{say.begun}"
    parts = [
        f"({known}) = 0",
        none(say.control, ~(ABORTING | FINISHED)),
        f"({orphans}) = 0",
    ]
    seen = 0
    for plan in guards.plans:
        parts.append(_begun_rightly(plan, seen, say))
        parts.append(_closed_rightly(plan, say))
        seen |= plan.bit
    aborts = [none(say.control, ABORTING), none(say.running, guards.pivots)]
    ends = finish_guard(guards, say, f"({say.control} & {ABORTING})")
    parts.append(any_of(aborts))
    parts.append(any_of([none(say.control, FINISHED), ends]))
    return all_of(parts)


def move_guard(guards: Guards) -> str:
    """Whether the lanes of OLD and NEW are the same or one event may lead from one to
    the other. That no lane falls is to be known.
    """
    say = Columns(BEFORE)
    ways = dict.fromkeys(LANES, FALSE)
    ways["begun"] = _case(
        _added("begun"),
        {0: TRUE}
        | {p.bit: event_guard(guards, "begin", p, BEFORE) for p in guards.plans},
    )
    ways["done"] = _of_doubt("done", guards.steps, say)
    fallible = sum(plan.bit for plan in guards.plans if plan.fallible)
    undo = {
        p.bit: event_guard(guards, "undo", p, BEFORE) for p in guards.plans if p.undo
    }
    ways["closed"] = any_of(
        [_of_doubt("closed", fallible, say), _case(_added("closed"), undo)]
    )
    ends = {
        ABORTING: event_guard(guards, "abort", None, BEFORE),
        FINISHED: event_guard(guards, "finish", None, BEFORE),
    }
    ways["control"] = _case(_added("control"), ends)
    whens = (
        f"WHEN {all_of(_same(other) for other in LANES if other != lane)} THEN {way}"
        for lane, way in ways.items()
    )
    return f"CASE {' '.join(whens)} ELSE {FALSE} END"


def upgrade_guard(old_version: int, old: Guards, new: Guards) -> str:
    """Whether OLD, of one version, may become NEW, of another, as `upgrade` says."""
    waivers = [waiver for waiver in new.waivers if waiver.version == old_version]
    waived = f" | ({_waived(waivers, 'OLD.begun')} & ~OLD.begun)" if waivers else ""
    moved = ["NEW.begun = OLD.begun", f"NEW.done = (OLD.done{waived})"]
    moved += [_same("closed"), _same("control")]
    return all_of(
        [
            *moved,
            valid_guard(old, BEFORE),
            valid_guard(new, AFTER),
            _loses_nothing(old, new, Columns(AFTER)),
        ]
    )


def by_version(cases: Mapping[int, str], column: str = "version") -> str:
    """What holds in the version that a column tells; nothing does in an unknown one."""
    return _case(column, cases)


def _waived(waivers: Sequence[Waiver], begun: str) -> str:
    """The bits of the steps that are waived where others have begun."""
    bits = (
        f"CASE WHEN {some(begun, waiver.causes)} THEN {waiver.bit} ELSE 0 END"
        for waiver in waivers
    )
    return f"({' | '.join(bits)})" if waivers else "0"


def _begun_rightly(plan: Plan, seen: int, say: Columns) -> str:
    """That a step, if it is begun or waived, could begin after those seen before."""
    ways = (
        all_of(
            [
                none(say.taken, alternative.rivals & seen),
                *(reached(place, say, seen) for place in alternative.places),
            ]
        )
        for alternative in plan.alternatives
    )
    return any_of([none(say.taken, plan.bit), any_of(ways)])


def _closed_rightly(plan: Plan, say: Columns) -> str:
    """That a step, if it is closed, has failed or was undone in its turn."""
    ways = [none(say.closed, plan.bit)]
    if plan.fallible:
        ways.append(none(say.done, plan.bit))
    if plan.undo:
        known = TRUE if plan.undo_in_doubt else some(say.done, plan.bit)
        due = some(say.control, ABORTING)
        ways.append(all_of([due, known, none(say.running, plan.after)]))
    return any_of(ways)


def _loses_nothing(old: Guards, new: Guards, say: Columns) -> str:
    """That nothing goes on after its end, happens twice or is left standing."""
    plans = {plan.bit: plan for plan in new.plans}
    twice = lost = lost_in_doubt = 0
    for before in old.plans:
        plan = plans.get(before.bit)
        if plan is None:
            continue
        if (before.how, plan.how) == ("once", "idempotent"):
            twice |= plan.bit
        if before.undo and not plan.undo:
            lost |= plan.bit
        if before.undo_in_doubt and not plan.undo_in_doubt:
            lost_in_doubt |= plan.bit
    at_end = f"NOT ({finish_guard(old, say)})"
    return all_of(
        [
            any_of([f"{say.control} <> 0", at_end, finish_guard(new, say)]),
            none(say.doubt, twice),
            any_of(
                [
                    all_of([none(say.running, lost), none(say.doubt, lost_in_doubt)]),
                    some(say.running, new.pivots),
                ]
            ),
        ]
    )


def _of_doubt(lane: str, steps: int, say: Columns) -> str:
    """That one of these steps was in doubt, and is not any more by a bit of a lane."""
    added = _added(lane)
    return all_of(
        [
            f"{say.control} < {FINISHED}",
            f"({added} & ~({say.doubt} & {steps})) = 0",
            f"({added} & ({added} - 1)) = 0",
        ]
    )


def _added(lane: str) -> str:
    return f"({AFTER}{lane} & ~{BEFORE}{lane})"


def _same(lane: str) -> str:
    return f"{AFTER}{lane} = {BEFORE}{lane}"


def _case(value: str, cases: Mapping[int, str]) -> str:
    """What holds of the first value that fits, and nothing of any other."""
    if not cases:
        return FALSE
    whens = " ".join(f"WHEN {key} THEN {guard}" for key, guard in cases.items())
    return f"CASE {value} {whens} ELSE {FALSE} END"
