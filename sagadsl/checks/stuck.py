"""SAGA504: a record from which no event leads on, though it is not the end."""

from __future__ import annotations

from collections.abc import Iterator

from sagadsl.checks._plain import steps_after_pivot
from sagadsl.checks._words import few, listed, pivot_labels
from sagadsl.diagnostics import Finding, Label, Rule
from sagadsl.machine import Event, Kind, Refused
from sagadsl.model import Saga, Step
from sagadsl.proofs import Proof, Run

RULE = Rule("SAGA504", "stuck")
MOST = 5


def check(saga: Saga, proof: Proof) -> Iterator[Finding]:
    """That every process can go on until it is at an end or is given up.

    A request to abort does not count: nobody should have to call off what hangs.
    """
    if proof.one_at_a_time and not _may_fail_late(saga):
        return
    formula = proof.formula
    gives_up = proof.solver.all_of((formula.given_up, -formula.past_pivot))
    still = [-formula.in_doubt, -formula.busy, -formula.at_end(), -gives_up]
    for _ in range(MOST):
        run = proof.find(*still)
        if run is None:
            return
        failed = proof.steps_in(run.record.closed & ~run.record.done)
        dead = [step for step in failed if not step.otherwise]
        if dead:
            for step in dead:
                rounds = proof.rounds(step.transition.action)
                still += [-lanes.failed for lanes in rounds]
            yield _failed(saga, dead[0], run)
        else:
            ends = [p for p, s in saga.places.items() if saga.states[s].kind]
            held = [place for place in run.held if place not in ends]
            for place in held:
                copies = proof.states(saga.places[place])
                still += [-formula.held[copy] for copy in copies]
            yield _waiting(saga, held, proof, run)


def _may_fail_late(saga: Saga) -> bool:
    """Whether a step can fail past a pivot, with nothing that leads on from there."""
    late = steps_after_pivot(saga)
    return any(
        step.name in late
        and not step.otherwise
        and saga.action(step.transition.action).effect
        and not saga.action(step.transition.action).cannot_fail
        for step in saga.steps
    )


def _failed(saga: Saga, step: Step, run: Run) -> Finding:
    row = step.transition
    return RULE.finding(
        f"`{row.action}` can fail after the pivot, and nothing leads on from there",
        row.name_span,
        "neither `else` nor `cannot fail`",
        why="past the point of no return the process cannot be aborted, so it would be"
        " stuck",
        help="add `else` and a state to the row, or `cannot fail` to the action so that"
        " it is tried until it succeeds",
        others=pivot_labels(saga),
        run=run.moves,
    )


def _waiting(saga: Saga, held: list[str], proof: Proof, run: Run) -> Finding:
    names = dict.fromkeys(saga.places[place] for place in held)
    states = [saga.states[name] for name in names]
    waiting = [
        step
        for step in saga.steps
        if any(place in held for way in step.sources for place in way)
    ]
    rows = {step.transition.action: step.transition for step in waiting}
    reasons = [_reason(proof, step, run) for step in waiting[:2]]
    return RULE.finding(
        f"a process can be stuck in {listed([state.name for state in states])}",
        states[0].span,
        "; ".join(reasons) or "nothing leads on from here",
        why="nothing more can happen to it, and it is not at an end",
        help="lead a row on from here for this case, or join only branches that are"
        " always taken together",
        others=few(Label(row.name_span, "waits for ever") for row in rows.values()),
        run=run.moves,
    )


def _reason(proof: Proof, step: Step, run: Run) -> str:
    """Why a step does not begin, in the words of the machine."""
    event = Event(Kind.BEGIN, proof.position(step))
    try:
        proof.machine.apply(run.record, event)
    except Refused as refused:
        return refused.reason
    raise AssertionError(f"{step.name} can begin")
