"""SAGA501: alternatives, or producers of a state, that do not exclude each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sagadsl.checks._words import few, listed
from sagadsl.diagnostics import Finding, Label, Rule
from sagadsl.model import Saga, State, Step, Transition
from sagadsl.proofs import Proof, Run

RULE = Rule("SAGA501", "overlap")


def check(saga: Saga, proof: Proof) -> Iterator[Finding]:
    """That bits tell which way a step was taken and how a state was reached."""
    if proof.one_at_a_time:
        return
    blamed: set[str] = set()
    several = {
        step: _left_behind(step, proof) for step in saga.steps if step.sources[1:]
    }
    for step, run in proof.each(several):
        if step.transition.action not in blamed:
            blamed.add(step.transition.action)
            yield _alternatives(saga, step, run)
    producers: dict[str, list[tuple[Step, int]]] = {}
    for step in saga.steps:
        lanes = proof.of(step)
        for place in step.targets:
            producers.setdefault(place, []).append((step, lanes.done))
        for place in step.otherwise:
            producers.setdefault(place, []).append((step, lanes.failed))
    twice = {
        place: proof.two_of(literal for _, literal in found)
        for place, found in producers.items()
        if len(found) > 1 and not _have_one_source(step for step, _ in found)
    }
    for place, run in proof.each(twice):
        state = saga.states[saga.places[place]]
        if state.name not in blamed:
            blamed.add(state.name)
            begun = proof.steps_in(run.record.begun)
            rows = [
                step.transition
                for step in begun
                if place in (*step.targets, *step.otherwise)
            ]
            yield _producers(state, rows, run)


def _have_one_source(steps: Iterable[Step]) -> bool:
    """Whether each of the steps takes one same state, whichever way it begins."""
    return bool(set.intersection(*(set(way) for s in steps for way in s.sources)))


def _left_behind(step: Step, proof: Proof) -> int:
    """Whether the step may begin one way while a state of another way is held too."""
    ways = [frozenset(way) for way in step.sources]
    if all(len(way) == 1 for way in ways):
        return proof.two_of(proof.held(way) for way in ways)
    return proof.solver.any_of(
        proof.held({*way, place})
        for way in ways
        for place in sorted(frozenset().union(*ways) - way)
    )


def _alternatives(saga: Saga, step: Step, run: Run) -> Finding:
    row = step.transition
    places = dict.fromkeys(place for way in step.sources for place in way)
    held = [saga.places[place] for place in places if place in run.held]
    return RULE.finding(
        f"`{row.action}` can begin in more than one way at once",
        row.span,
        f"{listed(held)} can be held together",
        why="its one bit does not tell which way was taken, so what stays behind in the"
        " other would be lost",
        help="let the alternatives exclude each other, join them with `&`, or give each"
        " a row of its own",
        run=run.moves,
    )


def _producers(state: State, found: Sequence[Transition], run: Run) -> Finding:
    rows = list(dict.fromkeys(found))
    rounds = len(rows) == 1
    return RULE.finding(
        f"`{state.name}` can be reached twice",
        state.span,
        f"by {listed([row.action for row in rows])} in"
        + (" two rounds of" if rounds else "")
        + " one run",
        why="a process comes to a state once, and its bits do not tell how often it"
        " has been there",
        help="begin the next round only when all branches of the last have been joined"
        if rounds
        else "lead each row to a state of its own and join them with `&`, or let the"
        " rows exclude each other",
        others=few(Label(row.name_span, "leads here") for row in rows),
        run=run.moves,
    )
