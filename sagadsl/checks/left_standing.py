"""SAGA309: an end in failure that leaves standing what an abort would take back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sagadsl.checks._words import few, listed
from sagadsl.diagnostics import Finding, Label, Rule, Severity
from sagadsl.model import Saga, Step, Transition
from sagadsl.rows import causal

RULE = Rule("SAGA309", "left-standing", Severity.WARNING)


def check(saga: Saga) -> Iterator[Finding]:
    """That no row ends in failure while effects stand, whichever way it was come to."""
    effects = [
        name
        for name in saga.compensations
        if name in saga.actions and saga.actions[name].performed
    ]
    if not effects:
        return
    bits = {name: 1 << number for number, name in enumerate(effects)}
    told: set[str] = set()
    for step, before, after in _standing(saga, bits):
        row = step.transition
        for states, standing in ((row.otherwise, before), (row.targets, after)):
            ends = [s for s in states if saga.states[s].kind == "final failure"]
            if ends and standing and row.action not in told:
                told.add(row.action)
                names = [name for name in effects if bits[name] & standing]
                failed = states is row.otherwise
                yield _finding(saga, step, ends[0], names, failed=failed)


def _standing(saga: Saga, bits: Mapping[str, int]) -> Iterator[tuple[Step, int, int]]:
    """Each step with the effects that surely stand before it, and once it is done.

    What has no compensation and is performed may be there to take effects back, so
    nothing surely stands after it.
    """
    everything = (1 << len(bits)) - 1
    stands = {
        name: 0 if state.kind == "initial" else everything
        for name, state in saga.states.items()
    }
    stands |= {place: everything for place in saga.places if place not in saga.states}
    for step in causal(saga.steps):
        before = everything
        for group in step.sources:
            joined = 0
            for place in group:
                joined |= stands[place]
            before &= joined
        name = step.transition.action
        action = saga.action(name)
        after = before | bits.get(name, 0)
        if name not in bits and (action.effect or action.pivot):
            after = 0
        for places, standing in ((step.targets, after), (step.otherwise, before)):
            for place in places:
                stands[place] &= standing
        yield step, before, after


def _finding(
    saga: Saga, step: Step, end: str, names: list[str], *, failed: bool
) -> Finding:
    row = step.transition
    when = f"a failure of `{row.action}`" if failed else f"`{row.action}`"
    return RULE.finding(
        f"{when} ends the process in `{end}` and leaves {listed(names)} standing",
        row.name_span,
        "ends it as it is, without compensation",
        why="compensations run when a process is aborted; a final state is an end,"
        " whatever stands by then",
        help=_help(saga, row, failed=failed),
        others=few(
            Label(saga.compensations[name].span, "runs in an abort only")
            for name in names
        ),
    )


def _help(saga: Saga, row: Transition, *, failed: bool) -> str:
    if failed:
        return "leave out the `else`: then the failure aborts the process"
    on_the_way = (
        "lead the row to a state from which an action that is performed takes it back"
    )
    if row.trigger.delay or "system" in row.trigger.actors:
        return on_the_way
    if saga.abort:
        return f"ask for `{saga.abort.name}` instead; or\n{on_the_way}"
    by = row.trigger.text or "by user"
    return f"write `abort {row.action} {by}` instead of the row; or\n{on_the_way}"
