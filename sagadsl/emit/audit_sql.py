"""The audit of a log as one query: windows, bit operations and constants."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sagadsl.emit.jinja import render
from sagadsl.machine.guards import Guards
from sagadsl.machine.plans import Plan
from sagadsl.model import Pinned, Version
from sagadsl.sql import MARKS, NOTES, OF_ALL, OF_STEPS, event_guard

# Of bits up to this one a sum stays within 64 bits, however often a row comes again.
_HIGHEST_ALONE = 31
_IN_DOUBT = "control < 2 AND (begun & ~done & ~closed & bit) <> 0"


def emit_audit_sql(pinned: Pinned) -> str:
    """The text of `<saga>.audit.sql`, for all versions."""
    names = {
        rule.step: rule.name
        for version in pinned.versions
        for rule in version.rows.rules
    }
    return render(
        "audit.sql.jinja",
        name=pinned.saga.name,
        steps=[_Step(step, 1 << step, name) for step, name in sorted(names.items())],
        lanes=list(_lanes(max(names))),
        notes=_quoted((*MARKS, *NOTES)),
        events=_quoted(("", *OF_STEPS, *OF_ALL)),
        versions=[_version(version) for version in pinned.versions],
    )


class _Step(NamedTuple):
    position: int
    bit: int
    name: str


class _VersionView(NamedTuple):
    number: int
    positions: str
    allowed: list[str]


def _version(version: Version) -> _VersionView:
    guards = Guards.of(version.table())
    plans = sorted(guards.plans)
    allowed = list(_allowed(guards, plans))
    return _VersionView(version.number, _positions(plans), allowed)


def _allowed(guards: Guards, plans: list[Plan]) -> Iterator[str]:
    """The rows that may be, each a condition."""
    for plan in plans:
        begin = event_guard(guards, "begin", plan)
        yield f"event IN ('', 'begin') AND step = {plan.rule.step} AND {begin}"
    yield f"event = 'done' AND {_IN_DOUBT}"
    if fallible := _positions(plan for plan in plans if plan.fallible):
        yield f"event = 'fail' AND step IN ({fallible}) AND {_IN_DOUBT}"
    for plan in plans:
        if plan.undo:
            undo = event_guard(guards, "undo", plan)
            yield f"event = 'undo' AND step = {plan.rule.step} AND {undo}"
    waived = {waiver.bit for waiver in guards.waivers}
    if waivable := _positions(plan for plan in plans if plan.bit in waived):
        fresh = "((begun | done) & bit) = 0"
        after = f"event_before IN ({_quoted(('upgrade', 'waive'))})"
        yield f"event = 'waive' AND step IN ({waivable}) AND {fresh} AND {after}"
    for kind in OF_ALL:
        yield f"event = '{kind}' AND {event_guard(guards, kind, None)}"


def _lanes(highest: int) -> Iterator[str]:
    """What sums up each lane, in two halves if it is long."""
    for lane in ("begun", "done", "closed", "control"):
        if highest <= _HIGHEST_ALONE or lane == "control":
            yield f"{_sum(f'adds_{lane}')} AS {lane}"
        else:
            low, high = _sum(f"adds_{lane} & 4294967295"), _sum(f"adds_{lane} >> 32")
            yield f"(({high} & 2147483647) << 32) | ({low} & 4294967295) AS {lane}"


def _sum(words: str) -> str:
    return f"CAST(COALESCE(SUM({words}) OVER past, 0) AS BIGINT)"


def _positions(plans: Iterable[Plan]) -> str:
    return ", ".join(str(int(plan.rule.step)) for plan in plans)


def _quoted(words: Iterable[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)
